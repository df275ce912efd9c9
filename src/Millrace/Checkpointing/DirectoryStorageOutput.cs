namespace Millrace.Checkpointing;

/// <summary>A file on its way into a <see cref="DirectoryCheckpointStorage"/>.</summary>
internal sealed class DirectoryStorageOutput : StorageOutput
{
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
            _stream = new NamingStream(new LargeFileStream(temporary), target);
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
    private sealed class NamingStream(LargeFileStream inner, string target) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position
        {
            get => inner.Length;
            set => throw new NotSupportedException();
        }

        /// <summary>Makes the file durable and closes it.</summary>
        public void End() => inner.End();

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                inner.Write(buffer);
            }
            catch (Exception exception) when (FolderErrors.IsOfStorage(exception))
            {
                throw FolderErrors.CannotWrite(target, exception);
            }
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
