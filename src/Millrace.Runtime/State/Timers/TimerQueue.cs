using System.Diagnostics;
using System.Runtime.CompilerServices;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Timers;

/// <summary>
/// The timers of a subtask in one time domain: one per (key, namespace, time), given out in the order of time, and among equal times in the
/// order of registration.
/// </summary>
/// <remarks>
/// <para>
/// A table by key group says which timers there are; it is what snapshots see. A heap beside it says which is next. Deleting a timer only
/// takes it out of the table: what is left of it in the heap is recognised by its order of registration, passed over when it comes to
/// the top, and swept out when there are more such leftovers than timers. So registering and deleting, as session windows do with every
/// record, cost little more than two accesses to the table.
/// </para>
/// <para>
/// When time makes a leap, as at the end of the input or when a source has caught up, a large part of the timers is due at once: they are taken out of the heap together and sorted, see <see cref="DueTimers{TKey, TNamespace}"/>.
/// </para>
/// <para>Belongs to one subtask: not safe for use by several threads.</para>
/// </remarks>
internal sealed class TimerQueue<TKey, TNamespace>
{
    private const int MinCapacity = 16;

    // Looking through the heap for what is due costs a part of what taking timers out one by one does when there are not more than so many times as many as have been taken out. A heap of few is in the processor's cache.
    private const int PopsToSort = 256;
    private const int NodesPerPop = 16;

    private readonly KeyedStateTable<TKey, TimerId<TNamespace>, long> _orders;
    private readonly DueTimers<TKey, TNamespace> _due;
    private TimerNode<TKey, TNamespace>[] _heap;
    private int _size;
    private int _live;
    private long _lastOrder;

    // How many timers were taken out of the heap for one time, since it was last looked through.
    private long _popTime;
    private int _pops;

    /// <param name="orders">The timers, as restored: for each the order of its registration.</param>
    /// <param name="hashOf">The stable hash of a key.</param>
    public TimerQueue(KeyedStateTable<TKey, TimerId<TNamespace>, long> orders, Func<TKey, ulong> hashOf)
    {
        _orders = orders;
        _due = new DueTimers<TKey, TNamespace>(orders);
        _heap = new TimerNode<TKey, TNamespace>[MinCapacity];
        TableCursor cursor = default;
        while (orders.MoveNext(ref cursor))
        {
            // Only read: a backend that keeps state out of memory would have to write every value again.
            long order = orders.PeekAt(in cursor);
            _lastOrder = Math.Max(_lastOrder, order);
            var key = orders.KeyAt(in cursor);
            var id = orders.NamespaceAt(in cursor);
            if (_size == _heap.Length)
            {
                Array.Resize(ref _heap, checked(_size * 2));
            }

            _heap[_size++] = new TimerNode<TKey, TNamespace> { Time = id.Time, Registered = id.Time, Order = order, Hash = hashOf(key), Key = key, Namespace = id.Namespace };
        }

        _live = _size;
        Heapify();
    }

    /// <summary>How many timers there are.</summary>
    public int Count => _live;

    /// <summary>Registers a timer.</summary>
    /// <returns>False when there is such a timer already: it stays one.</returns>
    public bool Register(in TKey key, ulong hash, in TNamespace ns, long time)
    {
        ref long order = ref _orders.GetOrAdd(in key, hash, new TimerId<TNamespace>(ns, time), out bool existed);
        if (existed)
        {
            return false;
        }

        order = ++_lastOrder;
        _live++;
        if (_size == _heap.Length)
        {
            Array.Resize(ref _heap, checked(_size * 2));
        }

        SiftUp(_size++, new TimerNode<TKey, TNamespace> { Time = time, Registered = time, Order = _lastOrder, Hash = hash, Key = key, Namespace = ns });
        return true;
    }

    /// <summary>Hints that timers of a key will soon be registered or deleted.</summary>
    public void Prefetch(in TKey key, ulong hash) => _orders.Prefetch(new ReadOnlySpan<TKey>(in key), new ReadOnlySpan<ulong>(in hash));

    /// <summary>Takes a timer back.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Delete(in TKey key, ulong hash, in TNamespace ns, long time)
    {
        if (!_orders.Remove(in key, hash, new TimerId<TNamespace>(ns, time)))
        {
            return false;
        }

        _live--;
        if (Nodes - _live > _live + MinCapacity)
        {
            Sweep();
        }

        return true;
    }

    /// <summary>When the next timer is due.</summary>
    /// <param name="time">The time, or <see cref="long.MaxValue"/>.</param>
    /// <returns>Whether there is a timer.</returns>
    public bool TryPeek(out long time)
    {
        DropLeftovers();
        time = Nodes > 0 ? First.Time : long.MaxValue;
        return Nodes > 0;
    }

    /// <summary>Takes out the next timer if its time has come.</summary>
    /// <param name="now">The watermark or the wall clock: timers of this time are due.</param>
    /// <param name="timer">The timer, which is no longer in the queue: registering it again while it fires is registering a new one.</param>
    /// <returns>Whether a timer is due.</returns>
    public bool TryPop(long now, out Timer<TKey, TNamespace> timer)
    {
        do
        {
            DropLeftovers();
            if (Nodes == 0 || First.Time > now)
            {
                timer = default;
                return false;
            }

            if (_due.Count == 0)
            {
                CountPop(now);
            }
        }
        while (Nodes == 0 || First.Time > now || PutOffFirst());

        ref readonly var top = ref First;
        timer = new Timer<TKey, TNamespace>(top.Time, top.Key, top.Hash, top.Namespace);
        bool removed = _orders.Remove(in top.Key, top.Hash, new TimerId<TNamespace>(top.Namespace, top.Registered));
        Debug.Assert(removed, "the top of the heap is a timer of the table");
        _live--;
        RemoveFirst();
        return true;
    }

