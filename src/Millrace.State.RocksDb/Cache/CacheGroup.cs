using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Millrace.State.RocksDb.Cache;

/// <summary>The cached entries of one key group of a state: an open-addressing table with linear probing.</summary>
/// <remarks>
/// Invariants: an entry stands in its home slot or in the unbroken run of full slots after it. Every entry of the group that is not here is counted in
/// <see cref="Outside"/>, where entries may expire also some that are gone, and <see cref="Filter"/> knows of it unless <see cref="IsFilterUnknown"/>; so where nothing is outside, what is not here is nowhere.
/// </remarks>
internal sealed class CacheGroup<TKey, TNamespace, TValue>
{
    public const int MinCapacity = 8;

    // It costs a walk over the group.
    private const int LeastCounted = 1024;

    public CacheEntry<TKey, TNamespace, TValue>[] Slots { get; set; } = new CacheEntry<TKey, TNamespace, TValue>[MinCapacity];

    /// <summary>Full slots.</summary>
    public int Occupied { get; set; }

    /// <summary>Full slots whose entry is there, not <see cref="EntryFlags.Absent"/>.</summary>
    public int Present { get; set; }

    /// <summary>Entries that are in the store alone.</summary>
    public long Outside { get; set; }

    /// <summary>Where entries may expire: when there are more than so many outside, they are counted, because a compaction does not tell what it drops.</summary>
    public long CountAbove { get; private set; } = LeastCounted;

    /// <summary>The epoch of the last change.</summary>
    public uint LastChanged { get; set; }

    /// <summary>Where the eviction goes on.</summary>
    public int Hand { get; set; }

    public AbsenceFilter? Filter { get; set; }

    /// <summary>The group was restored, and nobody has counted its keys into the filter.</summary>
    public bool IsFilterUnknown { get; set; }

    /// <summary>What a checkpoint still has to read here before anything changes.</summary>
    public FrozenGroup<TKey, TNamespace, TValue>? Frozen { get; set; }

    /// <summary>Says how many entries are in the store alone.</summary>
    public void Counted(long outside)
    {
        Outside = outside;
        CountAbove = 2 * outside + LeastCounted;
    }

    public static int LimitOf(int capacity) => (int)(capacity * 11L / 16);

    /// <summary>Takes the next free slot for an entry that is not there. There must be one.</summary>
    public static ref CacheEntry<TKey, TNamespace, TValue> FreeSlot(CacheEntry<TKey, TNamespace, TValue>[] slots, uint stored)
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

    /// <summary>Empties a slot and closes the gap.</summary>
    public void RemoveAt(int hole)
    {
        var slots = Slots;
        int mask = slots.Length - 1;
        for (int next = (hole + 1) & mask; slots[next].Stored != 0; next = (next + 1) & mask)
        {
            int home = (int)slots[next].Stored & mask;
            if (((next - home) & mask) >= ((next - hole) & mask))
            {
                slots[hole] = slots[next];
                hole = next;
            }
        }

        slots[hole] = default;
        Occupied--;
    }

    /// <summary>Moves all entries into other slots.</summary>
    /// <returns>The slots that were used before.</returns>
    public CacheEntry<TKey, TNamespace, TValue>[] MoveTo(CacheEntry<TKey, TNamespace, TValue>[] slots)
    {
        var before = Slots;
        foreach (ref var slot in before.AsSpan())
        {
            if (slot.Stored != 0)
            {
                FreeSlot(slots, slot.Stored) = slot;
            }
        }

        Slots = slots;
        return before;
    }
}
