using System.Diagnostics;
using System.Runtime.CompilerServices;
using Millrace.Runtime.State.Keyed;
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
/// <para>Belongs to one subtask: not safe for use by several threads.</para>
/// </remarks>
internal sealed class TimerQueue<TKey, TNamespace>
{
    private const int MinCapacity = 16;

    private readonly KeyedStateTable<TKey, TimerId<TNamespace>, long> _orders;
    private Node[] _heap;
    private int _size;
    private int _live;
    private long _lastOrder;

    /// <param name="orders">The timers, as restored: for each the order of its registration.</param>
    /// <param name="hashOf">The stable hash of a key.</param>
    public TimerQueue(KeyedStateTable<TKey, TimerId<TNamespace>, long> orders, Func<TKey, ulong> hashOf)
    {
        _orders = orders;
        _heap = new Node[MinCapacity];
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

            _heap[_size++] = new Node { Time = id.Time, Order = order, Hash = hashOf(key), Key = key, Namespace = id.Namespace };
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

        SiftUp(_size++, new Node { Time = time, Order = _lastOrder, Hash = hash, Key = key, Namespace = ns });
        return true;
    }

    /// <summary>Takes a timer back.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Delete(in TKey key, ulong hash, in TNamespace ns, long time)
    {
        if (!_orders.Remove(in key, hash, new TimerId<TNamespace>(ns, time)))
        {
            return false;
        }

        _live--;
        if (_size - _live > _live + MinCapacity)
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
        time = _size > 0 ? _heap[0].Time : long.MaxValue;
        return _size > 0;
    }

    /// <summary>Takes out the next timer if its time has come.</summary>
    /// <param name="now">The watermark or the wall clock: timers of this time are due.</param>
    /// <param name="timer">The timer, which is no longer in the queue: registering it again while it fires is registering a new one.</param>
    /// <returns>Whether a timer is due.</returns>
    public bool TryPop(long now, out Timer<TKey, TNamespace> timer)
    {
        DropLeftovers();
        if (_size == 0 || _heap[0].Time > now)
        {
            timer = default;
            return false;
        }

        ref var top = ref _heap[0];
        timer = new Timer<TKey, TNamespace>(top.Time, top.Key, top.Hash, top.Namespace);
        bool removed = _orders.Remove(in top.Key, top.Hash, new TimerId<TNamespace>(top.Namespace, top.Time));
        Debug.Assert(removed, "the top of the heap is a timer of the table");
        _live--;
        RemoveTop();
        return true;
    }

    /// <summary>How many nodes the heap has room for: what the queue costs beside its table.</summary>
    internal int Capacity => _heap.Length;

    private void DropLeftovers()
    {
        // Without leftovers every node is a timer, and the table need not be asked.
        while (_size > _live && !IsLive(in _heap[0]))
        {
            RemoveTop();
        }
    }

    private bool IsLive(in Node node)
    {
        ref readonly long order = ref _orders.Peek(in node.Key, node.Hash, new TimerId<TNamespace>(node.Namespace, node.Time));
        return !Unsafe.IsNullRef(in order) && order == node.Order;
    }

    private void Sweep()
    {
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
        Debug.Assert(_size == _live, "every timer of the table has a node");
        ShrinkIfMostlyEmpty();
        Heapify();
    }

    private void ShrinkIfMostlyEmpty()
    {
        if (_heap.Length > 4 * MinCapacity && _size < _heap.Length / 8)
        {
            Array.Resize(ref _heap, _heap.Length / 4);
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
    private void SiftUp(int index, in Node node)
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

    private void SiftDown(int index, in Node node)
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

    private struct Node
    {
        public long Time;
        public long Order;
        public ulong Hash;
        public TKey Key;
        public TNamespace Namespace;

        public readonly bool IsBefore(in Node other) => Time < other.Time || (Time == other.Time && Order < other.Order);
    }
}
