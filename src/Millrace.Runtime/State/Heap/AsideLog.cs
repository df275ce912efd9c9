using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Millrace.Runtime.State.Heap;

/// <summary>
/// What was put aside of a state for one snapshot, of all key groups in the order in which it came. One log and not one a group: the processor fetches memory ahead of a single
/// stream of writes, but not ahead of a hundred, and then each entry waited for memory.
/// </summary>
/// <remarks>The subtask adds; the thread that writes the snapshot reads what it has seen the number of.</remarks>
/// <param name="slots">How many slots the state has: each is put aside once at most.</param>
/// <param name="memory">Where segments come from.</param>
internal sealed class AsideLog<TKey, TNamespace, TValue>(long slots, AsideSegments<TKey, TNamespace, TValue> memory)
{
    // A sixteenth of the slots where that is less than a whole segment.
    private readonly int _shift = BitOperations.Log2((uint)Math.Clamp(slots / 16, 8, AsideSegments<TKey, TNamespace, TValue>.MaxLength));
    private AsideEntry<TKey, TNamespace, TValue>[]?[]? _segments;
    private int _count;

    /// <summary>Adds a copy of an entry.</summary>
    /// <param name="slot">Where it stands in its group.</param>
    /// <param name="next">The number of the entry that was added before it and is of the same block; 0 for none.</param>
    /// <param name="entry">The entry.</param>
    /// <returns>Its number, from 1.</returns>
    public int Add(int slot, int next, in HeapEntry<TKey, TNamespace, TValue> entry)
    {
        int number = _count++;
        var segments = _segments ??= new AsideEntry<TKey, TNamespace, TValue>[]?[(slots >> _shift) + 1];
        var segment = segments[number >> _shift] ??= memory.Rent(1 << _shift);
        ref var place = ref segment[number & ((1 << _shift) - 1)];
        place.Slot = slot;
        place.Next = next;
        place.Content = entry;
        return number + 1;
    }

    public ref readonly AsideEntry<TKey, TNamespace, TValue> this[int number] => ref Place(number);

    /// <summary>Asks for an entry's memory, so that it is there when the entry is read. For 0 it does nothing.</summary>
    public void Prefetch(int number)
    {
        if (number != 0)
        {
            CacheLine.PrefetchAll(ref Place(number));
        }
    }

    /// <summary>
    /// Gives the memory back; nobody reads it any more. The subtask may be adding an entry just now, and write into a segment that is given back: nobody else takes it
    /// before that is over, because only the subtask does.
    /// </summary>
    public void Release()
    {
        if (_segments is { } segments)
        {
            memory.Return(segments);
        }
    }

    // No length is read: it stands before the segment's entries, in memory that would have to be waited for too.
    private ref AsideEntry<TKey, TNamespace, TValue> Place(int number)
    {
        var segment = _segments![(number - 1) >> _shift]!;
        return ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(segment), (number - 1) & ((1 << _shift) - 1));
    }
}
