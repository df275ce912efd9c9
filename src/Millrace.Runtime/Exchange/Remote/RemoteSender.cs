using System.Diagnostics;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;

namespace Millrace.Runtime.Exchange.Remote;

/// <summary>The producer's end of a channel to another worker: the part that does not know the type of the records.</summary>
/// <remarks>Invariant: <c>consumed ≤ sent ≤ granted ≤ consumed + capacity</c>, hence never more than <c>capacity</c> elements under way.</remarks>
internal abstract class RemoteSender(ChannelId id, int capacity, Actor producer, Mailbox mailbox, bool barriersFollowTheEnd)
{
    private long _sent;
    private long _granted;
    private long _creditFrames;
    private int _producerWaits;
    private volatile bool _ended;

    public ChannelId Id { get; } = id;

    /// <summary>The time by <see cref="MonotonicClock"/>.</summary>
    protected long Now => producer.Scheduler.TimeProvider.GetMilliseconds();

    /// <summary>Takes what the consumer grants. On the connection's turn.</summary>
    /// <exception cref="InvalidDataException">No consumer of this channel can have sent that.</exception>
    public void Grant(in FrameHeader header, ref BinaryInput payload)
    {
        if (header.Sequence != (ulong)_creditFrames)
        {
            throw new InvalidDataException($"it is credit {header.Sequence} of its channel, where {_creditFrames} is next");
        }

        ulong count = payload.ReadVarUInt();
        long granted = Volatile.Read(ref _granted);
        if (payload.Remaining > 0 || count == 0 || count > (ulong)capacity || granted + (long)count - Volatile.Read(ref _sent) > capacity)
        {
            throw new InvalidDataException($"it grants {count} elements, which together with what was granted before is more than the {capacity} that a channel holds, or none");
        }

        _creditFrames++;
        Volatile.Write(ref _granted, granted + (long)count);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _producerWaits) != 0)
        {
            Volatile.Write(ref _producerWaits, 0);
            producer.Wake();
        }
    }

    /// <summary>Fails the producer, unless all that it had to send is sent: then the consumer knows whether it arrived.</summary>
    public void Fail(Exception error)
    {
        if (!_ended)
        {
            mailbox.Post(() => throw error);
        }
    }

    protected bool HasCredit()
    {
        if (_sent < Volatile.Read(ref _granted))
        {
            return true;
        }

        // Announce the wait before looking again: credit is added before a waiting producer is looked for.
        Volatile.Write(ref _producerWaits, 1);
        Interlocked.MemoryBarrier();
        if (_sent == Volatile.Read(ref _granted))
        {
            return false;
        }

        Volatile.Write(ref _producerWaits, 0);
        return true;
    }

    /// <summary>Spends a credit on the next frame.</summary>
    /// <returns>The frame's sequence number.</returns>
    /// <summary>How many elements have been sent.</summary>
    protected long Sent => _sent;

    protected ulong Spend(FrameKind kind)
    {
        Debug.Assert(!_ended, "Nothing follows the end.");
        Debug.Assert(_sent < Volatile.Read(ref _granted), "Every element has a credit.");
        _ended = kind == FrameKind.Closed || (kind == FrameKind.EndOfInput && !barriersFollowTheEnd);
        long sequence = _sent;

        // Before the frame leaves: the consumer may grant the place anew before the sender has counted.
        Volatile.Write(ref _sent, sequence + 1);
        return (ulong)sequence;
    }
}

/// <summary>The producer's end of a channel to another worker. Encodes on the producer's turn, so that many producers share the work.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class RemoteSender<T>(DataLink link, ChannelId id, int capacity, Actor producer, Mailbox mailbox, TypeSerializer<T> serializer, PartialFormat? partials = null)
    : RemoteSender(id, capacity, producer, mailbox, link.BarriersFollowTheEnd), IChannelSender<T>
{
    public void Announce(CheckpointBarrier barrier)
    {
        var frame = FrameBuffer.Rent();
        FrameHeader.Reserve(frame);
        var output = new BinaryOutput(frame);
        ControlCodec.WriteBarrier(ref output, barrier, Now);
        output.Flush();
        new FrameHeader(FrameKind.Announcement, Id, link.Epoch, (ulong)Sent).Seal(frame);
        link.Send(frame);
    }

    public bool TrySend(in StreamElement<T> element)
    {
        if (!HasCredit())
        {
            return false;
        }

        var kind = element.Batch is null ? ControlCodec.KindOf(element.Control.Kind) : FrameKind.Batch;
        var frame = FrameBuffer.Rent();
        try
        {
            FrameHeader.Reserve(frame);
            var output = new BinaryOutput(frame);
            if (element.Batch is { } batch)
            {
                BatchCodec.Write(ref output, batch, serializer);
                partials?.Write(ref output, batch.Partials, batch.Count);
            }
            else
            {
                ControlCodec.Write(ref output, element.Control, element.Control.Kind == ElementKind.Barrier ? Now : 0);
            }

            output.Flush();
        }
        catch
        {
            // A serializer failed, or the batch is too large: the subtask fails with it, and the connection is as it was.
            frame.Return();
            throw;
        }

        new FrameHeader(kind, Id, link.Epoch, Spend(kind)).Seal(frame);
        link.Send(frame);
        if (element.Batch is { } sent)
        {
            BatchPool<T>.Return(sent);
        }

        return true;
    }
}
