using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using K4os.Compression.LZ4;

namespace Millrace.Cluster.DataPlane;

/// <summary>
/// Writes frames to a stream: many small ones come together into one buffer, and so into one call of the system and one packet. Not safe for use by several threads.
/// </summary>
/// <param name="stream">The socket's, or TLS over it.</param>
/// <param name="compress">Whether frames are compressed.</param>
internal sealed class FrameWriter(Stream stream, bool compress)
{
    private const int BufferSize = 64 * 1024;

    private readonly byte[] _buffer = new byte[BufferSize];
    private int _length;

    private int Free => BufferSize - _length;

    /// <summary>Writes a frame, or a part of it; the rest at <see cref="FlushAsync"/>. The frame is not needed any more afterwards.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> frame)
    {
        if (compress && frame.Length >= WireFormat.CompressFrom)
        {
            return WriteCompressedAsync(frame);
        }

        if (frame.Length + WireFormat.HeaderSize > Free)
        {
            return WriteLargeAsync(ItemKind.Frame, frame);
        }

        Append(ItemKind.Frame, frame.Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>Writes why the connection is broken. The last item.</summary>
    public ValueTask WriteGoodbyeAsync(string reason)
    {
        byte[] bytes = new byte[WireFormat.MaxGoodbye];

        // Stops before the character that does not fit any more.
        Encoding.UTF8.GetEncoder().Convert(reason, bytes, flush: true, out _, out int length, out _);
        return WriteLargeAsync(ItemKind.Goodbye, bytes.AsMemory(0, length));
    }

    /// <summary>Sends what has come together.</summary>
    public ValueTask FlushAsync()
    {
        if (_length == 0)
        {
            return ValueTask.CompletedTask;
        }

        int length = _length;
        _length = 0;
        return stream.WriteAsync(_buffer.AsMemory(0, length));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteLargeAsync(ItemKind kind, ReadOnlyMemory<byte> item)
    {
        if (Free < WireFormat.HeaderSize)
        {
            await FlushAsync().ConfigureAwait(false);
        }

        WireFormat.WriteHeader(_buffer.AsSpan(_length), kind, item.Length);
        _length += WireFormat.HeaderSize;

        // The buffer is filled before it is sent, so that no packet is small but the last.
        int first = Math.Min(Free, item.Length);
        AppendRaw(item.Span[..first]);
        item = item[first..];
        if (item.Length >= BufferSize)
        {
            await FlushAsync().ConfigureAwait(false);
            await stream.WriteAsync(item).ConfigureAwait(false);
        }
        else if (item.Length > 0)
        {
            await FlushAsync().ConfigureAwait(false);
            AppendRaw(item.Span);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteCompressedAsync(ReadOnlyMemory<byte> frame)
    {
        const int Head = WireFormat.HeaderSize + WireFormat.CompressedPrefix;
        if (frame.Length + Head > Free)
        {
            await FlushAsync().ConfigureAwait(false);
        }

        if (frame.Length + Head <= BufferSize)
        {
            // Into its place. One that does not become smaller takes the place as it is.
            int length = Compress(frame.Span, _buffer.AsSpan(_length + WireFormat.HeaderSize));
            if (length < 0)
            {
                Append(ItemKind.Frame, frame.Span);
                return;
            }

            WireFormat.WriteHeader(_buffer.AsSpan(_length), ItemKind.Compressed, length);
            _length += WireFormat.HeaderSize + length;
            return;
        }

        byte[] scratch = ArrayPool<byte>.Shared.Rent(frame.Length);
        try
        {
            int length = Compress(frame.Span, scratch);
            await (length < 0 ? WriteLargeAsync(ItemKind.Frame, frame) : WriteLargeAsync(ItemKind.Compressed, scratch.AsMemory(0, length))).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    /// <returns>How long the item is; negative where it is not smaller than the frame.</returns>
    private static int Compress(ReadOnlySpan<byte> frame, Span<byte> to)
    {
        int length = LZ4Codec.Encode(frame, to[WireFormat.CompressedPrefix..(frame.Length - 1)], LZ4Level.L00_FAST);
        if (length <= 0)
        {
            return -1;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(to, (uint)frame.Length);
        return WireFormat.CompressedPrefix + length;
    }

    private void Append(ItemKind kind, ReadOnlySpan<byte> item)
    {
        WireFormat.WriteHeader(_buffer.AsSpan(_length), kind, item.Length);
        _length += WireFormat.HeaderSize;
        AppendRaw(item);
    }

    private void AppendRaw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }
}
