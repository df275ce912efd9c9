using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.State.RocksDb.Cache;
using Millrace.State.RocksDb.Storage;

namespace Millrace.State.RocksDb;

/// <content>What happens when an entry is not in the cache, or not in the state in which it can just be handed out.</content>
internal sealed partial class RocksDbTable<TKey, TNamespace, TValue>
{
    // A filter that has seen so many more keys than there are is made anew, from the keys that are in the store.
    private const int StaleFilter = 4;

    private readonly ByteBuffer _fetchKeys = new();

    // Over all groups: entries in the cache, and entries in the store alone.
    private long _present;
    private long _outside;

    /// <summary>Before anything changes in a group: what a checkpoint has to read there is taken out of it.</summary>
    private static void Thaw(CacheGroup<TKey, TNamespace, TValue> group)
    {
        if (group.Frozen is { } frozen)
        {
            frozen.Detach();
            group.Frozen = null;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ref TValue GetOrAddSlowly(
        int index,
        scoped in TKey key,
        ulong hash,
        uint stored,
        scoped in TNamespace ns,
        ref CacheEntry<TKey, TNamespace, TValue> found,
        out bool existed)
    {
        var group = GroupAt(index);
        Thaw(group);
        if (!Unsafe.IsNullRef(ref found))
        {
            existed = (found.Flags & EntryFlags.Absent) == 0;
            MarkChanged(group, ref found);
            if (!existed)
            {
                Appear(group);
            }

            return ref found.Value;
        }

        existed = TryLoad(group, index, in key, hash, in ns, out var value);
        ref var slot = ref Insert(group, index, in key, stored, in ns);
        group.LastChanged = _session.Epoch;
        if (existed)
        {
            slot.Flags = _hot | EntryFlags.InStore;
            slot.Value = value!;
            MoveIn(group);
        }
        else
        {
            slot.Flags = _hot;
            Appear(group);
        }

        return ref slot.Value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ref TValue FindSlowly(int index, scoped in TKey key, ulong hash, uint stored, scoped in TNamespace ns, ref CacheEntry<TKey, TNamespace, TValue> found)
    {
        found = ref Look(index, in key, hash, stored, in ns, ref found);
        if (Unsafe.IsNullRef(ref found))
        {
            return ref Unsafe.NullRef<TValue>();
        }

        var group = _groups[index]!;
        Thaw(group);
        MarkChanged(group, ref found);
        return ref found.Value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ref TValue PeekSlowly(int index, scoped in TKey key, ulong hash, uint stored, scoped in TNamespace ns, ref CacheEntry<TKey, TNamespace, TValue> found)
    {
        found = ref Look(index, in key, hash, stored, in ns, ref found);
        if (Unsafe.IsNullRef(ref found))
        {
            return ref Unsafe.NullRef<TValue>();
        }

        return ref found.Value;
    }

    /// <summary>Finds an entry that is there, in the cache or in the store; a null reference where there is none.</summary>
    private ref CacheEntry<TKey, TNamespace, TValue> Look(
        int index, scoped in TKey key, ulong hash, uint stored, scoped in TNamespace ns, ref CacheEntry<TKey, TNamespace, TValue> found)
    {
        if (!Unsafe.IsNullRef(ref found))
        {
            found.Flags |= EntryFlags.Referenced;
            return ref (found.Flags & EntryFlags.Absent) == 0 ? ref found : ref Unsafe.NullRef<CacheEntry<TKey, TNamespace, TValue>>();
        }

        if (_groups[index] is not { Outside: > 0 } group || !MayBeOutside(group, hash, in ns))
        {
            return ref Unsafe.NullRef<CacheEntry<TKey, TNamespace, TValue>>();
        }

        bool existed = TryLoad(group, index, in key, hash, in ns, out var value);
        return ref Keep(group, index, in key, stored, in ns, existed, value);
    }

    /// <summary>Puts what the store has said into the cache. That there is nothing is kept as well: it was asked for in vain once.</summary>
    private ref CacheEntry<TKey, TNamespace, TValue> Keep(
        CacheGroup<TKey, TNamespace, TValue> group, int index, scoped in TKey key, uint stored, scoped in TNamespace ns, bool existed, TValue? value)
    {
        Thaw(group);
        ref var slot = ref Insert(group, index, in key, stored, in ns);
        if (!existed)
        {
            slot.Flags = EntryFlags.Absent | EntryFlags.Referenced;
            return ref Unsafe.NullRef<CacheEntry<TKey, TNamespace, TValue>>();
        }

        slot.Flags = EntryFlags.Referenced | EntryFlags.InStore;
        slot.Value = value!;
        MoveIn(group);
        return ref slot;
    }

    public override bool Remove(scoped in TKey key, ulong hash, scoped in TNamespace ns)
    {
        int index = IndexOf(hash);
        uint stored = Combine(hash, in ns);
        ref var found = ref Search(_slots[index], in key, stored, in ns);
        found = ref Look(index, in key, hash, stored, in ns, ref found);
        if (Unsafe.IsNullRef(ref found))
        {
            return false;
        }

        var group = _groups[index]!;
        Thaw(group);
        group.Present--;
        _present--;
        if ((found.Flags & EntryFlags.EpochMask) == _session.Epoch && (found.Flags & EntryFlags.InStore) == 0)
        {
            // Made in this epoch: nobody but the cache has ever heard of it.
            nint offset = Unsafe.ByteOffset(ref MemoryMarshal.GetArrayDataReference(group.Slots), ref found);
            group.RemoveAt((int)(offset / Unsafe.SizeOf<CacheEntry<TKey, TNamespace, TValue>>()));
        }
        else
        {
            MarkChanged(group, ref found);
            found.Flags |= EntryFlags.Absent;
            found.Value = default!;
        }

        return true;
    }

    public override void Clear()
    {
        _session.AwaitCanWrite();
        var (start, end) = StoreKey.BoundsOf(_codec.State, _session.Range);
        _session.Store.DeleteRange(start, end);
        for (int index = 0; index < _groups.Length; index++)
        {
            if (_groups[index] is { } group)
            {
                Take(-(SizeOf(group.Slots.Length) + (group.Filter?.Size ?? 0)));
                _groups[index] = null;
                _slots[index] = NoSlots;
            }
        }

        CloseWalks();
        _present = 0;
        _outside = 0;
    }

    // An entry that was changed in an earlier epoch is in the store or about to be, so that its removal has to get there too.
    private void MarkChanged(CacheGroup<TKey, TNamespace, TValue> group, ref CacheEntry<TKey, TNamespace, TValue> entry)
    {
        uint flags = entry.Flags;
        uint changed = flags & EntryFlags.EpochMask;
        uint inStore = changed != 0 && changed != _session.Epoch ? EntryFlags.InStore : flags & EntryFlags.InStore;
        entry.Flags = _hot | inStore;
        group.LastChanged = _session.Epoch;
    }

    private void Appear(CacheGroup<TKey, TNamespace, TValue> group)
    {
        group.Present++;
        _present++;
    }

    private void MoveIn(CacheGroup<TKey, TNamespace, TValue> group)
    {
        group.Present++;
        group.Outside--;
        _present++;
        _outside--;
    }

    private void MoveOut(CacheGroup<TKey, TNamespace, TValue> group)
    {
        group.Present--;
        group.Outside++;
        _present--;
        _outside++;
    }

    private bool MayBeOutside(CacheGroup<TKey, TNamespace, TValue> group, ulong hash, scoped in TNamespace ns) =>
        group.Outside > 0 && (group.IsFilterUnknown || (group.Filter is { } filter && filter.MayContain(FullHash(hash, in ns))));

    private bool TryLoad(CacheGroup<TKey, TNamespace, TValue> group, int index, scoped in TKey key, ulong hash, scoped in TNamespace ns, out TValue? value)
    {
        value = default;
        if (!MayBeOutside(group, hash, in ns))
        {
            return false;
        }

        var buffer = _session.Scratch;
        buffer.Clear();
        _codec.WriteKey(buffer, _firstGroup + index, in key, in ns);
        using var pinned = _session.Store.Get(buffer.Written);
        if (!pinned.IsFound)
        {
            return false;
        }

        value = _codec.ReadValue(pinned.Bytes);
        return true;
    }

    private ref CacheEntry<TKey, TNamespace, TValue> Insert(CacheGroup<TKey, TNamespace, TValue> group, int index, scoped in TKey key, uint stored, scoped in TNamespace ns)
    {
        if (group.Occupied >= CacheGroup<TKey, TNamespace, TValue>.LimitOf(group.Slots.Length))
        {
            MakeRoom(group, index);
        }

        group.Occupied++;
        ref var slot = ref CacheGroup<TKey, TNamespace, TValue>.FreeSlot(group.Slots, stored);
        slot.Stored = stored;
        slot.Key = key;
        slot.Namespace = ns;
        return ref slot;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Fetch(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes, in TNamespace ns)
    {
        int[] wanted = ArrayPool<int>.Shared.Rent(2 * keys.Length);
        var found = ArrayPool<PinnedValue>.Shared.Rent(keys.Length);
        try
        {
            var ends = wanted.AsSpan(keys.Length);
            int count = 0;
            _fetchKeys.Clear();
            for (int i = 0; i < keys.Length; i++)
            {
                int index = IndexOf(hashes[i]);
                if (_groups[index] is not { } group)
                {
                    continue;
                }

                ref var there = ref Search(group.Slots, in keys[i], Combine(hashes[i], in ns), in ns);
                if (!Unsafe.IsNullRef(ref there))
                {
                    // It must not be gone again when its turn comes.
                    there.Flags |= EntryFlags.Referenced;
                }
                else if (MayBeOutside(group, hashes[i], in ns))
                {
                    _codec.WriteKey(_fetchKeys, _firstGroup + index, in keys[i], in ns);
                    wanted[count] = i;
                    ends[count++] = _fetchKeys.Count;
                }
            }

            if (count == 0)
            {
                return;
            }

            _session.Store.MultiGet(_fetchKeys.Written, ends[..count], found);
            KeepAll(keys, hashes, in ns, wanted.AsSpan(0, count), found);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(wanted);
            ArrayPool<PinnedValue>.Shared.Return(found);
        }
    }

    private void KeepAll(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes, in TNamespace ns, ReadOnlySpan<int> wanted, ReadOnlySpan<PinnedValue> found)
    {
        int i = 0;
        try
        {
            for (; i < wanted.Length; i++)
            {
                using var pinned = found[i];
                ref readonly var key = ref keys[wanted[i]];
                int index = IndexOf(hashes[wanted[i]]);
                uint stored = Combine(hashes[wanted[i]], in ns);
                var group = _groups[index]!;

                // A key may be among them twice.
                if (Unsafe.IsNullRef(ref Search(group.Slots, in key, stored, in ns)))
                {
                    Keep(group, index, in key, stored, in ns, pinned.IsFound, pinned.IsFound ? _codec.ReadValue(pinned.Bytes) : default);
                }
            }
        }
        catch
        {
            // A value that cannot be read, or a store that cannot be written when room is made: what comes behind it keeps its blocks from being freed.
            for (i++; i < wanted.Length; i++)
            {
                found[i].Dispose();
            }

            throw;
        }
    }

    /// <summary>Counts the keys of a group that are in the store into a new filter: the old one had too many that are gone.</summary>
    private void RenewFilter(CacheGroup<TKey, TNamespace, TValue> group, int index)
    {
        var filter = new AbsenceFilter();
        long outside = 0;
        using (var walk = _session.Store.Iterate(StoreKey.StartOf(_codec.State, _firstGroup + index), StoreKey.StartOf(_codec.State, _firstGroup + index + 1)))
        {
            while (walk.MoveNext())
            {
                _codec.ReadKey(walk.Key, out var key, out var ns);
                ulong hash = _keyHasher.Hash(key);
                filter.Add(FullHash(hash, in ns));
                outside += Unsafe.IsNullRef(ref Search(group.Slots, in key, Combine(hash, in ns), in ns)) ? 1 : 0;
            }
        }

        if (_expiry is not null)
        {
            // Too many where a search ends at a hole that an eviction has left; never too few, so that nobody takes for gone what is there.
            _outside += outside - group.Outside;
            group.Counted(outside);
        }

        Take(filter.Size - (group.Filter?.Size ?? 0));
        group.Filter = filter;
        group.IsFilterUnknown = false;
        Debug.Assert(group.Outside <= filter.Added * 2 + 64, "entries in the store are not in it");
    }
}
