namespace Millrace.State.RocksDb.Cache;

/// <summary>
/// The bytes that the object caches of a process may take together. A cache may grow as long as there is room; when there is none, it may grow up to
/// its fair share, and those that have more than theirs give back.
/// </summary>
/// <remarks>Safe for use by several threads.</remarks>
internal sealed class MemoryBudget(long limit)
{
    // What a cache may take beyond the limit while a checkpoint keeps it from writing changed entries out, as a divisor of the limit.
    private const int Overdraft = 4;

    private long _used;
    private int _caches;

    public long Limit => limit;

    /// <summary>How many bytes are taken.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>Whether more is taken than there is: caches with more than their fair share should shrink.</summary>
    public bool IsOverdrawn => Used > limit;

    /// <summary>What each cache may have in any case.</summary>
    public long FairShare => limit / Math.Max(1, Volatile.Read(ref _caches));

    public void Join() => Interlocked.Increment(ref _caches);

    /// <summary>A cache ends.</summary>
    /// <param name="held">What it had taken.</param>
    public void Leave(long held)
    {
        Interlocked.Decrement(ref _caches);
        Interlocked.Add(ref _used, -held);
    }

    /// <summary>Asks for bytes.</summary>
    /// <param name="bytes">How many.</param>
    /// <param name="held">What the cache has taken already.</param>
    /// <returns>Whether it may have them; they are taken then.</returns>
    public bool TryTake(long bytes, long held)
    {
        if (Used + bytes > limit && held + bytes > FairShare)
        {
            return false;
        }

        Interlocked.Add(ref _used, bytes);
        return true;
    }

    /// <summary>Asks for bytes beyond the limit, for as long as a checkpoint is written to the store.</summary>
    public bool TryOverdraw(long bytes)
    {
        if (Used + bytes > limit + (limit / Overdraft))
        {
            return false;
        }

        Interlocked.Add(ref _used, bytes);
        return true;
    }

    /// <summary>Takes bytes that cannot be done without, or gives back.</summary>
    public void Take(long bytes) => Interlocked.Add(ref _used, bytes);
}
