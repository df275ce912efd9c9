using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.Serialization;

namespace Millrace.Runtime.State.Heap;

/// <summary>
/// One key group of a state: an open-addressing table with linear probing, deletion by shifting back, and as many slots as a power of two.
/// </summary>
/// <remarks>
/// Invariant: an entry stands in its home slot or in the unbroken run of full slots after it. While <see cref="IsShared"/>, a snapshot reads
/// the slots: nothing may be written, and whoever wants to write works on a <see cref="Clone"/>.
/// </remarks>
internal sealed class HeapGroup<TKey, TNamespace, TValue>
{
    public const int MinCapacity = 8;

    private HeapEntry<TKey, TNamespace, TValue>[] _slots;
    private int _count;

    // Entries were removed this often since it was last looked whether the table is too large, and there were at most so many meanwhile.
    private int _removals;
    private int _peak;
    private int _snapshots;

    public HeapGroup(int capacity = MinCapacity)
        : this(new HeapEntry<TKey, TNamespace, TValue>[capacity], count: 0)
    {
    }

    private HeapGroup(HeapEntry<TKey, TNamespace, TValue>[] slots, int count)
    {
        _slots = slots;
        _count = count;
    }

    public int Count => _count;

    public HeapEntry<TKey, TNamespace, TValue>[] Slots
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _slots;
    }

    // A volatile read: what the writer of the snapshot read before it let go must not be seen to happen after our write.
    public bool IsShared
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(ref _snapshots) != 0;
    }

    public void Share() => Interlocked.Increment(ref _snapshots);

    public void Unshare()
    {
        int left = Interlocked.Decrement(ref _snapshots);
        Debug.Assert(left >= 0, "a key group was released more often than it was frozen");
    }

    /// <summary>How many slots keep <paramref name="count"/> entries below the load at which a table grows.</summary>
    public static int CapacityFor(int count)
    {
        int capacity = MinCapacity;
        while (LimitOf(capacity) < count)
        {
            capacity = checked(capacity * 2);
        }

        return capacity;
    }

    /// <summary>A copy for the subtask to go on with. Values that could be changed in place are copied too; the snapshot keeps the originals.</summary>
    public HeapGroup<TKey, TNamespace, TValue> Clone(TypeSerializer<TValue> values)
    {
        // Not cleared first: this runs on the subtask's thread while records wait.
        var slots = GC.AllocateUninitializedArray<HeapEntry<TKey, TNamespace, TValue>>(_slots.Length);
        Array.Copy(_slots, slots, slots.Length);
        if (!values.IsImmutable)
        {
            foreach (ref var slot in slots.AsSpan())
            {
                if (slot.Stored != 0)
                {
                    slot.Value = values.Copy(slot.Value);
                }
            }
        }

        return new HeapGroup<TKey, TNamespace, TValue>(slots, _count) { _removals = _removals, _peak = _peak };
    }

    /// <summary>Takes a free slot for an entry that is not there yet.</summary>
    public ref HeapEntry<TKey, TNamespace, TValue> Add(uint stored)
    {
        if (_count >= LimitOf(_slots.Length))
        {
            Resize(checked(_slots.Length * 2));
        }

        _count++;
        ref var slot = ref FreeSlot(_slots, stored);
        slot.Stored = stored;
        return ref slot;
    }

    /// <summary>Empties a slot and closes the gap, so that no search ends early and no reference is kept.</summary>
    public void RemoveAt(int hole)
    {
        var slots = _slots;
        int mask = slots.Length - 1;
        for (int next = (hole + 1) & mask; slots[next].Stored != 0; next = (next + 1) & mask)
        {
            // An entry may move back to the hole unless its home lies behind the hole.
            int home = (int)slots[next].Stored & mask;
            if (((next - home) & mask) >= ((next - hole) & mask))
            {
                slots[hole] = slots[next];
                hole = next;
            }
        }

        slots[hole] = default;
        _peak = Math.Max(_peak, _count);
        _count--;

        if (++_removals >= slots.Length)
        {
            ShrinkIfMostlyEmpty();
        }
    }

    // Windows empty a table and fill it again, over and over: it shrinks only when it was mostly empty for as many removals as it has slots, which
    // is longer than emptying it takes. By four, so that it is then at most half full and far from both limits.
    private void ShrinkIfMostlyEmpty()
    {
        if (_peak < _slots.Length / 8 && _slots.Length > 4 * MinCapacity)
        {
            Resize(_slots.Length / 4);
        }

        _peak = _count;
        _removals = 0;
    }

    // Runs of full slots get long towards 3/4. A limit of 1/2 was measured 1.4 ns faster for a cached hit, and costs a third more memory and
    // a third more copying while a snapshot is written.
    private static int LimitOf(int capacity) => (int)(capacity * 11L / 16);

    private static ref HeapEntry<TKey, TNamespace, TValue> FreeSlot(HeapEntry<TKey, TNamespace, TValue>[] slots, uint stored)
    {
        int mask = slots.Length - 1;
        ref var first = ref MemoryMarshal.GetArrayDataReference(slots);
        int index = (int)stored & mask;
        while (true)
        {
            ref var slot = ref Unsafe.Add(ref first, index);
            if (slot.Stored == 0)
            {
                return ref slot;
            }

            index = (index + 1) & mask;
        }
    }

    private void Resize(int capacity)
    {
        var slots = new HeapEntry<TKey, TNamespace, TValue>[capacity];
        foreach (ref var slot in _slots.AsSpan())
        {
            if (slot.Stored != 0)
            {
                FreeSlot(slots, slot.Stored) = slot;
            }
        }

        _slots = slots;
    }
}
