using System.IO.Hashing;

namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>Reads a file from its first byte to its last, and says so when what it has read is not what was written.</summary>
internal sealed class VerifyingStream(Stream inner, long length, ulong checksum, Func<string, MillraceException> damaged) : Stream
{
    private readonly XxHash3 _hash = new();
    private long _position;
    private bool _isVerified;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        int read = _isVerified ? 0 : inner.Read(buffer);
        if (read > 0)
        {
            _hash.Append(buffer[..read]);
            _position += read;
            if (_position > length)
            {
                throw damaged($"it has more than the {length} bytes that were written");
            }
        }

        // At the last byte and not behind it: a reader that knows the length need not ask for more.
        if (!_isVerified && (_position == length || read == 0))
        {
            Verify();
        }

        return read;
    }

    public override int ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        return Read(one) == 0 ? -1 : one[0];
    }

    public override void Flush()
    {
        // Nothing is written.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private void Verify()
    {
        if (_position != length)
        {
            throw damaged($"it ends after {_position} of {length} bytes");
        }

        if (_hash.GetCurrentHashAsUInt64() != checksum)
        {
            throw damaged("its checksum is wrong");
        }

        _isVerified = true;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
