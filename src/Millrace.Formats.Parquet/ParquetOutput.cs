using System.Buffers;

namespace Millrace.Connectors;

/// <summary>Lets the native writer write to a buffer writer, and counts.</summary>
internal sealed class ParquetOutput : Stream
{
    private long _position;

    /// <summary>Takes the bytes; what is written without one goes nowhere.</summary>
    public IBufferWriter<byte>? Target { get; set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _position;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public void Begin(IBufferWriter<byte> target)
    {
        _position = 0;
        Target = target;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _position += buffer.Length;
        Target?.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
