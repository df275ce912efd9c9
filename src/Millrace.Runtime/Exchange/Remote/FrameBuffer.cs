using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Millrace.Runtime.Exchange.Remote;

/// <summary>
/// The bytes of one frame, pooled. Like a batch it has one owner at a time, who hands it on or gives it back. Memory grows with the bytes
/// that are really written, and not beyond <see cref="MaxLength"/>.
/// </summary>
internal sealed class FrameBuffer : IBufferWriter<byte>
{
    /// <summary>The longest frame: room for batches of 1,024 records of 64 KiB each, and a bound of what a broken length can ask for.</summary>
    public const int MaxLength = 64 * 1024 * 1024;

    // Small, because frames of controls wait in rings too; buffers that had to grow for batches stay so in the pool. Those above 256 KiB are
    // left to the garbage collector, lest one burst of large records hold memory for good.
    private const int InitialCapacity = 4 * 1024;
    private const int MaxPooledCapacity = 256 * 1024;
    private const int MaxPooled = 256;
    private const int Slack = 256;
    private static readonly Stack<FrameBuffer> Pool = new();

    private byte[] _bytes = new byte[InitialCapacity];
    private bool _inPool;

    private FrameBuffer()
    {
    }

    public int Length { get; private set; }

    public Span<byte> Bytes => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    /// <summary>An empty buffer.</summary>
    public static FrameBuffer Rent()
    {
        lock (Pool)
        {
            if (Pool.TryPop(out var buffer))
            {
                buffer._inPool = false;
                return buffer;
            }
        }

        return new FrameBuffer();
    }

    public void Return()
    {
        Debug.Assert(!_inPool, "A frame was returned twice.");
        Length = 0;
        if (_bytes.Length > MaxPooledCapacity)
        {
            return;
        }

        lock (Pool)
        {
            if (Pool.Count < MaxPooled)
            {
                _inPool = true;
                Pool.Push(this);
            }
        }
    }

    /// <summary>Cuts the frame off.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)Length);
        Length = length;
    }

    /// <exception cref="MillraceException">MR5003: the frame would be longer than <see cref="MaxLength"/>.</exception>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_bytes.Length - Length));
        if (Length + count > MaxLength)
        {
            ThrowTooLong();
        }

        Length += count;
    }

    /// <exception cref="MillraceException">MR5003: the frame would be longer than <see cref="MaxLength"/>.</exception>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _bytes.AsMemory(Length);
    }

    /// <exception cref="MillraceException">MR5003: the frame would be longer than <see cref="MaxLength"/>.</exception>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _bytes.AsSpan(Length);
    }

    private void Ensure(int sizeHint)
    {
        Debug.Assert(!_inPool, "A frame in the pool was written to.");
        long needed = (long)Length + Math.Max(sizeHint, 1);
        if (needed <= _bytes.Length)
        {
            return;
        }

        // A hint may be more than is written in the end: a little room beyond the bound.
        if (needed > MaxLength + Slack)
        {
            ThrowTooLong();
        }

        Array.Resize(ref _bytes, (int)Math.Min(Math.Max(needed, _bytes.Length * 2L), MaxLength + Slack));
    }

    [DoesNotReturn]
    private static void ThrowTooLong() => throw new MillraceException(
        "MR5003",
        $"A batch for another worker takes more than {MaxLength / (1024 * 1024)} MiB, the longest frame of a connection. Lower ExecutionOptions.BatchSize, or make the records smaller.");
}
