namespace Millrace.Checkpointing;

/// <summary>When checkpoints are taken, how, and where they are kept. The defaults are Apache Flink's where it has one, and safe elsewhere.</summary>
public sealed class CheckpointOptions
{
    /// <summary>How often a checkpoint begins. <see langword="null"/>: only when asked for (<c>JobClient.TriggerCheckpointAsync</c>), and one at the end.</summary>
    /// <value>At least 1 ms. Default: <see langword="null"/>, as in Flink.</value>
    public TimeSpan? Interval { get; set; }

    /// <summary>Where checkpoints are kept. Setting it turns fault tolerance on: without a storage nothing survives the process, and a failed job stays failed.</summary>
    /// <value>Default: <see langword="null"/>.</value>
    public CheckpointStorage? Storage { get; set; }

    /// <summary>The name under which the job's checkpoints are kept in the storage, and under which a new start of the job finds them.</summary>
    /// <value>Letters, digits, <c>-</c>, <c>_</c> and <c>.</c>. Default: the name of the job, where it has only small letters, digits, <c>-</c> and <c>_</c>; otherwise what is like it, and a hash of it.</value>
    public string? JobId { get; set; }

    /// <summary>Whether barriers are aligned.</summary>
    /// <value>Default: <see cref="CheckpointMode.ExactlyOnce"/>.</value>
    public CheckpointMode Mode { get; set; }

    /// <summary>After how long a checkpoint that is not complete is given up.</summary>
    /// <value>Default: 10 minutes, as in Flink.</value>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The least time between the end of a checkpoint and the beginning of the next.</summary>
    /// <value>Default: zero, as in Flink.</value>
    public TimeSpan MinPause { get; set; }

    /// <summary>How many checkpoints may be under way at once.</summary>
    /// <value>1 to 100; 1 where barriers overtake, and with <see cref="CheckpointMode.AtLeastOnce"/>. Default: 1.</value>
    public int MaxConcurrent { get; set; } = 1;

    /// <summary>How many checkpoints in a row may fail before the job does.</summary>
    /// <value>At least 0. Default: 0, as in Flink.</value>
    public int TolerableFailures { get; set; }

    /// <summary>Whether barriers overtake the records in front of them, which then become part of the checkpoint.</summary>
    /// <value>Default: <see langword="false"/>. Needs <see cref="CheckpointMode.ExactlyOnce"/>.</value>
    public bool Unaligned { get; set; }

    /// <summary>After how long, counted from the beginning of the checkpoint, a barrier that is still waited for overtakes; zero for never. Has no effect with <see cref="Unaligned"/>.</summary>
    /// <value>Default: zero, as in Flink.</value>
    public TimeSpan AlignedTimeout { get; set; }

    /// <summary>How often checkpoints are taken while a source works off a backlog; zero: none. <see langword="null"/>: as always.</summary>
    /// <value>Not less than <see cref="Interval"/>, or zero. Default: <see langword="null"/>.</value>
    public TimeSpan? IntervalDuringBacklog { get; set; }

    /// <summary>How many completed checkpoints are kept.</summary>
    /// <value>At least 1. Default: 2, one more than in Flink: where the last one turns out damaged, the one before it is used.</value>
    public int Retained { get; set; } = 2;

    /// <summary>What becomes of the checkpoints of a job that ends without having finished.</summary>
    /// <value>Default: <see cref="CheckpointRetention.RetainOnCancellation"/>: a process that is stopped goes on where it was when it is started again.</value>
    public CheckpointRetention Retention { get; set; }

    /// <summary>State up to this size goes into the manifest and not into a file of its own.</summary>
    /// <value>0 to 1,048,576 bytes. Default: 20 KiB, as in Flink.</value>
    public int InlineThreshold { get; set; } = 20 * 1024;

    /// <summary>
    /// Whether a new start of the job goes on from its latest completed checkpoint in <see cref="Storage"/>, or from the savepoint that it was stopped with. Where not, the checkpoints that it finds
    /// are removed when it has completed one of its own.
    /// </summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool RestoreLatest { get; set; } = true;

    /// <summary>
    /// Whether a job that has finished is run again, from its beginning, when it is started with the same <see cref="JobId"/> and <see cref="Storage"/>. Otherwise it ends at once as finished: a process that
    /// is killed between the end of its job and its own, and is started again, must not write everything twice.
    /// </summary>
    /// <value>Default: <see langword="false"/>. What the sinks do with what the earlier run has written is decided by their options, as for any job that begins anew.</value>
    public bool RunFinishedAgain { get; set; }

    /// <summary>
    /// A savepoint or checkpoint to start from. Used only where <see cref="RestoreLatest"/> finds no checkpoint of the job itself. Goes before the savepoint that the job was stopped with, unless the
    /// run that was stopped had been told the same.
    /// </summary>
    /// <value>Default: <see langword="null"/>.</value>
    public RestoreOptions? RestoreFrom { get; set; }

