using System.IO.Compression;

namespace Millrace.Connectors;

/// <summary>
/// The content of gzip data, with an error where the data is cut off. <see cref="GZipStream"/> takes a cut for the end, and would lose records without a word; so a member with a known
/// content is put behind the data, and what is whole ends with it.
/// </summary>
internal sealed class GzipContentStream : ForwardOnlyStream
{
    private static readonly byte[] Mark = [.. "Millrace: the end"u8];
    private static readonly byte[] MarkAsGzip = Compressed(Mark);
    private readonly GZipStream _gzip;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(64 * 1024);
    private int _start;
    private int _end;
    private bool _ended;

    public GzipContentStream(Stream data)
    {
        _gzip = new GZipStream(new WithMark(data), CompressionMode.Decompress);
    }

    /// <exception cref="InvalidDataException">The data is damaged or cut off.</exception>
    public override int Read(Span<byte> buffer)
    {
        // What may be the mark is held back until more has come.
        while (!_ended && _end - _start <= Mark.Length)
        {
            Fill();
        }

        int count = _ended ? 0 : Math.Min(buffer.Length, _end - _start - Mark.Length);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _gzip.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        int read = _gzip.Read(_buffer.AsSpan(_end));
        _end += read;
        if (read == 0)
        {
            _ended = true;
            if (!_buffer.AsSpan(0, _end).SequenceEqual(Mark))
            {
                throw new InvalidDataException("it is cut off, or something else stands behind it");
            }
        }
    }

    private static byte[] Compressed(byte[] content)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        return bytes.ToArray();
    }

    private sealed class WithMark(Stream data) : ForwardOnlyStream
    {
        private int _marked = -1;

        public override int Read(Span<byte> buffer)
        {
            if (_marked < 0)
            {
                int read = data.Read(buffer);
                if (read > 0 || buffer.IsEmpty)
                {
                    return read;
                }

                _marked = 0;
            }

            int count = Math.Min(buffer.Length, MarkAsGzip.Length - _marked);
            MarkAsGzip.AsSpan(_marked, count).CopyTo(buffer);
            _marked += count;
            return count;
        }
    }
}
