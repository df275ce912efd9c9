using System.Runtime.CompilerServices;
using System.Text;
using K4os.Compression.LZ4;
using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Cluster.DataPlane;

/// <summary>
/// Reads frames from a stream. Memory grows with the bytes that come, not with the lengths that they claim. Not safe for use by several threads.
/// </summary>
/// <param name="stream">The socket's, or TLS over it.</param>
/// <param name="compressed">Whether compressed frames are agreed on; else they are refused.</param>
internal sealed class FrameReader(Stream stream, bool compressed)
{
    private const int BufferSize = 64 * 1024;

    private readonly byte[] _buffer = new byte[BufferSize];
    private int _start;
    private int _end;

    // The item whose header has been read, as far as it has come.
    private FrameBuffer? _item;
    private ItemKind _kind;
    private int _missing;

    /// <summary>The reason that the other end gave for breaking the connection; after <see cref="TryRead"/> has returned false.</summary>
    public string? Goodbye { get; private set; }

    /// <summary>Reads what has come, at least a byte.</summary>
    /// <returns>False at the end of the stream.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> FillAsync()
    {
        if (_missing >= BufferSize && _start == _end)
        {
            // The rest of a large item needs no buffer between.
            var place = _item!.GetMemory(BufferSize);
            int read = await stream.ReadAsync(place[..Math.Min(place.Length, _missing)]).ConfigureAwait(false);
            _item.Advance(read);
            _missing -= read;
            return read > 0;
        }

        int left = _end - _start;
        _buffer.AsSpan(_start, left).CopyTo(_buffer);
        _start = 0;
        _end = left;
        int count = await stream.ReadAsync(_buffer.AsMemory(_end)).ConfigureAwait(false);
        _end += count;
        return count > 0;
    }

    /// <summary>Forgets what has been read: for a connection that is read to its end and no further.</summary>
    public void Discard()
    {
        _start = _end = _missing = 0;
        Release();
    }

    /// <summary>Gives an item that has not come to its end back.</summary>
    public void Release()
    {
        _item?.Return();
        _item = null;
    }

    /// <summary>Takes the next whole frame of what has been read.</summary>
    /// <exception cref="InvalidDataException">No worker has written that.</exception>
    public FrameBuffer? TryRead()
    {
        while (Goodbye is null)
        {
            if (_item is null && !TryBegin())
            {
                return null;
            }

            int count = Math.Min(_missing, _end - _start);
            if (count > 0)
            {
                _buffer.AsSpan(_start, count).CopyTo(_item!.GetSpan(count));
                _item.Advance(count);
                _start += count;
                _missing -= count;
            }

            if (_missing > 0)
            {
                return null;
            }

            if (Complete() is { } frame)
            {
                return frame;
            }
        }

        return null;
    }

    private bool TryBegin()
    {
        if (_end - _start < WireFormat.HeaderSize)
        {
            return false;
        }

        (_kind, _missing) = WireFormat.ReadHeader(_buffer.AsSpan(_start));
        _start += WireFormat.HeaderSize;
        if (_kind == ItemKind.Compressed && !compressed)
        {
            throw new InvalidDataException("a frame is compressed, which was not agreed on");
        }

        // As much at once as has come or soon will; what is longer grows.
        _item = FrameBuffer.Rent();
        _item.GetSpan(Math.Min(_missing, BufferSize));
        return true;
    }

    private FrameBuffer? Complete()
    {
        var item = _item!;
        switch (_kind)
        {
            case ItemKind.Frame:
                _item = null;
                return item;
            case ItemKind.Compressed:
                var frame = Decompress(item.Bytes);
                Release();
                return frame;
            default:
                Goodbye = Encoding.UTF8.GetString(item.Bytes);
                Release();
                return null;
        }
    }

    private static FrameBuffer Decompress(ReadOnlySpan<byte> item)
    {
        int length = WireFormat.ReadOriginalLength(item);
        var frame = FrameBuffer.Rent();
        int decoded = LZ4Codec.Decode(item[WireFormat.CompressedPrefix..], frame.GetSpan(length)[..length]);
        if (decoded != length)
        {
            frame.Return();
            throw new InvalidDataException($"a compressed frame says that it has {length} bytes, but cannot be decompressed to as many");
        }

        frame.Advance(length);
        return frame;
    }
}