    // All bytes of a checkpoint up to this size are read before a job starts from it; above, damage shows while state is loaded, and the job falls back then.
    internal long VerifiedAtOpening { get; set; } = 64L << 20;

    internal bool IsEnabled => Storage is not null;

    /// <summary>Whether barriers may overtake records, which are then written.</summary>
    internal bool CanOvertake => IsEnabled && (Unaligned || AlignedTimeout > TimeSpan.Zero);

    internal CheckpointOptions Clone() => (CheckpointOptions)MemberwiseClone();

    internal void Validate()
    {
        if (Storage is null)
        {
            Refuse(Interval is null, $"{nameof(Interval)} is {Interval}, but there is no {nameof(Storage)} to keep checkpoints in.");
            Refuse(!RunFinishedAgain, $"{nameof(RunFinishedAgain)} is set, but there is no {nameof(Storage)} that could say that the job has finished.");
            Refuse(RestoreFrom is null, $"{nameof(RestoreFrom)} is set, but there is no {nameof(Storage)} to read it from.");
            return;
        }

        Refuse(Interval is null || Interval >= TimeSpan.FromMilliseconds(1), $"{nameof(Interval)} is {Interval}; it must be at least 1 ms.");
        Refuse(Timeout >= TimeSpan.FromMilliseconds(1), $"{nameof(Timeout)} is {Timeout}; it must be at least 1 ms.");
        Refuse(MinPause >= TimeSpan.Zero, $"{nameof(MinPause)} is {MinPause}; it must not be negative.");
        Refuse(MaxConcurrent is >= 1 and <= 100, $"{nameof(MaxConcurrent)} is {MaxConcurrent}; it must be between 1 and 100.");
        Refuse(TolerableFailures >= 0, $"{nameof(TolerableFailures)} is {TolerableFailures}; it must not be negative.");
        Refuse(AlignedTimeout >= TimeSpan.Zero, $"{nameof(AlignedTimeout)} is {AlignedTimeout}; it must not be negative.");
        Refuse(Retained >= 1, $"{nameof(Retained)} is {Retained}; at least 1 checkpoint is kept.");
        Refuse(InlineThreshold is >= 0 and <= 1 << 20, $"{nameof(InlineThreshold)} is {InlineThreshold}; it must be between 0 and {1 << 20}.");
        bool overtakes = Unaligned || AlignedTimeout > TimeSpan.Zero;
        Refuse(!overtakes || Mode == CheckpointMode.ExactlyOnce, $"Barriers that overtake ({nameof(Unaligned)}, {nameof(AlignedTimeout)}) need {nameof(Mode)} {CheckpointMode.ExactlyOnce}.");
        Refuse(!overtakes || MaxConcurrent == 1, $"Barriers that overtake ({nameof(Unaligned)}, {nameof(AlignedTimeout)}) need {nameof(MaxConcurrent)} 1, and it is {MaxConcurrent}.");
        Refuse(
            Mode == CheckpointMode.ExactlyOnce || MaxConcurrent == 1,
            $"{nameof(Mode)} {CheckpointMode.AtLeastOnce} needs {nameof(MaxConcurrent)} 1, and it is {MaxConcurrent}: one barrier at a time is followed through inputs that do not wait.");
        Refuse(
            IntervalDuringBacklog is not { } backlog || backlog == TimeSpan.Zero || backlog >= (Interval ?? TimeSpan.Zero),
            $"{nameof(IntervalDuringBacklog)} is {IntervalDuringBacklog}; it must be zero, or not less than {nameof(Interval)}, {Interval}.");
        Refuse(JobId is null || IsName(JobId), $"{nameof(JobId)} is '{JobId}'; it may have letters, digits, '-', '_' and '.', and must not begin with a '.'.");
    }

    internal static bool IsName(string name) => name.Length is > 0 and <= 200 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private static void Refuse(bool holds, string message)
    {
        if (!holds)
        {
            throw new GraphException("MR1009", $"{nameof(CheckpointOptions)}: {message}");
        }
    }
}

/// <summary>What a checkpoint promises about state.</summary>
public enum CheckpointMode
{
    /// <summary>State is as if every record had been processed once: an input waits for the others' barriers.</summary>
    ExactlyOnce,

    /// <summary>No input waits, so records behind a barrier may be part of the state, and are processed again after a failure.</summary>
    AtLeastOnce,
}

/// <summary>What becomes of the checkpoints of a job that is cancelled. Those of a job that finished are removed, those of one that failed are kept.</summary>
public enum CheckpointRetention
{
    /// <summary>They are kept, and the next start of the job goes on from the last.</summary>
    RetainOnCancellation,

    /// <summary>They are removed.</summary>
    DeleteOnCancellation,
}
