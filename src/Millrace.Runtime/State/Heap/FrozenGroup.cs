using System.Numerics;

namespace Millrace.Runtime.State.Heap;

/// <summary>
/// The slots of a key group as they were when it was frozen. The subtask goes on with the same slots; before it changes one for the first time it puts
/// what was in it aside here, so that a change costs one entry and not a copy of the group.
/// </summary>
/// <remarks>
/// <para>
/// Two threads: the subtask calls <see cref="Preserve"/>, the writer everything else. There is no lock. The subtask puts an entry aside, then marks the slot,
/// then changes it. The writer copies a block of slots, then looks at the marks: a slot that is not marked <em>after</em> it was copied had not been changed
/// when it was, and for the others there is what was put aside. A copy that was torn is never looked at.
/// </para>
/// <para>
/// Values that can be changed in place: what is put aside is the original object, and the subtask goes on with a copy. So whichever of the two the writer got
/// hold of, nobody changes it.
/// </para>
/// </remarks>
/// <param name="slots">The slots; the subtask goes on with them.</param>
/// <param name="count">How many entries there are.</param>
/// <param name="log">Takes what is put aside, of all groups of the state.</param>
internal sealed class FrozenGroup<TKey, TNamespace, TValue>(HeapEntry<TKey, TNamespace, TValue>[] slots, int count, AsideLog<TKey, TNamespace, TValue> log)
{
    /// <summary>As many slots as a word has bits: they are marked in one word.</summary>
    public const int BlockSize = 64;

    private volatile Aside? _aside;
    private volatile bool _isReleased;

    // Slots before this one are written.
    private int _written;

    /// <summary>How many entries there are.</summary>
    public int Count => count;

    public int Blocks => (slots.Length + BlockSize - 1) / BlockSize;

    /// <summary>Whether nobody needs the entries any more.</summary>
    public bool IsReleased => _isReleased;

    /// <summary>Called by the subtask before it changes a slot, also an empty one.</summary>
    /// <returns>Whether the entry is put aside now: the snapshot owns the value, and the subtask must go on with a copy if it can change in place.</returns>
    public bool Preserve(int slot)
    {
        if (_isReleased || slot < Volatile.Read(ref _written))
        {
            return false;
        }

        var aside = _aside ?? (_aside = new Aside(slots.Length, log));
        ref ulong marks = ref aside.Marks[slot / BlockSize];
        ulong marked = marks | (1UL << (slot % BlockSize));
        if (marked == marks)
        {
            return false;
        }

        if (slots[slot].Stored != 0)
        {
            aside.Add(slot, in slots[slot]);
        }

        // Whoever sees the mark sees the entry, and whoever sees a change of the slot sees the mark. Only the order of writes matters, so there is no full barrier: it waited for
        // memory with every entry, and an update took three times as long.
        Volatile.Write(ref marks, marked);
        Volatile.WriteBarrier();
        return true;
    }

    /// <summary>Reads a block as it was when the group was frozen.</summary>
    /// <param name="block">Which one.</param>
    /// <param name="buffer">Takes it; as long as a block.</param>
    /// <returns>The slots.</returns>
    public ReadOnlySpan<HeapEntry<TKey, TNamespace, TValue>> Read(int block, HeapEntry<TKey, TNamespace, TValue>[] buffer)
    {
        int first = block * BlockSize;
        var copy = buffer.AsSpan(0, Math.Min(BlockSize, slots.Length - first));
        slots.AsSpan(first, copy.Length).CopyTo(copy);

        // The slots are read before the marks.
        Volatile.ReadBarrier();
        if (_aside is not { } aside)
        {
            return copy;
        }

        ulong marks = Volatile.Read(ref aside.Marks[block]);
        for (ulong left = marks; left != 0; left &= left - 1)
        {
            copy[BitOperations.TrailingZeroCount(left)] = default;
        }

        aside.Restore(block, marks, copy);
        return copy;
    }

    /// <summary>Says that a block and all before it are written: the subtask need not put anything of them aside any more.</summary>
    public void Passed(int block) => Volatile.Write(ref _written, (block + 1) * BlockSize);

    /// <summary>Says that nobody needs the entries any more. Safe to be called twice.</summary>
    public void Release()
    {
        _isReleased = true;
        _aside = null;
    }

    /// <summary>What was put aside of the group: which slots, and the entries chained by block.</summary>
    private sealed class Aside(int slots, AsideLog<TKey, TNamespace, TValue> log)
    {
        // The newest entry of each block; 0 for none.
        private readonly int[] _newest = new int[(slots + BlockSize - 1) / BlockSize];

        /// <summary>A bit a slot: whether it may have been changed.</summary>
        public ulong[] Marks { get; } = new ulong[(slots + BlockSize - 1) / BlockSize];

        public void Add(int slot, in HeapEntry<TKey, TNamespace, TValue> entry)
        {
            ref int newest = ref _newest[slot / BlockSize];
            Volatile.Write(ref newest, log.Add(slot, newest, in entry));
        }

        /// <summary>Puts the entries of a block back whose marks were seen. Those that came since are passed over: their slots were read in time.</summary>
        public void Restore(int block, ulong marks, Span<HeapEntry<TKey, TNamespace, TValue>> slots)
        {
            for (int number = Volatile.Read(ref _newest[block]); number != 0;)
            {
                ref readonly var entry = ref log[number];
                if ((marks & (1UL << (entry.Slot % BlockSize))) != 0)
                {
                    slots[entry.Slot % BlockSize] = entry.Content;
                }

                number = entry.Next;
            }
        }
    }
}
