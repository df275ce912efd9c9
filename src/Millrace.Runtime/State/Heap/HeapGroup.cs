using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.Runtime.State.Keyed;
using Millrace.Serialization;

namespace Millrace.Runtime.State.Heap;

/// <summary>One key group of a state.</summary>
/// <remarks>
/// <para>
/// Entries without references lie in an open-addressing table with linear probing, deletion by shifting back, and as many slots as a power of two. Invariant: such an entry stands in its
/// home slot or in the unbroken run of full slots after it.
/// </para>
/// <para>
/// Entries with references (<see cref="IsDense"/>) lie in the order in which they came, and a <see cref="PlaceIndex"/> says where: so what is new lies together. A collection of the young
/// generations looks through all memory near an old entry that refers to a new object; in the order of their hashes such entries are all over the table. Invariant: an entry keeps its
/// slot until the table is resized; slots that were left are a list, and are taken again first.
/// </para>
/// <para>Snapshots read the slots while the subtask goes on: no slot is written before <see cref="Preserve"/> was called for it.</para>
/// </remarks>
internal sealed class HeapGroup<TKey, TNamespace, TValue>
{
    public const int MinCapacity = 8;

    // Copies values that can be changed in place.
    private readonly TypeSerializer<TValue> _values;
    private readonly int _number;
    private HeapEntry<TKey, TNamespace, TValue>[] _slots;
    private ulong[] _places = [];
    private int _count;

    // With so many entries it grows.
    private int _limit;

    // Only of dense groups. Slots from this one on have never been full.
    private int _used;

    // Only of dense groups. The slot that was left last, plus one; 0 for none. The others follow in the entries.
    private int _left;

    // Entries were removed this often since it was last looked whether the table is too large, and there were at most so many meanwhile.
    private int _removals;
    private int _peak;

    // Snapshots that may still read the slots.
    private FrozenGroup<TKey, TNamespace, TValue>[] _frozen = [];

    /// <param name="values">The serializer of the values.</param>
    /// <param name="number">Which key group it is.</param>
    /// <param name="capacity">How many places there are at first.</param>
    public HeapGroup(TypeSerializer<TValue> values, int number, int capacity = MinCapacity)
    {
        _values = values;
        _number = number;
        _slots = [];
        Resize(capacity);
    }

