using System.Numerics;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Exchange;

/// <summary>
/// A channel inside a process: a bounded ring with one producer and one consumer. A free place is a credit. Nothing is copied or serialized:
/// the batch changes its owner.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class LocalChannel<T> : IChannelSender<T>, IChannelReceiver<T>
{
    private readonly StreamElement<T>[] _ring;
    private readonly int _mask;
    private readonly Actor _producer;
    private readonly Actor _consumer;
    private readonly Mailbox? _consumerMailbox;
    private readonly PendingAnnouncements _pending = new();
    private Action<BarrierAnnouncement>? _announced;
    private RingPositions _positions;

    /// <param name="capacity">How many elements fit, rounded up to a power of two.</param>
    /// <param name="producer">Woken when there is room.</param>
    /// <param name="consumer">Woken when there is an element.</param>
    /// <param name="consumerMailbox">Takes announced barriers; not needed where there are none.</param>
    public LocalChannel(int capacity, Actor producer, Actor consumer, Mailbox? consumerMailbox = null)
    {
        _consumerMailbox = consumerMailbox;
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(capacity, 2));
        _ring = new StreamElement<T>[size];
        _mask = size - 1;
        _producer = producer;
        _consumer = consumer;
    }

    public long Taken => _positions.Head;

    public void OnAnnounced(Action<BarrierAnnouncement> announced) => Volatile.Write(ref _announced, announced);

    public void Announce(CheckpointBarrier barrier)
    {
        var announcement = new BarrierAnnouncement(barrier, _positions.Tail);
        if (_consumerMailbox is null)
        {
            return;
        }

        _pending.Add(announcement.Position);
        _consumerMailbox.Post(() =>
        {
            _pending.Remove();
            Volatile.Read(ref _announced)?.Invoke(announcement);
        });
    }

    public void Peek(Func<long, StreamElement<T>, bool> visit)
    {
        long tail = Volatile.Read(ref _positions.Tail);
        for (long position = _positions.Head; position < tail && visit(position, _ring[(int)position & _mask]); position++)
        {
        }
    }

    public bool TrySend(in StreamElement<T> element)
    {
        long tail = _positions.Tail;
        if (tail - Volatile.Read(ref _positions.Head) > _mask)
        {
            // Announce the wait before looking again: the consumer frees a place before it looks for a waiting producer.
            Volatile.Write(ref _positions.ProducerWaits, 1);
            Interlocked.MemoryBarrier();
            if (tail - Volatile.Read(ref _positions.Head) > _mask)
            {
                return false;
            }

            Volatile.Write(ref _positions.ProducerWaits, 0);
        }

        _ring[(int)tail & _mask] = element;
        Volatile.Write(ref _positions.Tail, tail + 1);
        _consumer.Wake();
        return true;
    }

    public bool TryReceive(out StreamElement<T> element)
    {
        long head = _positions.Head;
        if (head == Volatile.Read(ref _positions.Tail) || _pending.IsBehind(head))
        {
            // The announcement itself wakes the consumer.
            element = default;
            return false;
        }

        ref var place = ref _ring[(int)head & _mask];
        element = place;
        place = default;
        Volatile.Write(ref _positions.Head, head + 1);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _positions.ProducerWaits) != 0)
        {
            Volatile.Write(ref _positions.ProducerWaits, 0);
            _producer.Wake();
        }

        return true;
    }
}
