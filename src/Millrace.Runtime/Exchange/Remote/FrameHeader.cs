using System.Buffers.Binary;
using System.IO.Hashing;

namespace Millrace.Runtime.Exchange.Remote;

/// <summary>The head of every frame. docs/reference/exchange.md has the format.</summary>
/// <param name="Kind">What the frame carries.</param>
/// <param name="Channel">The channel that it belongs to.</param>
/// <param name="Epoch">The attempt of the job; frames of any other are refused.</param>
/// <param name="Sequence">Which frame of its channel and direction it is, counted from 0.</param>
internal readonly record struct FrameHeader(FrameKind Kind, ChannelId Channel, ulong Epoch, ulong Sequence)
{
    /// <summary>How many bytes the header takes; the payload follows.</summary>
    public const int Size = 40;

    private const int ChecksumOffset = 4;
    private const int ChecksummedFrom = 8;
    private const byte Version = 1;

    /// <summary>Makes room for the header at the beginning of an empty frame.</summary>
    public static void Reserve(FrameBuffer frame)
    {
        frame.GetSpan(Size);
        frame.Advance(Size);
    }

    /// <summary>Writes the header of a frame whose payload is complete.</summary>
    public void Seal(FrameBuffer frame)
    {
        var bytes = frame.Bytes;
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        bytes[8] = (byte)'M';
        bytes[9] = (byte)'R';
        bytes[10] = Version;
        bytes[11] = (byte)Kind;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], Channel.Edge);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], Channel.Producer);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[20..], Channel.Consumer);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], Sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[ChecksumOffset..], Checksum(bytes));
    }

    /// <summary>Reads the length of a frame from its first four bytes, for transports that deliver a stream of bytes.</summary>
    /// <exception cref="InvalidDataException">No frame has that length.</exception>
    public static int ReadLength(ReadOnlySpan<byte> start)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(start);
        return length is >= Size and <= FrameBuffer.MaxLength
            ? length
            : throw new InvalidDataException($"it says that it has {length} bytes, where {Size} to {FrameBuffer.MaxLength} are possible");
    }

    /// <summary>Reads and checks the header of a whole frame.</summary>
    /// <exception cref="InvalidDataException">The frame is damaged, or no frame at all; the message continues a sentence about it.</exception>
    public static FrameHeader Read(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < Size)
        {
            throw new InvalidDataException($"it ends after {frame.Length} bytes, within its header");
        }

        int length = ReadLength(frame);
        if (length != frame.Length)
        {
            throw new InvalidDataException($"it says that it has {length} bytes, but has {frame.Length}");
        }

        if (frame[8] != 'M' || frame[9] != 'R')
        {
            throw new InvalidDataException("it does not begin like a frame of Millrace");
        }

        if (frame[10] != Version)
        {
            throw new InvalidDataException($"it has format version {frame[10]}, where this worker speaks version {Version}");
        }

        uint stated = BinaryPrimitives.ReadUInt32LittleEndian(frame[ChecksumOffset..]);
        uint actual = Checksum(frame);
        if (stated != actual)
        {
            throw new InvalidDataException($"its checksum is {stated:x8}, but its bytes give {actual:x8}");
        }

        var kind = (FrameKind)frame[11];
        if (kind is not ((>= FrameKind.Batch and <= FrameKind.Closed) or FrameKind.Credit or FrameKind.Announcement or FrameKind.Message))
        {
            throw new InvalidDataException($"its kind is {frame[11]}, which is none");
        }

        var channel = new ChannelId(
            BinaryPrimitives.ReadInt32LittleEndian(frame[12..]),
            BinaryPrimitives.ReadInt32LittleEndian(frame[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(frame[20..]));
        return new FrameHeader(kind, channel, BinaryPrimitives.ReadUInt64LittleEndian(frame[24..]), BinaryPrimitives.ReadUInt64LittleEndian(frame[32..]));
    }

    /// <summary>The kind of a frame whose header has been checked.</summary>
    public static FrameKind KindOf(ReadOnlySpan<byte> frame) => (FrameKind)frame[11];

    // The length is the seed: a frame that was cut short does not pass.
    private static uint Checksum(ReadOnlySpan<byte> frame) => (uint)XxHash3.HashToUInt64(frame[ChecksummedFrom..], frame.Length);
}
