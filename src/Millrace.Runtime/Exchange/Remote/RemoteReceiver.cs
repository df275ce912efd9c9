using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;

namespace Millrace.Runtime.Exchange.Remote;

/// <summary>
/// The consumer's end of a channel from another worker: the part that does not know the type of the records. Frames wait in a ring, as bytes,
/// until the consumer takes them.
/// </summary>
internal abstract class RemoteReceiver
{
    private readonly DataLink _link;
    private readonly int _capacity;
    private readonly int _bundle;
    private readonly Actor _consumer;
    private readonly Mailbox _mailbox;
    private readonly FrameBuffer?[] _ring;
    private readonly int _mask;
    private long _received;
    private long _consumed;
    private long _granted;
    private ulong _creditFrames;
    private readonly PendingAnnouncements _pending = new();
    private Action<BarrierAnnouncement>? _announced;
    private volatile bool _ended;

    protected RemoteReceiver(DataLink link, ChannelId id, int capacity, Actor consumer, Mailbox mailbox)
    {
        Id = id;
        _link = link;
        _capacity = capacity;

        // Half a channel at a time: a quarter of the frames would be credits otherwise, and the producer still has the other half to go on with.
        _bundle = Math.Max(1, capacity / 2);
        _consumer = consumer;
        _mailbox = mailbox;
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)capacity);
        _ring = new FrameBuffer?[size];
        _mask = size - 1;
    }

    public ChannelId Id { get; }

    /// <summary>The time by <see cref="MonotonicClock"/>.</summary>
    public long Now => _consumer.Scheduler.TimeProvider.GetMilliseconds();

    protected DataLink Link => _link;

    /// <summary>Grants the first credits. Once, before anything is received.</summary>
    public void Open() => Grant(_capacity);

    /// <summary>Puts a frame into the ring, and takes it. On the connection's turn.</summary>
    /// <exception cref="InvalidDataException">No producer of this channel can have sent that; the frame is not taken.</exception>
    public void Accept(in FrameHeader header, FrameBuffer frame)
    {
        if (header.Sequence != (ulong)_received)
        {
            throw new InvalidDataException($"it is element {header.Sequence} of its channel, where {_received} is next");
        }

        if (_ended)
        {
            throw new InvalidDataException("its channel has ended before");
        }

        if (_received >= Volatile.Read(ref _granted))
        {
            throw new InvalidDataException($"its channel has no credit: {_received} elements were granted and have been sent");
        }

        Debug.Assert(_received - Volatile.Read(ref _consumed) < _capacity, "Credits bound what waits.");
        _ended = header.Kind == FrameKind.Closed || (header.Kind == FrameKind.EndOfInput && !_link.BarriersFollowTheEnd);
        _ring[(int)_received & _mask] = frame;
        Volatile.Write(ref _received, _received + 1);
        _consumer.Wake();
    }

    /// <summary>Fails the consumer, unless all that it has to receive is here.</summary>
    public void Fail(Exception error)
    {
        if (!_ended)
        {
            _mailbox.Post(() => throw error);
        }
    }

    public long Taken => _consumed;

    public void OnAnnounced(Action<BarrierAnnouncement> announced) => Volatile.Write(ref _announced, announced);

    /// <summary>Takes an announced barrier. Called on the connection's turn.</summary>
    public void Announced(in FrameHeader header, CheckpointBarrier barrier)
    {
        // The connection keeps the order, so all that was sent before is here.
        if (header.Sequence != (ulong)_received)
        {
            throw new InvalidDataException($"it announces a barrier behind {header.Sequence} elements of its channel, where {_received} have come");
        }

        var announcement = new BarrierAnnouncement(barrier, _received);
        _pending.Add(announcement.Position);
        _mailbox.Post(() =>
        {
            _pending.Remove();
            Volatile.Read(ref _announced)?.Invoke(announcement);
        });
    }

    protected void PeekFrames(Func<long, FrameBuffer, bool> visit)
    {
        long end = Volatile.Read(ref _received);
        for (long position = _consumed; position < end && visit(position, _ring[(int)position & _mask]!); position++)
        {
        }
    }

    protected bool TryTake([NotNullWhen(true)] out FrameBuffer? frame)
    {
        long consumed = _consumed;
        if (consumed == Volatile.Read(ref _received) || _pending.IsBehind(consumed))
        {
            frame = null;
            return false;
        }

        ref var place = ref _ring[(int)consumed & _mask];
        frame = place!;
        place = null;
        Volatile.Write(ref _consumed, consumed + 1);
        return true;
    }

    /// <summary>Gives credits back, when enough have come together. After the frame that was taken is decoded.</summary>
    protected void GiveBack()
    {
        long owed = _consumed + _capacity - _granted;
        if (owed >= _bundle && !(_ended && _consumed == Volatile.Read(ref _received)))
        {
            Grant((int)owed);
        }
    }

    private void Grant(int count)
    {
        // Before the frame leaves: the producer may spend the credits before the receiver has counted.
        Volatile.Write(ref _granted, _granted + count);
        var frame = FrameBuffer.Rent();
        FrameHeader.Reserve(frame);
        var output = new BinaryOutput(frame);
        output.WriteVarUInt((ulong)count);
        output.Flush();
        new FrameHeader(FrameKind.Credit, Id, _link.Epoch, _creditFrames++).Seal(frame);
        _link.Send(frame);
    }
}

/// <summary>
/// The consumer's end of a channel from another worker. Decodes on the consumer's turn, so that a slow serializer slows down its own
/// subtask and not its neighbours on the connection.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class RemoteReceiver<T>(
    DataLink link, ChannelId id, int capacity, int batchSize, Actor consumer, Mailbox mailbox, TypeSerializer<T> serializer, PartialFormat? partials = null)
    : RemoteReceiver(link, id, capacity, consumer, mailbox), IChannelReceiver<T>
{
    private bool _failed;

    public bool TryReceive(out StreamElement<T> element)
    {
        element = default;
        if (_failed || !TryTake(out var frame))
        {
            return false;
        }

        try
        {
            element = Decode(frame.Bytes);
        }
        catch (Exception error)
        {
            // The subtask fails by mail, as all others that the connection served do.
            _failed = true;
            Link.Refuse(Id, $"its payload cannot be read: {error.Message}", error);
            return false;
        }
        finally
        {
            frame.Return();
        }

        GiveBack();
        return true;
    }

    public void Peek(Func<long, StreamElement<T>, bool> visit) => PeekFrames((position, frame) => visit(position, Decode(frame.Bytes)));

    private RecordBatch<T> ReadBatch(ref BinaryInput input)
    {
        var batch = BatchCodec.Read(ref input, serializer, batchSize);
        batch.Partials = partials?.Read(ref input, batch.Count, batch.Capacity);
        return batch;
    }

    private StreamElement<T> Decode(ReadOnlySpan<byte> frame)
    {
        var kind = FrameHeader.KindOf(frame);
        var input = new BinaryInput(frame[FrameHeader.Size..]);
        var element = kind == FrameKind.Batch
            ? new StreamElement<T>(ReadBatch(ref input))
            : new StreamElement<T>(ControlCodec.Read(ref input, kind, kind == FrameKind.Barrier ? Now : 0));
        return input.Remaining == 0 ? element : throw new InvalidDataException($"{input.Remaining} bytes follow its end.");
    }
}
