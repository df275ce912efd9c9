using System.Buffers;
using ZstdSharp;

namespace Millrace.Connectors;

/// <summary>
/// The content of a compressed file. Positions are those of the content. Moving forwards decompresses what is between, moving backwards begins anew: compressed files have no
/// places to begin at.
/// </summary>
internal sealed class DecompressedFileStream : Stream
{
    private readonly string _path;
    private readonly FileCompression _compression;
    private SourceFileStream _file;
    private Stream _content;
    private long _position;

    public DecompressedFileStream(string path, FileCompression compression)
    {
        _path = path;
        _compression = compression;
        (_file, _content) = Open();
    }

    /// <summary>How many bytes of the file are decompressed, or about to be: a decompressor reads ahead.</summary>
    public long CompressedPosition => _file.Position;

    /// <summary>How long the file is, compressed.</summary>
    public long CompressedLength => _file.Length;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException("How long the content of a compressed file is nobody knows before it is read.");

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            if (value < _position)
            {
                _content.Dispose();
                _file.Dispose();
                (_file, _content) = Open();
                _position = 0;
            }

            PassOver(value - _position);
        }
    }

    public override int Read(Span<byte> buffer)
    {
        int read;
        try
        {
            read = _content.Read(buffer);
        }
        catch (Exception error) when (error is InvalidDataException or ZstdException or EndOfStreamException)
        {
            throw new ConnectorException(
                FileErrors.Malformed,
                $"{_path} is damaged: its {_compression} data cannot be decompressed behind byte {_position} of the content: {error.Message.TrimEnd('.')}. "
                + "Put a whole file in its place, or take it out of the folder.",
                innerException: error);
        }

        _position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => throw new NotSupportedException("A compressed file cannot be read from its end."),
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _content.Dispose();
            _file.Dispose();
        }

        base.Dispose(disposing);
    }

    private (SourceFileStream File, Stream Content) Open()
    {
        var file = new SourceFileStream(_path);
        return (file, _compression == FileCompression.Gzip
            ? new GzipContentStream(file)
            : new DecompressionStream(file, checkEndOfStream: true, leaveOpen: true));
    }

    private void PassOver(long count)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        long target = _position + count;
        try
        {
            while (_position < target)
            {
                if (Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, target - _position))) == 0)
                {
                    throw SourceFile.Shorter(_path, _position, target);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
