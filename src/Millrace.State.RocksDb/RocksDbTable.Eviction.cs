using System.Numerics;
using System.Runtime.CompilerServices;
using Millrace.State.RocksDb.Cache;

namespace Millrace.State.RocksDb;

/// <content>How much of the cache there is, and what leaves it.</content>
internal sealed partial class RocksDbTable<TKey, TNamespace, TValue>
{
    private const int Samples = 16;

    // What an object costs beyond its bytes: header, type and the rounding of its members, about.
    private const int ObjectOverhead = 48;

    // The last slots that a group has left, by the logarithm of their number: the next group of the size takes them over.
    private readonly CacheEntry<TKey, TNamespace, TValue>[]?[] _spares = new CacheEntry<TKey, TNamespace, TValue>[]?[32];

    // Bytes behind the references of an entry, on average. Estimated from what entries take when they are written.
    private int _referenced = RuntimeHelpers.IsReferenceOrContainsReferences<CacheEntry<TKey, TNamespace, TValue>>() ? ObjectOverhead : 0;
    private long _held;

    // An entry that can be reached keeps a slot and a half: a table is between 34 and 69 percent full.
    private long SizeOf(int capacity) =>
        (long)capacity * Unsafe.SizeOf<CacheEntry<TKey, TNamespace, TValue>>() + (_referenced == 0 ? 0 : (long)CacheGroup<TKey, TNamespace, TValue>.LimitOf(capacity) * _referenced);

    private void Take(long bytes)
    {
        _held += bytes;
        _session.Budget.Take(bytes);
    }

    /// <summary>Makes a free slot: by growing, where the budget has room, or by letting entries go.</summary>
    private void MakeRoom(CacheGroup<TKey, TNamespace, TValue> group, int index)
    {
        var budget = _session.Budget;
        int capacity = group.Slots.Length;
        EstimateReferences(group);
        long growth = SizeOf(capacity * 2) - SizeOf(capacity);
        if (budget.TryTake(growth, _held))
        {
            _held += growth;
            Resize(group, index, capacity * 2);
            return;
        }

        int limit = CacheGroup<TKey, TNamespace, TValue>.LimitOf(capacity);
        bool mustShrink = capacity > CacheGroup<TKey, TNamespace, TValue>.MinCapacity && budget.IsOverdrawn && _held > budget.FairShare;
        int left = mustShrink ? CacheGroup<TKey, TNamespace, TValue>.LimitOf(capacity / 2) - 1 : limit - Math.Max(1, limit / 4);
        if (group.Occupied - Evict(group, index, group.Occupied - left) >= limit)
        {
            // All that is here was changed, and a checkpoint has to be written before it may be written.
            if (budget.TryOverdraw(growth))
            {
                _held += growth;
                Resize(group, index, capacity * 2);
                return;
            }

            _session.AwaitCanWrite();
            Evict(group, index, group.Occupied - left);
        }

        bool shrinks = mustShrink && group.Occupied < CacheGroup<TKey, TNamespace, TValue>.LimitOf(capacity / 2);
        if (shrinks)
        {
            Take(SizeOf(capacity / 2) - SizeOf(capacity));
        }

        Resize(group, index, shrinks ? capacity / 2 : capacity);
    }

    /// <summary>
    /// Empties the slots of entries that were not used since the last time it came past, going around at most twice. The slots have to be put in order
    /// afterwards, because a search would end at the holes.
    /// </summary>
    /// <returns>How many entries have left.</returns>
    private int Evict(CacheGroup<TKey, TNamespace, TValue> group, int index, int target)
    {
        if (group.Outside == 0)
        {
            // All of the group is here, so whatever the filter knows of is gone.
            Take(-(group.Filter?.Size ?? 0));
            group.Filter = null;
            group.IsFilterUnknown = false;
        }

        var slots = group.Slots;
        int mask = slots.Length - 1;
        int hand = group.Hand & mask;
        int evicted = 0;
        uint flushed = _session.Flushed;
        bool canWrite = _session.CanWrite;
        for (int step = 0; step < 2 * slots.Length && evicted < target; step++, hand = (hand + 1) & mask)
        {
            ref var slot = ref slots[hand];
            if (slot.Stored == 0)
            {
                continue;
            }

            if ((slot.Flags & EntryFlags.Referenced) != 0)
            {
                slot.Flags &= ~EntryFlags.Referenced;
                continue;
            }

            if ((slot.Flags & EntryFlags.EpochMask) > flushed)
            {
                if (!canWrite)
                {
                    continue;
                }

                WriteChange(index, in slot);
            }

            if ((slot.Flags & EntryFlags.Absent) == 0)
            {
                AddToFilter(group, in slot);
                MoveOut(group);
            }

            slot = default;
            evicted++;
        }

        group.Hand = hand;
        group.Occupied -= evicted;
        _session.WriteBatch();
        if ((group.Filter is { } filter && filter.Added > StaleFilter * (group.Outside + 256)) || (_expiry is not null && group.Outside > group.CountAbove))
        {
            RenewFilter(group, index);
        }

        return evicted;
    }

