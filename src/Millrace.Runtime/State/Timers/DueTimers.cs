using System.Numerics;
using System.Runtime.CompilerServices;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Timers;

/// <summary>
/// Timers that have been found to be due together, sorted. Taking the first of them out of a heap would cost a walk down the whole heap, through memory that is in no cache; here it costs one step, and since it is known which
/// come next, what they need is asked for ahead.
/// </summary>
/// <param name="orders">The timers that there are.</param>
internal sealed class DueTimers<TKey, TNamespace>(KeyedStateTable<TKey, TimerId<TNamespace>, long> orders)
{
    // As many as there can be on their way from memory at once, about.
    private const int AheadLength = 16;
    private const int MinCapacity = 1024;

    private TimerNode<TKey, TNamespace>[] _nodes = [];
    private int _first;
    private int _end;

    // Before this one all has been asked for.
    private int _fetched;
    private readonly TKey[] _keys = new TKey[AheadLength];
    private readonly ulong[] _hashes = new ulong[AheadLength];
    private readonly TNamespace[] _namespaces = new TNamespace[AheadLength];

    /// <summary>Asks for what will be needed when timers fire.</summary>
    /// <param name="keys">The keys of the timers.</param>
    /// <param name="hashes">Their hashes.</param>
    /// <param name="namespaces">Their namespaces.</param>
    public delegate void Ahead(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes, ReadOnlySpan<TNamespace> namespaces);

    /// <summary>Says when a timer is due.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="hash">The key's hash.</param>
    /// <param name="ns">Its namespace.</param>
    /// <param name="time">When it would be, for all that the queue knows.</param>
    /// <returns>That time, or a later one.</returns>
    public delegate long DueTime(in TKey key, ulong hash, in TNamespace ns, long time);

    /// <summary>Called with timers that will soon be first.</summary>
    public Ahead? FetchAhead { get; set; }

    /// <summary>How many there are.</summary>
    public int Count => _end - _first;

    /// <summary>For how many there is room.</summary>
    public int Capacity => _nodes.Length;

    /// <summary>The one that is due first.</summary>
    public ref readonly TimerNode<TKey, TNamespace> First => ref _nodes[_first];

    /// <summary>Takes out the first.</summary>
    /// <param name="greatest">Memory for more than so many is given back when it is not needed any more.</param>
    public void RemoveFirst(int greatest)
    {
        _nodes[_first++] = default;
        if (_first == _end)
        {
            Empty(greatest);
        }
        else if (_first + AheadLength > _fetched && _fetched < _end)
        {
            Fetch();
        }
    }

    /// <summary>Takes those that are due out of a heap. Only when there are none here.</summary>
    /// <param name="heap">The nodes of the heap; afterwards those that are left are at its beginning, in no order.</param>
    /// <param name="now">Which are due.</param>
    /// <param name="whenDue">Says which are due later; null where none is.</param>
    /// <returns>How many are left.</returns>
    public int TakeFrom(Span<TimerNode<TKey, TNamespace>> heap, long now, DueTime? whenDue)
    {
        if (whenDue is not null)
        {
            PutOff(heap, now, whenDue);
        }

        int count = 0;
        foreach (ref readonly var node in heap)
        {
            count += node.Time <= now ? 1 : 0;
        }

        if (_nodes.Length < count)
        {
            _nodes = new TimerNode<TKey, TNamespace>[Math.Max((int)BitOperations.RoundUpToPowerOf2((uint)count), MinCapacity)];
        }

        int kept = 0;
        foreach (ref readonly var node in heap)
        {
            if (node.Time <= now)
            {
                _nodes[_end++] = node;
            }
            else
            {
                heap[kept++] = node;
            }
        }

        heap[kept..].Clear();
        _nodes.AsSpan(0, _end).Sort(static (one, other) => one.Time != other.Time ? one.Time.CompareTo(other.Time) : one.Order.CompareTo(other.Order));
        return kept;
    }

    /// <summary>Leaves out those that are no timers any more.</summary>
    /// <param name="isLive">Says whether one still is.</param>
    /// <param name="greatest">Memory for more than so many is given back when it is not needed any more.</param>
    public void Sweep(IsLive isLive, int greatest)
    {
        int kept = _first;
        for (int i = _first; i < _end; i++)
        {
            if (isLive(in _nodes[i]))
            {
                _nodes[kept++] = _nodes[i];
            }
        }

        Array.Clear(_nodes, kept, _end - kept);
        _end = kept;
        _fetched = Math.Min(_fetched, _end);
        if (_first == _end)
        {
            Empty(greatest);
        }
    }

    /// <summary>Whether a node is a timer that there is.</summary>
    public delegate bool IsLive(in TimerNode<TKey, TNamespace> node);

    private void Empty(int greatest)
    {
        _first = _end = _fetched = 0;
        if (_nodes.Length > Math.Max(greatest, MinCapacity))
        {
            _nodes = [];
        }
    }

    /// <summary>Asks of those that are due whether they are due later, some at a time, so that what is needed for the answer is there.</summary>
    private void PutOff(Span<TimerNode<TKey, TNamespace>> heap, long now, DueTime whenDue)
    {
        Span<int> places = stackalloc int[AheadLength];
        int count = 0;
        for (int i = 0; i < heap.Length; i++)
        {
            if (heap[i].Time <= now)
            {
                (_keys[count], _hashes[count], _namespaces[count]) = (heap[i].Key, heap[i].Hash, heap[i].Namespace);
                places[count++] = i;
            }

            if (count == AheadLength || (i == heap.Length - 1 && count > 0))
            {
                AskAhead(count);
                foreach (int place in places[..count])
                {
                    ref var node = ref heap[place];
                    node.Time = whenDue(in node.Key, node.Hash, in node.Namespace, node.Time);
                }

                count = 0;
            }
        }
    }

    private void Fetch()
    {
        _fetched = Math.Max(_fetched, _first);
        int count = Math.Min(AheadLength, _end - _fetched);
        for (int i = 0; i < count; i++)
        {
            ref readonly var node = ref _nodes[_fetched + i];
            _keys[i] = node.Key;
            _hashes[i] = node.Hash;
            _namespaces[i] = node.Namespace;
            orders.Prefetch(_keys.AsSpan(i, 1), _hashes.AsSpan(i, 1), new TimerId<TNamespace>(node.Namespace, node.Registered));
        }

        _fetched += count;
        AskAhead(count);
    }

    private void AskAhead(int count)
    {
        FetchAhead?.Invoke(_keys.AsSpan(0, count), _hashes.AsSpan(0, count), _namespaces.AsSpan(0, count));
        if (RuntimeHelpers.IsReferenceOrContainsReferences<TKey>())
        {
            Array.Clear(_keys);
        }
    }
}
