using System.Buffers.Binary;
using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Cluster.DataPlane;

/// <summary>What an item on the wire is. Two bits before its length.</summary>
internal enum ItemKind
{
    /// <summary>A frame as it is.</summary>
    Frame = 0,

    /// <summary>A frame, compressed: its length, then an LZ4 block.</summary>
    Compressed = 1,

    /// <summary>Why the other end breaks the connection, as UTF-8. The last item.</summary>
    Goodbye = 2,
}

/// <summary>
/// What stands before each item once a connection is made: four bytes, its kind in the upper two bits, how many bytes follow in the rest. docs/reference/exchange.md has the format.
/// </summary>
internal static class WireFormat
{
    public const int HeaderSize = 4;

    /// <summary>A compressed item begins with the length that it had before.</summary>
    public const int CompressedPrefix = 4;

    /// <summary>Frames that are not longer are not worth compressing: credits, watermarks, the rests of batches.</summary>
    public const int CompressFrom = 512;

    /// <summary>The longest goodbye.</summary>
    public const int MaxGoodbye = 1024;

    // No LZ4 block becomes more than 255 times as long: a bound of what a small item can ask for.
    private const long MaxRatio = 255;
    private const int KindShift = 30;
    private const uint LengthMask = (1u << KindShift) - 1;

    public static void WriteHeader(Span<byte> to, ItemKind kind, int length) => BinaryPrimitives.WriteUInt32LittleEndian(to, ((uint)kind << KindShift) | (uint)length);

    /// <exception cref="InvalidDataException">No item begins so.</exception>
    public static (ItemKind Kind, int Length) ReadHeader(ReadOnlySpan<byte> from)
    {
        uint header = BinaryPrimitives.ReadUInt32LittleEndian(from);
        var kind = (ItemKind)(header >> KindShift);
        int length = (int)(header & LengthMask);
        var (least, most) = kind switch
        {
            ItemKind.Frame => (0, FrameBuffer.MaxLength),
            ItemKind.Compressed => (CompressedPrefix + 1, FrameBuffer.MaxLength),
            ItemKind.Goodbye => (0, MaxGoodbye),
            _ => throw new InvalidDataException($"an item begins with {header:x8}, which is the beginning of none"),
        };
        return length >= least && length <= most
            ? (kind, length)
            : throw new InvalidDataException($"an item ({kind}) says that it has {length} bytes, where {least} to {most} are possible");
    }

    /// <summary>Reads how long a compressed frame is without compression.</summary>
    /// <exception cref="InvalidDataException">It cannot be that long.</exception>
    public static int ReadOriginalLength(ReadOnlySpan<byte> item)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(item);
        long most = Math.Min(FrameBuffer.MaxLength, (item.Length - CompressedPrefix) * MaxRatio);
        return length > 0 && length <= most
            ? (int)length
            : throw new InvalidDataException($"a compressed frame of {item.Length} bytes says that it has {length}, where {most} is the most that is possible");
    }
}
