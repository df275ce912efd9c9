using System.Buffers.Binary;
using System.Text;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Serialization;

namespace Millrace.Cluster.DataPlane;

/// <summary>What the end that dials says first. One of the two keys says what the connection is for.</summary>
/// <param name="ClusterId">The cluster that it belongs to.</param>
/// <param name="To">The id of the worker that it wants: another one may listen at its address by now.</param>
/// <param name="From">The worker that dials.</param>
/// <param name="Data">For records: of which attempt.</param>
/// <param name="Control">For orders: of which coordinator.</param>
/// <param name="Compress">Whether it wants compressed frames.</param>
internal sealed record Hello(string ClusterId, string To, WorkerInfo From, DataConnectionKey? Data, ControlConnectionKey? Control, bool Compress);

/// <summary>What the end that is dialed answers.</summary>
/// <param name="Compress">Whether frames are compressed, because one of the two wants it.</param>
/// <param name="Refusal">Why there is no connection; <see langword="null"/> where there is one.</param>
internal sealed record HelloReply(bool Compress, string? Refusal);

/// <summary>The first bytes of a connection in each direction. docs/reference/exchange.md has the format.</summary>
internal static class Handshake
{
    public const ushort Version = 1;

    /// <summary>The longest that follows the head of a hello or a reply.</summary>
    public const int MaxLength = 16 * 1024;

    // Magic, version, length.
    private const int HeadSize = 12;
    private const int VersionOffset = 8;
    private const int LengthOffset = 10;
    private const byte ForData = 1;
    private const byte ForControl = 2;

    private static ReadOnlySpan<byte> HelloMagic => "MILLRACE"u8;

    private static ReadOnlySpan<byte> ReplyMagic => "MILLRPLY"u8;

    public static async ValueTask WriteAsync(Stream stream, Hello hello, CancellationToken cancellationToken) =>
        await stream.WriteAsync(Encode(hello), cancellationToken).ConfigureAwait(false);

    public static async ValueTask WriteAsync(Stream stream, HelloReply reply, CancellationToken cancellationToken) =>
        await stream.WriteAsync(Encode(reply), cancellationToken).ConfigureAwait(false);

    /// <exception cref="InvalidDataException">It is none; the message ends a sentence.</exception>
    public static async ValueTask<Hello> ReadHelloAsync(Stream stream, CancellationToken cancellationToken) =>
        DecodeHello(await ReadAsync(stream, isHello: true, cancellationToken).ConfigureAwait(false));

    /// <exception cref="InvalidDataException">It is none; the message ends a sentence.</exception>
    public static async ValueTask<HelloReply> ReadReplyAsync(Stream stream, CancellationToken cancellationToken) =>
        DecodeReply(await ReadAsync(stream, isHello: false, cancellationToken).ConfigureAwait(false));

    public static byte[] Encode(Hello hello)
    {
        var buffer = FrameBuffer.Rent();
        var output = new BinaryOutput(buffer);
        output.WriteByte(hello.Data is not null ? ForData : ForControl);
        output.WriteBoolean(hello.Compress);
        output.WriteString(hello.ClusterId);
        output.WriteString(hello.To);
        output.WriteString(hello.From.Id);
        output.WriteString(hello.From.Name);
        output.WriteString(hello.From.Host);
        output.WriteVarInt(hello.From.Port);
        output.WriteVarInt(hello.From.Slots);
        if (hello.Data is { } data)
        {
            output.WriteString(data.JobId);
            output.WriteVarInt(data.Term);
            output.WriteVarInt(data.Epoch);
            output.WriteVarInt(data.Attempt);
        }
        else
        {
            output.WriteString(hello.Control!.JobId);
            output.WriteString(hello.Control.JobName);
            output.WriteVarInt(hello.Control.Term);
        }

        output.Flush();
        return Complete(HelloMagic, buffer);
    }

