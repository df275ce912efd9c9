using Millrace.State.Backends;

namespace Millrace.State.RocksDb.Snapshots;

/// <summary>A state in the store.</summary>
/// <param name="Id">Its number, with which its keys begin.</param>
/// <param name="Header">Its name and shapes.</param>
/// <param name="IsWaiting">
/// Whether it is in parts of the canonical format, as it was restored: nobody has asked for it, so its serializers are not known, and where an entry ends
/// neither.
/// </param>
/// <param name="Counts">How many entries each key group has; those of the subtask, in order. For a state that is in use: when it was frozen. Of a state whose entries may expire at most as many, because a compaction does not tell what it drops.</param>
internal sealed record StoredState(ushort Id, StateHeader Header, bool IsWaiting, long[] Counts)
{
    /// <summary>Entries that were last used then or before, in milliseconds since 1970, are left out of canonical snapshots; null where there are none to leave out.</summary>
    public long? Horizon { get; init; }

    public override string ToString() => $"state '{Header.Name}'";
}
