using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;

namespace Millrace.Runtime.Checkpointing.LocalRecovery;

/// <summary>A file on its way into the checkpoint storage, and its copy. The copy is given up at the first error of the worker's own disk, and the file goes on.</summary>
internal sealed class CopyingOutput : StorageOutput
{
    private readonly StorageOutput _output;
    private readonly LocalCopies _copies;
    private readonly string _name;
    private readonly string _jobId;
    private readonly long _checkpointId;
    private readonly TeeStream _stream;
    private StorageOutput? _copy;
    private long _length;

    public CopyingOutput(StorageOutput output, LocalCopies copies, string name, string jobId, long checkpointId)
    {
        _output = output;
        _copies = copies;
        _name = name;
        _jobId = jobId;
        _checkpointId = checkpointId;
        _copy = copies.TryCreate(name);
        _stream = new TeeStream(this);
    }

    public override Stream Stream => _stream;

    public override void Complete()
    {
        // The file first: a copy of one that does not exist would be of no use.
        _output.Complete();
        if (_copy is null)
        {
            return;
        }

        try
        {
            _copy.Complete();
            _copies.Added(_name, _length, _jobId, _checkpointId);
        }
        catch (Exception error) when (StorageFailures.IsOfStorage(error))
        {
            GiveUp(error);
        }
    }

    protected override void Dispose(bool disposing)
    {
        _output.Dispose();
        _copy?.Dispose();
    }

    private void Write(ReadOnlySpan<byte> buffer)
    {
        _output.Stream.Write(buffer);
        _length += buffer.Length;
        if (_copy is null)
        {
            return;
        }

        if (!_copies.MayBe(_length))
        {
            GiveUp(null);
            return;
        }

        try
        {
            _copy.Stream.Write(buffer);
        }
        catch (Exception error) when (StorageFailures.IsOfStorage(error))
        {
            GiveUp(error);
        }
    }

    private void GiveUp(Exception? error)
    {
        _copy!.Dispose();
        _copy = null;
        if (error is not null)
        {
            _copies.CopyFailed(_name, error);
        }
    }

    private sealed class TeeStream(CopyingOutput owner) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => owner._length;

        public override long Position
        {
            get => owner._length;
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => owner.Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer) => owner.Write(buffer);

        public override void Flush() => owner._output.Stream.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