    /// <summary>Whether entries lie in the order in which they came, and not in that of their hashes.</summary>
    public static bool IsDense
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => RuntimeHelpers.IsReferenceOrContainsReferences<HeapEntry<TKey, TNamespace, TValue>>() && !(typeof(TValue).IsValueType && default(TValue) is IRarelyRefers);
    }

    public int Count => _count;

    /// <summary>Where the entries of a dense group stand.</summary>
    public ulong[] Places => _places;

    // Places for hashes: the slots themselves, or those of the index.
    private int Capacity => IsDense ? _places.Length : _slots.Length;

    public HeapEntry<TKey, TNamespace, TValue>[] Slots
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _slots;
    }

    /// <summary>Freezes the group as it is now.</summary>
    /// <param name="log">Takes what is put aside.</param>
    public FrozenGroup<TKey, TNamespace, TValue> Freeze(AsideLog<TKey, TNamespace, TValue> log)
    {
        var frozen = new FrozenGroup<TKey, TNamespace, TValue>(_slots, IsDense ? _used : _slots.Length, _count, log);
        _frozen = [.. _frozen.Where(other => !other.IsReleased), frozen];
        return frozen;
    }

    /// <summary>To be called before a slot is written, whether it is full or empty. The slot stays where it is; its value may be replaced by a copy.</summary>
    /// <param name="slot">Which slot.</param>
    /// <param name="isKept">Whether the value that is there is needed afterwards.</param>
    public void Preserve(int slot, bool isKept = true)
    {
        bool isPreserved = false;
        bool isRead = false;
        foreach (var frozen in _frozen)
        {
            isPreserved |= frozen.Preserve(slot);
            isRead |= !frozen.IsReleased;
        }

        if (!isRead)
        {
            _frozen = [];
        }

        ref var entry = ref _slots[slot];
        if (isPreserved && isKept && !_values.IsImmutable && entry.IsFull)
        {
            entry.Value = _values.Copy(entry.Value);
        }
    }

    /// <summary>Asks for what <see cref="Preserve"/> of a slot will read.</summary>
    public void PrefetchForPreserve(int slot)
    {
        foreach (var frozen in _frozen)
        {
            frozen.Prefetch(slot);
        }
    }

    /// <summary>How many places keep <paramref name="count"/> entries of a group below the load at which it grows.</summary>
    public static int CapacityFor(int count, int number)
    {
        int capacity = MinCapacity;
        while (LimitOf(capacity, number) < count)
        {
            capacity = checked(capacity * 2);
        }

        return capacity;
    }

    /// <summary>Takes a free slot for an entry that is not there yet.</summary>
    public ref HeapEntry<TKey, TNamespace, TValue> Add(uint stored)
    {
        if (_count >= _limit)
        {
            Resize(checked(Capacity * 2));
        }

        _count++;
        int index = IsDense ? TakeSlot() : FreeSlot(_slots, stored);
        if (_frozen.Length != 0)
        {
            Preserve(index);
        }

        if (IsDense)
        {
            PlaceIndex.Add(_places, stored, index);
        }

        ref var slot = ref _slots[index];
        slot.Stored = stored;
        return ref slot;
    }

    /// <summary>Empties a slot, so that no search ends early and no reference is kept.</summary>
    public void RemoveAt(int slot)
    {
        if (_frozen.Length != 0)
        {
            Preserve(slot, isKept: false);
        }

        if (IsDense)
        {
            PlaceIndex.Remove(_places, _slots[slot].Stored, slot);
            LeaveSlot(slot);
        }
        else
        {
            CloseGap(slot);
        }

        _peak = Math.Max(_peak, _count);
        _count--;

        if (++_removals >= Capacity)
        {
            ShrinkIfMostlyEmpty();
        }
    }

    private int TakeSlot()
    {
        if (_left == 0)
        {
            return _used++;
        }

        int slot = _left - 1;
        _left = (int)_slots[slot].Stored;
        return slot;
    }

    private void LeaveSlot(int slot)
    {
        _slots[slot] = default;
        _slots[slot].Stored = (uint)_left;
        _left = slot + 1;
    }

    private void CloseGap(int hole)
    {
        var slots = _slots;
        int mask = slots.Length - 1;
        bool isFrozen = _frozen.Length != 0;
        for (int next = (hole + 1) & mask; slots[next].IsFull; next = (next + 1) & mask)
        {
            // An entry may move back to the hole unless its home lies behind the hole.
            int home = (int)slots[next].Stored & mask;
            if (((next - home) & mask) >= ((next - hole) & mask))
            {
                if (isFrozen)
                {
                    // Before it moves: elsewhere it would no longer be known whether the snapshot has the same object.
                    Preserve(next);
                }

                slots[hole] = slots[next];
                hole = next;
            }
        }

        slots[hole] = default;
    }

    // Windows empty a table and fill it again, over and over: it shrinks only when it was mostly empty for as many removals as it has slots, which
    // is longer than emptying it takes. By four, so that it is then at most half full and far from both limits.
    private void ShrinkIfMostlyEmpty()
    {
        if (_peak < Capacity / 8 && Capacity > 4 * MinCapacity)
        {
            Resize(Capacity / 4);
        }

        _peak = _count;
        _removals = 0;
    }

    // Runs of full slots get long towards 3/4. A limit of 1/2 was measured 1.4 ns faster for a cached hit, and costs a third more memory and
    // a third more copying while a snapshot is written. Each group has its own limit between 9/16 and 3/4: keys are spread evenly over the groups, and with the same limit all of them would grow
    // at the same time, which stops a subtask with much state for a large part of a second. More steps than a subtask usually has groups, and neighbours far apart.
    private static int LimitOf(int capacity, int number)
    {
        const int Least = 288;
        const int Steps = 97;
        const int Whole = 512;
        const int Stride = 36;
        return (int)((long)capacity * (Least + ((long)number * Stride % Steps)) / Whole);
    }

    private static int FreeSlot(HeapEntry<TKey, TNamespace, TValue>[] slots, uint stored)
    {
        int mask = slots.Length - 1;
        ref var first = ref MemoryMarshal.GetArrayDataReference(slots);
        int index = (int)stored & mask;
        while (Unsafe.Add(ref first, index).IsFull)
        {
            index = (index + 1) & mask;
        }

        return index;
    }

    private void Resize(int capacity)
    {
        // Snapshots keep the old slots, in which nothing changes any more; the values must not be theirs too.
        bool copyValues = !_values.IsImmutable && _frozen.Any(frozen => !frozen.IsReleased);
        _limit = LimitOf(capacity, _number);
        if (IsDense)
        {
            MoveInOrder(new HeapEntry<TKey, TNamespace, TValue>[_limit], new ulong[capacity]);
        }
        else
        {
            MoveByHash(new HeapEntry<TKey, TNamespace, TValue>[capacity]);
        }

        _frozen = [];
        if (!copyValues)
        {
            return;
        }

        foreach (ref var slot in _slots.AsSpan())
        {
            if (slot.IsFull)
            {
                slot.Value = _values.Copy(slot.Value);
            }
        }
    }

    private void MoveByHash(HeapEntry<TKey, TNamespace, TValue>[] slots)
    {
        FreshPages.Touch(slots);
        foreach (ref var slot in _slots.AsSpan())
        {
            if (slot.IsFull)
            {
                slots[FreeSlot(slots, slot.Stored)] = slot;
            }
        }

        _slots = slots;
    }

    private void MoveInOrder(HeapEntry<TKey, TNamespace, TValue>[] slots, ulong[] places)
    {
        // One by one: a block that is copied at once counts as full of references to new objects, and is looked through when the young generations are collected.
        int used = 0;
        foreach (ref var slot in _slots.AsSpan(0, _used))
        {
            if (slot.IsFull)
            {
                RecordCopy<HeapEntry<TKey, TNamespace, TValue>>.Write(ref slots[used++], in slot);
            }
        }

        FreshPages.Touch(places);
        for (int slot = 0; slot < used; slot++)
        {
            PlaceIndex.Add(places, slots[slot].Stored, slot);
        }

        _slots = slots;
        _used = used;
        _places = places;
        _left = 0;
    }
}
