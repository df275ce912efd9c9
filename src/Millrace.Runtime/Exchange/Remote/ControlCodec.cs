using System.Diagnostics;
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
        _ => throw new UnreachableException($"{kind} is no control element."),
    };

    private static int ReadInt(ref BinaryInput input)
    {
        long value = input.ReadVarInt();
        return value == (int)value ? (int)value : throw new InvalidDataException($"{value} has more than 32 bits.");
    }
}
