using System.IO.Hashing;
using Millrace.Checkpointing;

namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>Takes state as it is written: keeps a little of it in memory, and opens a file when it becomes more. Counts and hashes on the way.</summary>
internal sealed class SpillingStream(CheckpointStorage storage, string path, int threshold, CancellationToken cancellationToken) : Stream
{
    private readonly XxHash3 _hash = new();
    private MemoryStream? _memory = new();
    private StorageOutput? _output;
    private long _length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _length;

    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    public ulong Checksum => _hash.GetCurrentHashAsUInt64();

    /// <summary>Ends the file and makes it durable.</summary>
    /// <returns>The bytes, where they are few; null where they went to the storage.</returns>
    public byte[]? Complete()
    {
        if (_output is null)
        {
            return _memory!.ToArray();
        }

        _output.Complete();
        return null;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _hash.Append(buffer);
        _length += buffer.Length;
        if (_memory is { } memory)
        {
            if (_length <= threshold)
            {
                memory.Write(buffer);
                return;
            }

            _output = storage.Create(path, cancellationToken);
            _output.Stream.Write(memory.GetBuffer(), 0, (int)memory.Length);
            _memory = null;
        }

        _output!.Stream.Write(buffer);
    }

    public override void WriteByte(byte value) => Write([value]);

    public override void Flush()
    {
        // Complete makes all of it durable at once; what is flushed before would only be slower.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _output?.Dispose();
        }

        base.Dispose(disposing);
    }
}
