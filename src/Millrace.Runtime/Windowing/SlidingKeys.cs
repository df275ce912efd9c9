using Millrace.Runtime.State.Heap;
using Millrace.Runtime.State.Keyed;

namespace Millrace.Runtime.Windowing;

/// <summary>The keys that have something in the current sliding window. A key that has nothing any more is forgotten.</summary>
/// <remarks>Keys lie in an array, in no particular order, with an index by their hash. A reference to one is good until the next call that adds or removes one.</remarks>
internal sealed class SlidingKeys<TKey, TContent>
    where TKey : notnull
{
    private const int FewestKeys = 16;

    // Those behind the last key are empty, and have arrays that keys which are forgotten left behind: they serve those that come.
    private SlidingKey<TKey, TContent>[] _keys = [];

    // At least twice as many places as keys: chains stay short.
    private ulong[] _places = new ulong[1];

    public int Count { get; private set; }

    public ref SlidingKey<TKey, TContent> this[int index] => ref _keys.AsSpan(0, Count)[index];

    /// <summary>The key, which begins without slices where it is not there yet.</summary>
    public ref SlidingKey<TKey, TContent> GetOrAdd(TKey key, ulong hash)
    {
        int index = IndexOf(key, hash);
        if (index < 0)
        {
            if (Count == _keys.Length)
            {
                Grow();
            }

            index = Count++;
            _keys[index].Begin(key, hash);
            PlaceIndex.Add(_places, Stored(hash), index);
        }

        return ref _keys[index];
    }

    /// <summary>Asks the processor for what <see cref="GetOrAdd"/> will look at first.</summary>
    public void Prefetch(ReadOnlySpan<ulong> hashes)
    {
        foreach (ulong hash in hashes)
        {
            CacheLine.Prefetch(ref _places[Stored(hash) & (_places.Length - 1)]);
        }
    }

    /// <summary>Forgets all keys, and lets go of their memory.</summary>
    public void Clear()
    {
        Count = 0;
        _keys = [];
        _places = new ulong[1];
    }

    /// <summary>Forgets the key at an index, which has no slices; another takes its place.</summary>
    public void RemoveAt(int index)
    {
        ref var removed = ref this[index];
        PlaceIndex.Remove(_places, Stored(removed.Hash), index);
        removed.Begin(default!, 0);
        int last = --Count;
        if (index < last)
        {
            PlaceIndex.Move(_places, Stored(_keys[last].Hash), last, index);
            (_keys[last], removed) = (removed, _keys[last]);
        }
    }

    private int IndexOf(TKey key, ulong hash)
    {
        uint stored = Stored(hash);
        int mask = _places.Length - 1;
        for (int place = (int)stored & mask; _places[place] != 0; place = (place + 1) & mask)
        {
            int index = PlaceIndex.SlotOf(_places[place]);
            if (PlaceIndex.HashOf(_places[place]) == stored && EqualityComparer<TKey>.Default.Equals(_keys[index].Key, key))
            {
                return index;
            }
        }

        return -1;
    }

    private void Grow()
    {
        // One by one: see HeapGroup.
        var keys = new SlidingKey<TKey, TContent>[Math.Max(FewestKeys, 2 * _keys.Length)];
        for (int i = 0; i < Count; i++)
        {
            RecordCopy<SlidingKey<TKey, TContent>>.Write(ref keys[i], in _keys[i]);
        }

        _keys = keys;
        _places = new ulong[2 * keys.Length];
        FreshPages.Touch(_places);
        for (int i = 0; i < Count; i++)
        {
            PlaceIndex.Add(_places, Stored(keys[i].Hash), i);
        }
    }

    private static uint Stored(ulong hash) => NamespaceHash.OfKey(hash);
}
