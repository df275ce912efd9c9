namespace Millrace.State;

/// <summary>
/// How long a keyed state lives that nobody uses: its time to live. Time is processing time, the clock of the machine. A value expires as a whole; of a list each element, and of a map each
/// entry, by itself.
/// </summary>
/// <remarks>
/// The time of the last use is kept beside each value, in eight bytes, and goes into every snapshot; the time to live does not, so that a job that is restored with another one holds what it finds to that.
/// Time to live can be added to a state, and removed from it, when a job is restored: what was kept without counts as used at the moment of the restore, and what is kept without from now on
/// stays for good.
/// </remarks>
/// <example>
/// <code>
/// var seen = new ValueStateDescriptor&lt;bool&gt;("seen") { Ttl = new StateTtl(TimeSpan.FromHours(24)) };
/// </code>
/// </example>
/// <seealso href="https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/datastream/fault-tolerance/state/#state-time-to-live-ttl">Flink: State Time-To-Live</seealso>
public sealed record StateTtl
{
    /// <summary>Describes a time to live.</summary>
    /// <param name="timeToLive">How long, from the last use on. At least a millisecond; parts of one do not count.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is shorter than a millisecond.</exception>
    public StateTtl(TimeSpan timeToLive)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeToLive, TimeSpan.FromMilliseconds(1));
        TimeToLive = timeToLive;
    }

    /// <summary>How long, from the last use on.</summary>
    public TimeSpan TimeToLive { get; }

    /// <summary>What counts as a use. Default: <see cref="StateTtlUpdate.OnCreateAndWrite"/>.</summary>
    public StateTtlUpdate Update { get; init; } = StateTtlUpdate.OnCreateAndWrite;

    /// <summary>Whether something that has expired can still be seen. Default: <see cref="StateTtlVisibility.NeverReturnExpired"/>.</summary>
    public StateTtlVisibility Visibility { get; init; } = StateTtlVisibility.NeverReturnExpired;

    /// <summary>How what has expired is removed when nobody asks for it. Default: all that there is.</summary>
    public StateTtlCleanup Cleanup { get; init; } = StateTtlCleanup.Background | StateTtlCleanup.Snapshots;

    /// <summary>
    /// How many entries the heap backend looks at for each use of the state, to remove what has expired. Default: 2, with which even state that is never used twice has at most half as many entries
    /// again as there are live ones. At least 1. With <see cref="StateTtlCleanup.Background"/> only; a backend that
    /// removes in another way does not look at it.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive.</exception>
    public int CleanupSize
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            field = value;
        }
    }

    = 2;
}

/// <summary>What counts as a use of state with a time to live.</summary>
public enum StateTtlUpdate
{
    /// <summary>Creating and writing. A reference to a value that can be written counts as writing.</summary>
    OnCreateAndWrite,

    /// <summary>Reading as well. It makes a write of every read.</summary>
    OnReadAndWrite,
}

/// <summary>Whether state that has expired can still be seen.</summary>
public enum StateTtlVisibility
{
    /// <summary>Never: it is as if it were not there.</summary>
    NeverReturnExpired,

    /// <summary>As long as it has not been removed, which may be at any time. Reading it does not bring it back to life; writing does.</summary>
    ReturnExpiredIfNotCleanedUp,
}

/// <summary>How state that has expired is removed when nobody asks for it. Where it is asked for and may not be seen, it is removed in any case.</summary>
[Flags]
public enum StateTtlCleanup
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>While the job runs: the heap backend looks at a few entries with each use of the state, the RocksDB backend leaves entries out when it compacts its files.</summary>
    Background = 1,

    /// <summary>Snapshots in the canonical format are written without: all savepoints, and all checkpoints of the heap backend. What runs is not changed by it.</summary>
    Snapshots = 2,
}
