using Millrace.State.RocksDb.Cache;
using Millrace.State.RocksDb.Snapshots;

namespace Millrace.State.RocksDb;

/// <content>Freezing, and writing what is dirty.</content>
internal sealed partial class RocksDbTable<TKey, TNamespace, TValue>
{
    public StoredState Freeze() => State with
    {
        Counts = [.. _groups.Select(group => group is null ? 0 : group.Outside + group.Present)],
        Horizon = _expiry?.Ttl.Cleanup.HasFlag(StateTtlCleanup.Snapshots) == true ? _expiry.Horizon : null,
    };

    public void LetExpire()
    {
        if (_expiry?.Ttl.Cleanup.HasFlag(StateTtlCleanup.Background) == true)
        {
            _session.Store.Expiry.LetExpire(State.Id, _expiry.Horizon);
        }
    }

    public void Freeze(List<FrozenGroup> groups)
    {
        // A walk that was given up would keep the files that it reads.
        CloseWalks();
        uint flushed = _session.Flushed;
        for (int index = 0; index < _groups.Length; index++)
        {
            if (_groups[index] is { } group && group.LastChanged > flushed)
            {
                group.Frozen = new FrozenGroup<TKey, TNamespace, TValue>(_codec, _firstGroup + index, group.Slots, flushed, _session.Epoch);
                groups.Add(group.Frozen);
            }
        }
    }

    public void EpochBegan() => _hot = EntryFlags.Referenced | _session.Epoch;

    public void WriteDirty()
    {
        uint flushed = _session.Flushed;
        for (int index = 0; index < _groups.Length; index++)
        {
            if (_groups[index] is not { } group || group.LastChanged <= flushed)
            {
                continue;
            }

            foreach (ref var slot in group.Slots.AsSpan())
            {
                if (slot.Stored != 0 && (slot.Flags & EntryFlags.EpochMask) > flushed)
                {
                    WriteChange(index, in slot);

                    // Clean from here on; what was removed is gone.
                    slot.Flags = (slot.Flags & EntryFlags.Absent) != 0
                        ? slot.Flags & (EntryFlags.Absent | EntryFlags.Referenced)
                        : (slot.Flags & EntryFlags.Referenced) | EntryFlags.InStore;
                }
            }

            group.LastChanged = 0;
        }

        _session.WriteBatch();
    }
}
