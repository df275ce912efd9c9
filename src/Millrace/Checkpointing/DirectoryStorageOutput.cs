namespace Millrace.Checkpointing;

/// <summary>A file on its way into a <see cref="DirectoryCheckpointStorage"/>.</summary>
internal sealed class DirectoryStorageOutput : StorageOutput
{
    private const int BufferSize = 128 * 1024;

    // A large file gets its room on the disk in steps of this size. The system then copies into its cache at a third to a sixth of the cost, because it need not
    // keep account of every page for which no place is known yet. Steps of 8 MB gave half of that, of 256 MB no more.
    private const long ReservedStep = 32 << 20;
    private const long LargeFile = 1 << 20;

    private readonly DirectoryCheckpointStorage _storage;
    private readonly string _target;
    private readonly string _temporary;
    private readonly NamingStream _stream;
    private bool _isCompleted;

    public DirectoryStorageOutput(DirectoryCheckpointStorage storage, string target, string temporary)
    {
        _storage = storage;
        _target = target;
        _temporary = temporary;
        try
        {
            // Nobody else may open it: a lock that is held says to other processes that this is no leftover.
            _stream = new NamingStream(new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferSize), target);
        }
        catch (Exception exception) when (FolderErrors.IsOfStorage(exception))
        {
            throw FolderErrors.CannotWrite(target, exception);
        }
    }

    public override Stream Stream => _stream;

    public override void Complete()
    {
        if (_isCompleted)
        {
            throw new InvalidOperationException($"{_target} is complete already.");
        }

        try
        {
            _stream.End();
            _storage.MoveIntoPlace(_temporary, _target);
            _isCompleted = true;
        }
        catch (Exception exception) when (FolderErrors.IsOfStorage(exception))
        {
            throw FolderErrors.CannotWrite(_target, exception);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (_isCompleted)
        {
            return;
        }

        try
        {
            _stream.Dispose();
        }
        catch (Exception exception) when (FolderErrors.IsOfStorage(exception))
        {
            // What was buffered did not fit any more; the file is given up anyway.
        }

        DirectoryCheckpointStorage.RemoveQuietly(_temporary);
    }

    /// <summary>Passes bytes on, and names the file that is meant when the disk does not take them.</summary>
    private sealed class NamingStream(FileStream inner, string target) : Stream
    {
        private long _length;
        private long _reserved;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _length;

        public override long Position
        {
            get => _length;
            set => throw new NotSupportedException();
        }

        /// <summary>Makes the file durable and closes it.</summary>
        public void End()
        {
            if (_reserved > _length)
            {
                // Gives back what was reserved behind the end.
                inner.SetLength(_length);
            }

            inner.Flush(flushToDisk: true);
            inner.Dispose();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                long end = _length + buffer.Length;
                if (end > _reserved && end > LargeFile)
                {
                    Reserve(end);
                }

                inner.Write(buffer);
                _length = end;
            }
            catch (Exception exception) when (FolderErrors.IsOfStorage(exception))
            {
                throw FolderErrors.CannotWrite(target, exception);
            }
        }

        private void Reserve(long end)
        {
            long step = ((end - _length + ReservedStep - 1) / ReservedStep) * ReservedStep;
            FileLinks.Reserve(inner.SafeFileHandle, _length, step);
            _reserved = _length + step;
        }

        public override void Flush()
        {
            // There is no reader to flush for; Complete does it once.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
