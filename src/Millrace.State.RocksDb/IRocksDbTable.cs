using Millrace.State.RocksDb.Cache;
using Millrace.State.RocksDb.Snapshots;

namespace Millrace.State.RocksDb;

/// <summary>What the backend sees of a table, whatever its types.</summary>
internal interface IRocksDbTable<TKey> : IDisposable
{
    StoredState State { get; }

    /// <summary>How many entries there are.</summary>
    long Count { get; }

    /// <summary>The state as it is now.</summary>
    StoredState Freeze();

    /// <summary>Says which entries may leave the store because they have expired.</summary>
    void LetExpire();

    /// <summary>Adds what has to be written of each key group that was changed since the last epoch that is in the store.</summary>
    void Freeze(List<FrozenGroup> groups);

    /// <summary>Called when an epoch has begun.</summary>
    void EpochBegan();

    /// <summary>Adds all dirty entries to the session's batch and writes it.</summary>
    void WriteDirty();

    /// <summary>Fetches the entries of keys that are not in the cache, where they are found by key alone.</summary>
    void PrefetchKeys(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes);

    /// <summary>Adapts the size of the cache to what entries take now and to what others need.</summary>
    void Rebalance();
}
