using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Millrace.Runtime.State.Heap;

/// <summary>
/// Says where entries stand in an array that is not in the order of their hashes: an open-addressing table with linear probing and deletion by shifting back, of as many places as a power of two. A
/// place has the hash of an entry in its upper half and the entry's slot in its lower; 0 is an empty one, because hashes are not.
/// </summary>
internal static class PlaceIndex
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint HashOf(ulong place) => (uint)(place >> 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SlotOf(ulong place) => (int)(uint)place;

    /// <summary>The slot of the first entry with a hash, which is the one that is looked for nearly always; 0 where there is none.</summary>
    public static int Find(ulong[] places, uint hash)
    {
        int mask = places.Length - 1;
        ref ulong first = ref MemoryMarshal.GetArrayDataReference(places);
        int index = (int)hash & mask;
        while (true)
        {
            ulong place = Unsafe.Add(ref first, index);
            if (HashOf(place) == hash || place == 0)
            {
                return SlotOf(place);
            }

            index = (index + 1) & mask;
        }
    }

    /// <summary>Adds an entry that is not there yet; there is a free place.</summary>
    public static void Add(ulong[] places, uint hash, int slot)
    {
        int mask = places.Length - 1;
        ref ulong first = ref MemoryMarshal.GetArrayDataReference(places);
        int index = (int)hash & mask;
        while (Unsafe.Add(ref first, index) != 0)
        {
            index = (index + 1) & mask;
        }

        Unsafe.Add(ref first, index) = Place(hash, slot);
    }

    /// <summary>An entry that is there has another slot now.</summary>
    public static void Move(ulong[] places, uint hash, int from, int to) => places[PlaceOf(places, hash, from)] = Place(hash, to);

    /// <summary>Removes an entry that is there, and closes the gap.</summary>
    public static void Remove(ulong[] places, uint hash, int slot)
    {
        int mask = places.Length - 1;
        int hole = PlaceOf(places, hash, slot);
        for (int next = (hole + 1) & mask; places[next] != 0; next = (next + 1) & mask)
        {
            // It may move back to the hole unless its home lies behind the hole.
            int home = (int)HashOf(places[next]) & mask;
            if (((next - home) & mask) >= ((next - hole) & mask))
            {
                places[hole] = places[next];
                hole = next;
            }
        }

        places[hole] = 0;
    }

    private static ulong Place(uint hash, int slot) => ((ulong)hash << 32) | (uint)slot;

    /// <summary>The place of an entry that is there.</summary>
    private static int PlaceOf(ulong[] places, uint hash, int slot)
    {
        int mask = places.Length - 1;
        ulong place = Place(hash, slot);
        int index = (int)hash & mask;
        while (places[index] != place)
        {
            index = (index + 1) & mask;
        }

        return index;
    }
}
