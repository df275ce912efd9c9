using System.Diagnostics;
using Millrace.Runtime.Checkpointing;
using Millrace.Serialization;

namespace Millrace.Runtime.Exchange.Remote;

/// <summary>The payloads of control elements.</summary>
internal static class ControlCodec
{
    public static FrameKind KindOf(ElementKind kind) => kind switch
    {
        ElementKind.Batch => FrameKind.Batch,
        ElementKind.Watermark => FrameKind.Watermark,
        ElementKind.Idle => FrameKind.Idle,
        ElementKind.LatencyMarker => FrameKind.LatencyMarker,
        ElementKind.EndOfInput => FrameKind.EndOfInput,
        ElementKind.Barrier => FrameKind.Barrier,
        ElementKind.Closed => FrameKind.Closed,
        _ => throw new UnreachableException($"{kind} has no frame."),
    };

    public static void Write(ref BinaryOutput output, in ControlElement element)
    {
        switch (element.Kind)
        {
            case ElementKind.Watermark:
                output.WriteVarInt(element.Value);
                break;
            case ElementKind.Idle:
                output.WriteBoolean(element.Value != 0);
                break;
            case ElementKind.LatencyMarker:
                output.WriteVarInt(element.Value);
                output.WriteVarInt(element.Source);
                output.WriteVarInt(element.Subtask);
                break;
            case ElementKind.EndOfInput:
            case ElementKind.Closed:
                break;
            case ElementKind.Barrier:
                WriteBarrier(ref output, element.Checkpoint!);
                break;
            default:
                throw new UnreachableException($"{element.Kind} is no control element.");
        }
    }

    /// <exception cref="InvalidDataException">The bytes are no such element.</exception>
    public static ControlElement Read(ref BinaryInput input, FrameKind kind) => kind switch
    {
        FrameKind.Watermark => ControlElement.Watermark(input.ReadVarInt()),
        FrameKind.Idle => ControlElement.Idle(input.ReadBoolean()),
        FrameKind.LatencyMarker => new ControlElement(ElementKind.LatencyMarker, input.ReadVarInt(), ReadInt(ref input), ReadInt(ref input)),
        FrameKind.EndOfInput => ControlElement.EndOfInput,
        FrameKind.Closed => ControlElement.Closed,
        FrameKind.Barrier => ControlElement.Barrier(ReadBarrier(ref input)),
        _ => throw new UnreachableException($"{kind} is no control element."),
    };

    public static void WriteBarrier(ref BinaryOutput output, CheckpointBarrier barrier)
    {
        output.WriteVarInt(barrier.CheckpointId);
        output.WriteVarInt(barrier.Timestamp);
        output.WriteByte((byte)barrier.Kind);
        output.WriteByte((byte)barrier.Alignment);
        output.WriteVarInt(barrier.OvertakeAt);
        output.WriteBoolean(barrier.StopsSources);
        output.WriteString(barrier.Folder ?? "");
    }

    public static CheckpointBarrier ReadBarrier(ref BinaryInput input)
    {
        long id = input.ReadVarInt();
        long timestamp = input.ReadVarInt();
        var kind = (SnapshotKind)input.ReadByte();
        var alignment = (BarrierAlignment)input.ReadByte();
        long overtakeAt = input.ReadVarInt();
        bool stops = input.ReadBoolean();
        string folder = input.ReadString();
        if (kind > SnapshotKind.NativeSavepoint || alignment > BarrierAlignment.AlignedWithTimeout)
        {
            throw new InvalidDataException($"A barrier is of kind {(int)kind} and alignment {(int)alignment}, which there are not.");
        }

        return new CheckpointBarrier(id, timestamp, kind, alignment, overtakeAt, folder.Length == 0 ? null : folder, stops);
    }

    private static int ReadInt(ref BinaryInput input)
    {
        long value = input.ReadVarInt();
        return value == (int)value ? (int)value : throw new InvalidDataException($"{value} has more than 32 bits.");
    }
}