    /// <summary>What else of a key and its namespace will be needed when a timer fires may be asked for ahead, where many are due at once.</summary>
    public DueTimers<TKey, TNamespace>.Ahead? FetchAhead
    {
        get => _due.FetchAhead;
        set => _due.FetchAhead = value;
    }

    /// <summary>
    /// Where a timer may have to wait for longer than it was registered for, as that of a session which has grown: says until when. It is asked before a timer fires, and changes nothing else: the timer stays the one that it is, also
    /// in snapshots, and is asked about again after a restore.
    /// </summary>
    public DueTimers<TKey, TNamespace>.DueTime? WhenDue { get; set; }

    /// <summary>How many nodes there is room for: what the queue costs beside its table.</summary>
    internal int Capacity => _heap.Length + _due.Capacity;

    private int Nodes => _size + _due.Count;

    private bool IsFirstDue => _due.Count > 0 && (_size == 0 || _due.First.IsBefore(in _heap[0]));

    private ref readonly TimerNode<TKey, TNamespace> First => ref IsFirstDue ? ref _due.First : ref _heap[0];

    private void RemoveFirst()
    {
        if (IsFirstDue)
        {
            _due.RemoveFirst(_heap.Length);
        }
        else
        {
            RemoveTop();
        }
    }

    private void DropLeftovers()
    {
        // Without leftovers every node is a timer, and the table need not be asked.
        while (Nodes > _live && !IsLive(in First))
        {
            RemoveFirst();
        }
    }

    /// <summary>Sorts what is due once it seems to be a large part of all.</summary>
    private void CountPop(long now)
    {
        if (now != _popTime)
        {
            (_popTime, _pops) = (now, 0);
        }

        if (++_pops < PopsToSort || (long)_pops * NodesPerPop < _size)
        {
            return;
        }

        _pops = 0;
        _size = _due.TakeFrom(_heap.AsSpan(0, _size), now, WhenDue);
        ShrinkIfMostlyEmpty();
        Heapify();
    }

    /// <summary>Puts the first off when it is not due yet after all. Those that have been sorted were asked about before.</summary>
    private bool PutOffFirst()
    {
        if (WhenDue is null || IsFirstDue)
        {
            return false;
        }

        var top = _heap[0];
        long due = WhenDue(in top.Key, top.Hash, in top.Namespace, top.Time);
        if (due <= top.Time)
        {
            return false;
        }

        top.Time = due;
        SiftDown(0, in top);
        return true;
    }

    private bool IsLive(in TimerNode<TKey, TNamespace> node)
    {
        ref readonly long order = ref _orders.Peek(in node.Key, node.Hash, new TimerId<TNamespace>(node.Namespace, node.Registered));
        return !Unsafe.IsNullRef(in order) && order == node.Order;
    }

    private void Sweep()
    {
        if (_due.Count > 0)
        {
            _due.Sweep(IsLive, _heap.Length);
        }

        int kept = 0;
        for (int index = 0; index < _size; index++)
        {
            if (IsLive(in _heap[index]))
            {
                _heap[kept++] = _heap[index];
            }
        }

        Array.Clear(_heap, kept, _size - kept);
        _size = kept;
        Debug.Assert(Nodes == _live, "every timer of the table has a node");
        ShrinkIfMostlyEmpty();
        Heapify();
    }

    private void ShrinkIfMostlyEmpty()
    {
        int capacity = _heap.Length;
        while (capacity > 4 * MinCapacity && _size < capacity / 8)
        {
            capacity /= 4;
        }

        if (capacity != _heap.Length)
        {
            Array.Resize(ref _heap, capacity);
        }
    }

    private void RemoveTop()
    {
        var last = _heap[--_size];
        _heap[_size] = default;
        if (_size > 0)
        {
            SiftDown(0, in last);
        }

        ShrinkIfMostlyEmpty();
    }

    private void Heapify()
    {
        for (int index = (_size - 2) / 4; index >= 0 && _size > 1; index--)
        {
            var node = _heap[index];
            SiftDown(index, in node);
        }
    }

    // Four children a node: half the levels of a binary heap, and the children lie together in memory.
    private void SiftUp(int index, in TimerNode<TKey, TNamespace> node)
    {
        var heap = _heap;
        while (index > 0)
        {
            int parent = (index - 1) / 4;
            if (!node.IsBefore(in heap[parent]))
            {
                break;
            }

            heap[index] = heap[parent];
            index = parent;
        }

        heap[index] = node;
    }

    private void SiftDown(int index, in TimerNode<TKey, TNamespace> node)
    {
        var heap = _heap;
        while (true)
        {
            int first = (4 * index) + 1;
            if (first >= _size)
            {
                break;
            }

            int least = first;
            int end = Math.Min(first + 4, _size);
            for (int child = first + 1; child < end; child++)
            {
                if (heap[child].IsBefore(in heap[least]))
                {
                    least = child;
                }
            }

            if (!heap[least].IsBefore(in node))
            {
                break;
            }

            heap[index] = heap[least];
            index = least;
        }

        heap[index] = node;
    }
}
