namespace Millrace.Connectors;

/// <summary>A stream for those who would ask a seekable one for its length, which that of a compressed file does not know.</summary>
internal abstract class ForwardOnlyStream : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>What a parser that asks a seekable stream for its length can read.</summary>
    public static Stream Of(Stream stream) => stream is FileStream ? stream : new Plain(stream);

    public abstract override int Read(Span<byte> buffer);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    private sealed class Plain(Stream stream) : ForwardOnlyStream
    {
        public override int Read(Span<byte> buffer) => stream.Read(buffer);
    }
}
