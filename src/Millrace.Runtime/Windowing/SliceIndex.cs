using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Millrace.Runtime.Windowing;

/// <summary>A key with its hash, so that it is hashed once.</summary>
internal readonly record struct HashedKey<TKey>(TKey Key, ulong Hash);

/// <summary>The keys that have something in a slice, in order of their first record.</summary>
internal sealed class Slice<TKey>
{
    private HashedKey<TKey>[] _keys = [];

    public long End { get; private set; }

    public int Count { get; private set; }

    /// <summary>For how many keys there is room.</summary>
    public int Capacity => _keys.Length;

    public ref readonly HashedKey<TKey> this[int index] => ref _keys[index];

    public void Add(TKey key, ulong hash)
    {
        if (Count == _keys.Length)
        {
            Array.Resize(ref _keys, Math.Max(16, _keys.Length * 2));
        }

        _keys[Count++] = new HashedKey<TKey>(key, hash);
    }

    /// <summary>Begins a slice.</summary>
    public void Begin(long end)
    {
        End = end;
        Count = 0;
    }

    /// <summary>Lets go of the keys: a slice that is over holds none of them.</summary>
    public void Clear()
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<TKey>())
        {
            Array.Clear(_keys, 0, Count);
        }

        Count = 0;
    }
}

/// <summary>
/// The slices that have something, in order of time. Says which keys to look at when a window fires; it follows from the state and is
/// built again from it after a restore.
/// </summary>
internal sealed class SliceIndex<TKey>
{
    // Slices that are over serve again: those of a stream are much alike, and many end together when the watermark comes seldom. What is kept is
    // bounded, by room for about as many keys as take 16 MB.
    private const int MaxSpareKeys = 1 << 20;

    private readonly SortedList<long, Slice<TKey>> _slices = [];
    private readonly Stack<Slice<TKey>> _spares = new();
    private Slice<TKey>? _last;
    private int _spareKeys;

    public int Count => _slices.Count;

    public Slice<TKey> this[int index] => _slices.GetValueAtIndex(index);

    public void Add(long end, TKey key, ulong hash)
    {
        if (_last is null || _last.End != end)
        {
            if (!_slices.TryGetValue(end, out _last))
            {
                if (_spares.TryPop(out _last))
                {
                    _spareKeys -= _last.Capacity;
                }
                else
                {
                    _last = new Slice<TKey>();
                }

                _last.Begin(end);
                _slices.Add(end, _last);
            }
        }

        _last.Add(key, hash);
    }

    public bool TryGet(long end, [MaybeNullWhen(false)] out Slice<TKey> slice) => _slices.TryGetValue(end, out slice);

    public bool TryGetFirst([MaybeNullWhen(false)] out Slice<TKey> slice) => TryGetFirstAfter(long.MinValue, out slice);

    /// <summary>The first slice whose end is after a time.</summary>
    public bool TryGetFirstAfter(long time, [MaybeNullWhen(false)] out Slice<TKey> slice)
    {
        int index = FirstAfter(time);
        slice = index < _slices.Count ? _slices.GetValueAtIndex(index) : null;
        return slice is not null;
    }

    /// <summary>The index of the first slice whose end is after a time.</summary>
    public int FirstAfter(long time)
    {
        int low = 0;
        int high = _slices.Count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (_slices.GetKeyAtIndex(middle) > time)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    public void Remove(Slice<TKey> slice)
    {
        _slices.Remove(slice.End);
        if (_last == slice)
        {
            _last = null;
        }

        if (_spareKeys + slice.Capacity <= MaxSpareKeys)
        {
            slice.Clear();
            _spareKeys += slice.Capacity;
            _spares.Push(slice);
        }
    }
}
