namespace Millrace.State.Backends;

/// <summary>
/// When the entries of a table with a time to live expire. A backend may remove entries that have expired, whenever it likes: those who use the table look at the times themselves.
/// </summary>
/// <typeparam name="TValue">The type of the table's values.</typeparam>
/// <remarks>Safe for use by several threads.</remarks>
public abstract class StateExpiry<TValue>
{
    /// <summary>Creates it.</summary>
    /// <param name="ttl">The time to live.</param>
    /// <param name="clock">The clock of the job.</param>
    protected StateExpiry(StateTtl ttl, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(ttl);
        ArgumentNullException.ThrowIfNull(clock);
        Ttl = ttl;
        TimeToLive = (long)ttl.TimeToLive.TotalMilliseconds;
        Clock = clock;
    }

    /// <summary>The time to live, with what belongs to it.</summary>
    public StateTtl Ttl { get; }

    /// <summary>The clock of the job.</summary>
    public TimeProvider Clock { get; }

    /// <summary>The time to live in milliseconds.</summary>
    public long TimeToLive { get; }

    /// <summary>The time in milliseconds since 1970.</summary>
    public long Now => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>What was last used at this time, in milliseconds since 1970, or before has expired now.</summary>
    public long Horizon => Now - TimeToLive;

    /// <summary>When a value, or the part of it that was used last, was last used.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The time in milliseconds since 1970.</returns>
    public abstract long LastUse(in TValue value);

    /// <summary>Whether all of a value has expired.</summary>
    /// <param name="value">The value.</param>
    /// <param name="horizon">What <see cref="Horizon"/> was.</param>
    /// <returns>Whether the entry may be removed.</returns>
    public virtual bool IsExpired(in TValue value, long horizon) => LastUse(in value) <= horizon;
}