    private void WriteChange(int index, in CacheEntry<TKey, TNamespace, TValue> entry)
    {
        // Removed before the store ever heard of it.
        if ((entry.Flags & (EntryFlags.Absent | EntryFlags.InStore)) != EntryFlags.Absent)
        {
            _codec.WriteChange(_session.Batch, _session.Scratch, _firstGroup + index, in entry);
            _session.WriteIfLong();
        }
    }

    private void AddToFilter(CacheGroup<TKey, TNamespace, TValue> group, in CacheEntry<TKey, TNamespace, TValue> entry)
    {
        if (!group.IsFilterUnknown)
        {
            var filter = group.Filter ??= new AbsenceFilter();
            long before = filter.Size;
            filter.Add(FullHash(_keyHasher.Hash(entry.Key), in entry.Namespace));
            if (filter.Size != before)
            {
                Take(filter.Size - before);
            }
        }
    }

    private void Resize(CacheGroup<TKey, TNamespace, TValue> group, int index, int capacity)
    {
        int size = BitOperations.Log2((uint)capacity);
        var slots = _spares[size] ?? new CacheEntry<TKey, TNamespace, TValue>[capacity];
        _spares[size] = null;
        var before = group.MoveTo(slots);
        _slots[index] = slots;
        if (before.Length == capacity)
        {
            Array.Clear(before);
            _spares[size] = before;
        }
    }

    /// <summary>Measures some entries of a group, where there is anything behind them.</summary>
    private void EstimateReferences(CacheGroup<TKey, TNamespace, TValue> group)
    {
        if (!RuntimeHelpers.IsReferenceOrContainsReferences<CacheEntry<TKey, TNamespace, TValue>>() || group.Present == 0)
        {
            return;
        }

        long bytes = 0;
        int count = 0;
        var buffer = _session.Scratch;
        var slots = group.Slots;
        for (int i = 0, step = Math.Max(1, slots.Length / (2 * Samples)); i < slots.Length && count < Samples; i += step)
        {
            ref readonly var slot = ref slots[i];
            if (slot.Stored != 0 && (slot.Flags & EntryFlags.Absent) == 0)
            {
                buffer.Clear();
                _codec.WriteKey(buffer, 0, in slot.Key, in slot.Namespace);
                _codec.WriteValue(buffer, in slot.Value);
                bytes += buffer.Count;
                count++;
            }
        }

        if (count == 0)
        {
            return;
        }

        // Twice the bytes: text has two bytes a letter in memory, numbers have all of theirs, and lists have room to grow.
        int measured = ObjectOverhead + (int)Math.Min(2 * bytes / count, int.MaxValue / 4);
        if (Math.Abs(measured - _referenced) > _referenced / 4)
        {
            long before = SizeOfAll();
            _referenced = (_referenced + measured) / 2;
            Take(SizeOfAll() - before);
        }
    }

    private long SizeOfAll()
    {
        long size = 0;
        foreach (var group in _groups)
        {
            size += group is null ? 0 : SizeOf(group.Slots.Length);
        }

        return size;
    }

    public void Rebalance()
    {
        var budget = _session.Budget;
        for (int index = 0; index < _groups.Length; index++)
        {
            if (_groups[index] is not { } group)
            {
                continue;
            }

            if (index % Samples == 0)
            {
                EstimateReferences(group);
            }

            int capacity = group.Slots.Length;
            if (capacity > CacheGroup<TKey, TNamespace, TValue>.MinCapacity && budget.IsOverdrawn && _held > budget.FairShare)
            {
                int half = CacheGroup<TKey, TNamespace, TValue>.LimitOf(capacity / 2);
                Thaw(group);
                if (group.Occupied >= half)
                {
                    Evict(group, index, group.Occupied - half + 1);
                }

                bool shrinks = group.Occupied < half;
                if (shrinks)
                {
                    Take(SizeOf(capacity / 2) - SizeOf(capacity));
                }

                Resize(group, index, shrinks ? capacity / 2 : capacity);
            }
        }
    }

    public void Dispose()
    {
        CloseWalks();
        _session.Budget.Leave(_held);
        _held = 0;
    }
}
