using System.Numerics;
using System.Runtime.CompilerServices;

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
/// <param name="length">How many of them there are; those behind are none of the snapshot's.</param>
/// <param name="count">How many entries there are.</param>
/// <param name="log">Takes what is put aside, of all groups of the state.</param>
internal sealed class FrozenGroup<TKey, TNamespace, TValue>(HeapEntry<TKey, TNamespace, TValue>[] slots, int length, int count, AsideLog<TKey, TNamespace, TValue> log)
{
    /// <summary>As many slots as a word has bits: they are marked in one word.</summary>
    public const int BlockSize = 64;

    // More would hide nothing that is left to hide.
    private const int MaxBlocks = 16;

    // What is read at once is to stay in the processor's second-level cache until it is written.
    private const int MaxBytes = 1 << 17;

    private volatile Aside? _aside;
    private volatile bool _isReleased;

    // Slots before this one are written.
    private int _written;

    /// <summary>How many entries there are.</summary>
    public int Count => count;

    public int Blocks => (length + BlockSize - 1) / BlockSize;

    /// <summary>How long a buffer is with which the group is read fastest.</summary>
    public int BufferLength => BlockSize * Math.Clamp(MaxBytes / (BlockSize * Unsafe.SizeOf<HeapEntry<TKey, TNamespace, TValue>>()), 1, Math.Min(MaxBlocks, Blocks));

    /// <summary>Whether nobody needs the entries any more.</summary>
    public bool IsReleased => _isReleased;

    /// <summary>Called by the subtask before it changes a slot, also an empty one.</summary>
    /// <returns>Whether the entry is put aside now: the snapshot owns the value, and the subtask must go on with a copy if it can change in place.</returns>
    public bool Preserve(int slot)
    {
        if (slot >= length || _isReleased || slot < Volatile.Read(ref _written))
        {
            return false;
        }

        var aside = _aside ?? (_aside = new Aside(Blocks, log));
        ref var block = ref aside.Blocks[slot / BlockSize];
        ulong marked = block.Marks | (1UL << (slot % BlockSize));
        if (marked == block.Marks)
        {
            return false;
        }

        if (slots[slot].IsFull)
        {
            Volatile.Write(ref block.Newest, log.Add(slot, block.Newest, in slots[slot]));
        }

        // Whoever sees the mark sees the entry, and whoever sees a change of the slot sees the mark. Only the order of writes matters, so there is no full barrier: it waited for
        // memory with every entry, and an update took three times as long.
        Volatile.Write(ref block.Marks, marked);
        Volatile.WriteBarrier();
        return true;
    }

    /// <summary>Asks for what <see cref="Preserve"/> of a slot that is going to be changed will read, so that it need not wait for memory.</summary>
    public void Prefetch(int slot)
    {
        if (slot < length && !_isReleased && slot >= Volatile.Read(ref _written))
        {
            CacheLine.PrefetchAll(ref slots[slot]);
            if (_aside is { } aside)
            {
                CacheLine.Prefetch(ref aside.Blocks[slot / BlockSize]);
            }
        }
    }

    /// <summary>Reads blocks as they were when the group was frozen: as many as the buffer has room for.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="buffer">Takes them; as long as a whole number of blocks, and not longer than <see cref="BufferLength"/>.</param>
    /// <returns>The slots.</returns>
    public ReadOnlySpan<HeapEntry<TKey, TNamespace, TValue>> Read(int first, HeapEntry<TKey, TNamespace, TValue>[] buffer)
    {
        int start = first * BlockSize;
        var copy = buffer.AsSpan(0, Math.Min(buffer.Length, length - start));
        slots.AsSpan(start, copy.Length).CopyTo(copy);

        // The slots are read before the marks.
        Volatile.ReadBarrier();
        if (_aside is { } aside)
        {
            Span<ulong> marks = stackalloc ulong[MaxBlocks];
            marks = marks[..((copy.Length + BlockSize - 1) / BlockSize)];
            for (int block = 0; block < marks.Length; block++)
            {
                marks[block] = Volatile.Read(ref aside.Blocks[first + block].Marks);
                for (ulong left = marks[block]; left != 0; left &= left - 1)
                {
                    copy[(block * BlockSize) + BitOperations.TrailingZeroCount(left)].Stored = 0;
                }
            }

            aside.Restore(first, marks, copy);
        }

        return copy;
    }

    /// <summary>Says that all blocks before one are written: the subtask need not put anything of them aside any more.</summary>
    public void Passed(int block) => Volatile.Write(ref _written, block * BlockSize);

    /// <summary>Says that nobody needs the entries any more. Safe to be called twice.</summary>
    public void Release()
    {
        _isReleased = true;
        _aside = null;
    }

    /// <summary>What of a block was put aside.</summary>
    private struct AsideBlock
    {
        /// <summary>A bit a slot: whether it may have been changed.</summary>
        public ulong Marks;

        /// <summary>The newest entry of the block in the log; 0 for none.</summary>
        public int Newest;
    }

    /// <summary>What was put aside of the group.</summary>
    private sealed class Aside(int blocks, AsideLog<TKey, TNamespace, TValue> log)
    {
        public AsideBlock[] Blocks { get; } = new AsideBlock[blocks];

        /// <summary>
        /// Puts the entries of some blocks back whose marks were seen. Those that came since are passed over: their slots were read in time. One entry of each block in
        /// turn, because each is a wait for memory: while that goes on for one block, the next ones are asked for.
        /// </summary>
        public void Restore(int first, ReadOnlySpan<ulong> marks, Span<HeapEntry<TKey, TNamespace, TValue>> slots)
        {
            Span<int> numbers = stackalloc int[MaxBlocks];
            numbers = numbers[..marks.Length];
            for (int block = 0; block < numbers.Length; block++)
            {
                numbers[block] = Volatile.Read(ref Blocks[first + block].Newest);
                log.Prefetch(numbers[block]);
            }

            for (bool isLeft = true; isLeft;)
            {
                isLeft = false;
                for (int block = 0; block < numbers.Length; block++)
                {
                    if (numbers[block] == 0)
                    {
                        continue;
                    }

                    ref readonly var entry = ref log[numbers[block]];
                    log.Prefetch(entry.Next);
                    int bit = entry.Slot % BlockSize;
                    if ((marks[block] & (1UL << bit)) != 0)
                    {
                        slots[(block * BlockSize) + bit] = entry.Content;
                    }

                    numbers[block] = entry.Next;
                    isLeft = true;
                }
            }
        }
    }
}
