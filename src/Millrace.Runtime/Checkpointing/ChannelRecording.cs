using System.Buffers;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Graph;
using Millrace.Serialization;

namespace Millrace.Runtime.Checkpointing;

/// <summary>What a barrier has overtaken in one channel.</summary>
/// <param name="edge">The edge.</param>
/// <param name="producer">The producing subtask.</param>
/// <param name="consumer">The consuming subtask.</param>
/// <param name="isOutput">Whether the producer records, and not the consumer.</param>
internal abstract class ChannelRecording(string edge, int producer, int consumer, bool isOutput)
{
    public string Edge { get; } = edge;

    public int Producer { get; } = producer;

    public int Consumer { get; } = consumer;

    public bool IsOutput { get; } = isOutput;

    /// <summary>How the edge deals records out.</summary>
    public PartitioningKind Partitioning { get; init; }

    /// <summary>How records are written.</summary>
    public abstract TypeSchema Schema { get; }

    /// <summary>How many batches and control elements there are.</summary>
    public abstract int Count { get; }

    /// <summary>Writes them. Called once, on any thread, when nothing is added any more.</summary>
    public abstract void Write(Stream stream);
}

/// <summary>What a barrier has overtaken in one channel.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="edge">The edge.</param>
/// <param name="producer">The producing subtask.</param>
/// <param name="consumer">The consuming subtask.</param>
/// <param name="isOutput">Whether the producer records, and not the consumer.</param>
/// <param name="serializer">Writes records.</param>
/// <remarks>
/// The bytes: for each element its kind (of a frame) as a byte, the length of what follows as a varint, and the payload as the remote exchange encodes it.
/// </remarks>
internal sealed class ChannelRecording<T>(string edge, int producer, int consumer, bool isOutput, TypeSerializer<T> serializer)
    : ChannelRecording(edge, producer, consumer, isOutput)
{
    private readonly List<(long Position, StreamElement<T> Element)> _elements = [];

    public override TypeSchema Schema => serializer.Schema;

    public override int Count => _elements.Count;

    /// <summary>Copies an element. What says nothing after a restore (markers, barriers, ends, which all come again) is left out.</summary>
    /// <param name="element">The element.</param>
    /// <param name="position">Its number in the channel; -1 for one that is certainly before the barrier.</param>
    public void Add(in StreamElement<T> element, long position = -1)
    {
        if (element.Batch is { } batch)
        {
            Add(batch, 0, position);
        }
        else if (element.Control.Kind is ElementKind.Watermark or ElementKind.Idle)
        {
            _elements.Add((position, element));
        }
    }

    /// <summary>Copies the rest of a batch. Records are immutable, batches are not.</summary>
    public void Add(RecordBatch<T> batch, int start, long position = -1)
    {
        if (start < batch.Count)
        {
            var copy = new RecordBatch<T>(batch.Count - start);
            copy.Append(batch, start, batch.Count - start);
            _elements.Add((position, new StreamElement<T>(copy)));
        }
    }

    /// <summary>Takes out what has turned out to be behind the barrier.</summary>
    public void RemoveFrom(long position) => _elements.RemoveAll(element => element.Position >= position);

    public override void Write(Stream stream)
    {
        var payload = new ArrayBufferWriter<byte>();
        var front = new ArrayBufferWriter<byte>();
        foreach (var (_, element) in _elements)
        {
            payload.ResetWrittenCount();
            var output = new BinaryOutput(payload);
            if (element.Batch is { } batch)
            {
                BatchCodec.Write(ref output, batch, serializer);
            }
            else
            {
                // No barrier is among them, so the time does not matter.
                ControlCodec.Write(ref output, element.Control, now: 0);
            }

            output.Flush();
            front.ResetWrittenCount();
            var head = new BinaryOutput(front);
            head.WriteByte((byte)(element.Batch is null ? ControlCodec.KindOf(element.Control.Kind) : FrameKind.Batch));
            head.WriteVarUInt((ulong)payload.WrittenCount);
            head.Flush();
            stream.Write(front.WrittenSpan);
            stream.Write(payload.WrittenSpan);
        }
    }

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="count">How many elements there are.</param>
    /// <param name="serializer">Reads records.</param>
    /// <exception cref="InvalidDataException">The bytes are not such elements.</exception>
    public static List<StreamElement<T>> Read(ReadOnlySpan<byte> bytes, int count, TypeSerializer<T> serializer)
    {
        var elements = new List<StreamElement<T>>(count);
        var input = new BinaryInput(bytes);
        for (int i = 0; i < count; i++)
        {
            var kind = (FrameKind)input.ReadByte();
            int length = input.ReadLength();
            var payload = new BinaryInput(input.ReadRaw(length));
            elements.Add(kind == FrameKind.Batch
                ? new StreamElement<T>(BatchCodec.Read(ref payload, serializer))
                : new StreamElement<T>(ControlCodec.Read(ref payload, kind, now: 0)));
            if (payload.Remaining > 0)
            {
                throw new InvalidDataException($"{payload.Remaining} of {length} bytes of element {i} are left behind it");
            }
        }

        return input.Remaining == 0 ? elements : throw new InvalidDataException($"{input.Remaining} bytes follow the last of {count} elements in flight");
    }
}
