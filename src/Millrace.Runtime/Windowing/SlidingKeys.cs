using System.Diagnostics.CodeAnalysis;

namespace Millrace.Runtime.Windowing;

/// <summary>The keys that have something in the current sliding window. A key that has nothing any more is forgotten.</summary>
internal sealed class SlidingKeys<TKey, TContent>
    where TKey : notnull
{
    private readonly Dictionary<TKey, int> _places = [];
    private readonly List<SlidingKey<TKey, TContent>> _keys = [];

    // What keys that are forgotten leave behind serves those that come. Never more than there were keys at once.
    private readonly Stack<SlidingKey<TKey, TContent>> _spares = new();

    public int Count => _keys.Count;

    public SlidingKey<TKey, TContent> this[int index] => _keys[index];

    public SlidingKey<TKey, TContent> GetOrAdd(TKey key, ulong hash)
    {
        if (_places.TryGetValue(key, out int place))
        {
            return _keys[place];
        }

        var added = _spares.TryPop(out var spare) ? spare : new SlidingKey<TKey, TContent>();
        added.Begin(key, hash);
        _places.Add(key, _keys.Count);
        _keys.Add(added);
        return added;
    }

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out SlidingKey<TKey, TContent> found)
    {
        found = _places.TryGetValue(key, out int place) ? _keys[place] : null;
        return found is not null;
    }

    public void Clear()
    {
        _places.Clear();
        _keys.Clear();
        _spares.Clear();
    }

    /// <summary>Forgets the key at an index, which has no slices; another takes its place.</summary>
    public void RemoveAt(int index)
    {
        var removed = _keys[index];
        _places.Remove(removed.Key);
        removed.Begin(default!, 0);
        _spares.Push(removed);
        int last = _keys.Count - 1;
        if (index < last)
        {
            _keys[index] = _keys[last];
            _places[_keys[index].Key] = index;
        }

        _keys.RemoveAt(last);
    }
}