    public static byte[] Encode(HelloReply reply)
    {
        var buffer = FrameBuffer.Rent();
        var output = new BinaryOutput(buffer);
        output.WriteBoolean(reply.Compress);
        output.WriteBoolean(reply.Refusal is not null);
        string refusal = reply.Refusal ?? "";

        // Words for people: cut where they would be too long for a reply in the longest encoding.
        output.WriteString(refusal.Length <= MaxLength / 8 ? refusal : string.Concat(refusal.AsSpan(0, MaxLength / 8 - 1), "…"));
        output.Flush();
        return Complete(ReplyMagic, buffer);
    }

    private static byte[] Complete(ReadOnlySpan<byte> magic, FrameBuffer payload)
    {
        if (payload.Length > MaxLength)
        {
            payload.Return();
            throw new InvalidDataException($"the names of the cluster, the job and the workers take more than {MaxLength} bytes");
        }

        byte[] bytes = new byte[HeadSize + payload.Length];
        magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(VersionOffset), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(LengthOffset), (ushort)payload.Length);
        payload.Bytes.CopyTo(bytes.AsSpan(HeadSize));
        payload.Return();
        return bytes;
    }

    private static async ValueTask<byte[]> ReadAsync(Stream stream, bool isHello, CancellationToken cancellationToken)
    {
        byte[] head = new byte[HeadSize];
        await stream.ReadExactlyAsync(head, cancellationToken).ConfigureAwait(false);
        byte[] payload = new byte[CheckHead(head, isHello ? HelloMagic : ReplyMagic)];
        await stream.ReadExactlyAsync(payload, cancellationToken).ConfigureAwait(false);
        return payload;
    }

    private static int CheckHead(ReadOnlySpan<byte> head, ReadOnlySpan<byte> magic)
    {
        if (!head.StartsWith(magic))
        {
            throw new InvalidDataException($"it begins with the bytes {Convert.ToHexStringLower(head)}, as no worker does");
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(head[VersionOffset..]);
        if (version != Version)
        {
            throw new InvalidDataException($"it speaks version {version} of the protocol, and this worker version {Version}");
        }

        int length = BinaryPrimitives.ReadUInt16LittleEndian(head[LengthOffset..]);
        return length <= MaxLength ? length : throw new InvalidDataException($"its handshake is to have {length} bytes, where {MaxLength} are the most");
    }

    private static Hello DecodeHello(byte[] payload) => Decode(payload, static (ref BinaryInput input) =>
    {
        byte purpose = input.ReadByte();
        bool compress = input.ReadBoolean();
        string cluster = input.ReadString();
        string to = input.ReadString();
        var from = new WorkerInfo(input.ReadString(), input.ReadString(), input.ReadString(), checked((int)input.ReadVarInt()), checked((int)input.ReadVarInt()));
        return purpose switch
        {
            ForData => new Hello(
                cluster, to, from, new DataConnectionKey(input.ReadString(), input.ReadVarInt(), input.ReadVarInt(), checked((int)input.ReadVarInt())), null, compress),
            ForControl => new Hello(cluster, to, from, null, new ControlConnectionKey(input.ReadString(), input.ReadString(), input.ReadVarInt()), compress),
            _ => throw new InvalidDataException($"it is for {purpose}, which is nothing"),
        };
    });

    private static HelloReply DecodeReply(byte[] payload) => Decode(payload, static (ref BinaryInput input) =>
    {
        bool compress = input.ReadBoolean();
        bool isRefused = input.ReadBoolean();
        string refusal = input.ReadString();
        return new HelloReply(compress, isRefused ? refusal : null);
    });

    private delegate T Decoder<T>(ref BinaryInput input);

    private static T Decode<T>(byte[] payload, Decoder<T> decode)
    {
        try
        {
            var input = new BinaryInput(payload);
            var value = decode(ref input);
            return input.Remaining == 0 ? value : throw new InvalidDataException($"it has {input.Remaining} bytes too many");
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or OverflowException or DecoderFallbackException)
        {
            throw new InvalidDataException($"its handshake cannot be read: {error.Message}", error);
        }
    }
}
