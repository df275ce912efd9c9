using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Millrace.Runtime.Windowing;

/// <summary>
/// The slices of one key that the current window has, combined so that the next window costs a constant number of merges, however many slices it
/// has: the older ones as suffix aggregates (the front), the younger ones as one running aggregate (the back). When the front is used up the
/// back becomes the new front.
/// </summary>
/// <remarks>
/// The two-stack queue for sliding-window aggregation; see Tangwongsan, Hirzel, Schneider, "In-order sliding-window aggregation in worst-case
/// constant time" (VLDB Journal 2021), section 3.
/// <para>A mutable struct, of which many lie in an array: change it where it lies, never a copy.</para>
/// </remarks>
internal struct SlidingKey<TKey, TContent>
{
    private const int FewestEnds = 4;

    // The ends of the key's live slices, oldest first: those before _first + _frontCount have a suffix aggregate. A key that has never had more than one, as most in a stream with many keys, has no array.
    private long[]? _ends;
    private TContent[]? _suffixes;
    private long _onlyEnd;
    private int _first;
    private int _count;
    private int _frontCount;
    private TContent? _back;
    private bool _hasBack;

    public TKey Key { get; private set; }

    public ulong Hash { get; private set; }

    public readonly bool IsEmpty => _count == 0;

    [UnscopedRef]
    public readonly ReadOnlySpan<long> Ends => _ends is null ? MemoryMarshal.CreateReadOnlySpan(in _onlyEnd, _count) : _ends.AsSpan(_first, _count);

    /// <summary>Gives a slice's content by its end.</summary>
    public delegate ref readonly TContent ContentOf(in SlidingKey<TKey, TContent> key, long sliceEnd);

    /// <summary>Begins with a key, when it has no slices. Arrays that another key has left serve it.</summary>
    /// <param name="key">The key; <see langword="default"/> to let go of one.</param>
    /// <param name="hash">Its hash.</param>
    public void Begin(TKey key, ulong hash)
    {
        Debug.Assert(IsEmpty, "A key that has slices stays.");
        Key = key;
        Hash = hash;
    }

    /// <summary>A slice joins that is younger than all before.</summary>
    public void Push<TIn>(long end, in TContent content, WindowAggregation<TIn, TContent> aggregation)
    {
        Debug.Assert(_count == 0 || end > Ends[^1], "Slices join in order.");

        // Of older slices that nothing is combined of (their combination was forgotten), the next combination is made afresh, this slice included.
        bool forgotten = _count > 0 && _frontCount == 0 && !_hasBack;
        Append(end);
        if (forgotten || !aggregation.IsCombinable)
        {
            return;
        }

        if (_hasBack)
        {
            aggregation.Merge(ref _back!, in content);
        }
        else
        {
            _back = aggregation.Copy(in content);
            _hasBack = true;
        }
    }

    /// <summary>A slice joins that is not the youngest, or has changed: what was combined no longer holds.</summary>
    public void Insert(long end)
    {
        int place = Ends.BinarySearch(end);
        if (place < 0)
        {
            place = ~place;
            Append(end);
            var ends = LiveEnds;
            ends[place..^1].CopyTo(ends[(place + 1)..]);
            ends[place] = end;
        }

        Forget();
    }

    /// <summary>Drops slices that end at or before a time.</summary>
    public void DropUpTo(long time)
    {
        while (_count > 0 && Ends[0] <= time)
        {
            if (_frontCount > 0)
            {
                _suffixes![_first] = default!;
                _frontCount--;
            }
            else
            {
                // What the back holds includes the slice that leaves.
                Forget();
            }

            _first++;
            _count--;
        }

        // The next slice stands at the beginning. Without an array there is one at most, and this is reached with each that leaves.
        if (_count == 0)
        {
            _first = 0;
            Forget();
        }
    }

    /// <summary>All live slices combined, as a content of the caller's own.</summary>
    public TContent Combine<TIn>(WindowAggregation<TIn, TContent> aggregation, ContentOf contentOf)
    {
        Debug.Assert(_count > 0, "A key without slices has no window.");
        if (_frontCount == 0 && !_hasBack)
        {
            Flip(aggregation, contentOf);
        }

        if (_frontCount == 0)
        {
            return aggregation.Copy(in _back!);
        }

        var result = aggregation.Copy(in _suffixes![_first]);
        if (_hasBack)
        {
            aggregation.Merge(ref result, in _back!);
        }

        return result;
    }

    private void Forget()
    {
        if (_frontCount > 0)
        {
            Array.Clear(_suffixes!, _first, _frontCount);
            _frontCount = 0;
        }

        _back = default;
        _hasBack = false;
    }

    private void Flip<TIn>(WindowAggregation<TIn, TContent> aggregation, ContentOf contentOf)
    {
        int capacity = _ends?.Length ?? 1;
        if (_suffixes is null || _suffixes.Length < capacity)
        {
            _suffixes = new TContent[capacity];
        }

        for (int i = _count - 1; i >= 0; i--)
        {
            _suffixes[_first + i] = aggregation.Copy(in contentOf(in this, Ends[i]));
            if (i < _count - 1)
            {
                aggregation.Merge(ref _suffixes[_first + i], in _suffixes[_first + i + 1]);
            }
        }

        _frontCount = _count;
    }

    [UnscopedRef]
    private Span<long> LiveEnds => _ends is null ? MemoryMarshal.CreateSpan(ref _onlyEnd, _count) : _ends.AsSpan(_first, _count);

    private void Append(long end)
    {
        if (_ends is null)
        {
            if (_count == 0)
            {
                _onlyEnd = end;
                _count = 1;
                return;
            }

            _ends = new long[FewestEnds];
            _ends[0] = _onlyEnd;
        }

        if (_first + _count == _ends.Length)
        {
            MakeRoom(_ends);
        }

        _ends[_first + _count] = end;
        _count++;
    }

    private void MakeRoom(long[] old)
    {
        // Moving to the start of the arrays is enough while half of them is free; otherwise they grow.
        bool grow = _count > old.Length / 2;
        long[] ends = grow ? new long[old.Length * 2] : old;
        Array.Copy(old, _first, ends, 0, _count);
        _ends = ends;
        if (_frontCount > 0)
        {
            var suffixes = grow ? new TContent[ends.Length] : _suffixes!;
            Array.Copy(_suffixes!, _first, suffixes, 0, _frontCount);
            if (!grow)
            {
                Array.Clear(suffixes, _frontCount, suffixes.Length - _frontCount);
            }

            _suffixes = suffixes;
        }

        _first = 0;
    }
}
