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

    /// <param name="output">Where to.</param>
    /// <param name="element">The element.</param>
    /// <param name="now">The time by <see cref="Tasks.MonotonicClock"/>.</param>
    public static void Write(ref BinaryOutput output, in ControlElement element, long now)
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
                WriteBarrier(ref output, element.Checkpoint!, now);
                break;
            default:
                throw new UnreachableException($"{element.Kind} is no control element.");
        }
    }

    /// <exception cref="InvalidDataException">The bytes are no such element.</exception>
    public static ControlElement Read(ref BinaryInput input, FrameKind kind, long now) => kind switch
    {
        FrameKind.Watermark => ControlElement.Watermark(input.ReadVarInt()),
        FrameKind.Idle => ControlElement.Idle(input.ReadBoolean()),
        FrameKind.LatencyMarker => new ControlElement(ElementKind.LatencyMarker, input.ReadVarInt(), ReadInt(ref input), ReadInt(ref input)),
        FrameKind.EndOfInput => ControlElement.EndOfInput,
        FrameKind.Closed => ControlElement.Closed,
        FrameKind.Barrier => ControlElement.Barrier(ReadBarrier(ref input, now)),
        _ => throw new UnreachableException($"{kind} is no control element."),
    };

    // Clocks of two machines have nothing to do with each other: how old a barrier is and how old it must be to overtake are carried, both in milliseconds, and no times but the one for people.
    public static void WriteBarrier(ref BinaryOutput output, CheckpointBarrier barrier, long now)
    {
        output.WriteVarInt(barrier.CheckpointId);
        output.WriteVarInt(barrier.Timestamp);
        output.WriteByte((byte)barrier.Kind);
        output.WriteByte((byte)barrier.Alignment);
        output.WriteVarInt(barrier.OvertakeAfter);
        output.WriteVarInt(Math.Max(0, now - barrier.BegunAt));
        output.WriteBoolean(barrier.StopsSources);
        output.WriteString(barrier.Folder ?? "");
    }

    public static CheckpointBarrier ReadBarrier(ref BinaryInput input, long now)
    {
        long id = input.ReadVarInt();
        long timestamp = input.ReadVarInt();
        var kind = (SnapshotKind)input.ReadByte();
        var alignment = (BarrierAlignment)input.ReadByte();
        long overtakeAfter = input.ReadVarInt();
        long age = input.ReadVarInt();
        bool stops = input.ReadBoolean();
        string folder = input.ReadString();
        if (kind > SnapshotKind.NativeSavepoint || alignment > BarrierAlignment.AlignedWithTimeout)
        {
            throw new InvalidDataException($"A barrier is of kind {(int)kind} and alignment {(int)alignment}, which there are not.");
        }

        if (overtakeAfter < 0 || age < 0)
        {
            throw new InvalidDataException($"A barrier is {age} ms old and overtakes after {overtakeAfter} ms: neither can be negative.");
        }

        return new CheckpointBarrier(id, timestamp, kind, alignment, overtakeAfter, folder.Length == 0 ? null : folder, stops) { BegunAt = now - age };
    }

    private static int ReadInt(ref BinaryInput input)
    {
        long value = input.ReadVarInt();
        return value == (int)value ? (int)value : throw new InvalidDataException($"{value} has more than 32 bits.");
    }
}
