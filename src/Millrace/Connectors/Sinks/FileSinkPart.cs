using System.Buffers;

namespace Millrace.Connectors;

/// <summary>A file that a sink is writing.</summary>
internal sealed class FileSinkPart<T>
{
    private const int BufferBytes = 128 * 1024;
    private readonly ArrayBufferWriter<byte> _buffer = new(16 * 1024);
    private readonly FileEncoder<T> _encoder;
    private readonly FileStream _file;
    private long _written;

    /// <param name="finalPath">What it is to be called at last.</param>
    /// <param name="epoch">The attempt that writes it.</param>
    /// <param name="encoder">Used by this file alone, as long as it is being written.</param>
    /// <param name="now">The clock's timestamp.</param>
    public FileSinkPart(string finalPath, long epoch, FileEncoder<T> encoder, long now)
    {
        FinalPath = finalPath;
        _encoder = encoder;
        _file = new FileStream(FileSinkName.InProgress(finalPath, epoch), FileMode.Create, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0);
        Created = LastWrite = now;
        encoder.WriteHeader(_buffer);
    }

    public string FinalPath { get; }

    public string Path => _file.Name;

    public long Created { get; }

    public long LastWrite { get; set; }

    public long Records { get; private set; }

    /// <summary>How many bytes it has, as far as the encoder has written them.</summary>
    public long Bytes => _written + _buffer.WrittenCount;

    public FileEncoder<T> Encoder => _encoder;

    /// <summary>Writes records.</summary>
    /// <exception cref="RecordWriteException">One cannot be written: those before it have been, and nothing of it is in the file.</exception>
    public void Write(ReadOnlySpan<T> records)
    {
        int mark = _buffer.WrittenCount;
        try
        {
            Encode(records);
        }
        catch (Exception cause) when (FileSinkPart.IsOfTheRecord(cause))
        {
            RewindTo(mark);
            WriteEach(records);
        }

        if (_buffer.WrittenCount >= BufferBytes)
        {
            Flush();
        }
    }

    /// <summary>Puts the rows of another file behind those that are there, as they are.</summary>
    /// <param name="path">The file. It begins with the encoder's header, which is not copied.</param>
    /// <exception cref="ConnectorException">It begins with another header: its columns are not those of today.</exception>
    public void Append(string path)
    {
        Flush();
        var header = new ArrayBufferWriter<byte>();
        _encoder.WriteHeader(header);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        byte[] begin = new byte[header.WrittenCount];
        if (file.ReadAtLeast(begin, begin.Length, throwOnEndOfStream: false) < begin.Length || !header.WrittenSpan.SequenceEqual(begin))
        {
            throw new ConnectorException(FileErrors.Options, $"{path} does not begin with the header that the sink writes.");
        }

        file.CopyTo(_file, BufferBytes);
        _written = _file.Position;
    }

    /// <summary>Hands what is in memory to the operating system.</summary>
    public void Flush()
    {
        if (_buffer.WrittenCount > 0)
        {
            _file.Write(_buffer.WrittenSpan);
            _written += _buffer.WrittenCount;
            _buffer.ResetWrittenCount();
        }
    }

    /// <summary>Makes a whole file of it.</summary>
    public async ValueTask CompleteAsync(bool flushToDisk, CancellationToken cancellationToken)
    {
        _encoder.WriteFooter(_buffer);
        Flush();
        if (flushToDisk)
        {
            // It may take long, and the caller's thread has other subtasks to run.
            await Task.Run(() => _file.Flush(flushToDisk: true), cancellationToken).ConfigureAwait(false);
        }

        await _file.DisposeAsync().ConfigureAwait(false);
    }

    private void Encode(ReadOnlySpan<T> records)
    {
        try
        {
            _encoder.Write(_buffer, records);
            Records += records.Length;
        }
        catch (RecordWriteException failure)
        {
            Records += failure.Index;
            throw;
        }
    }

    /// <summary>Finds the record that cannot be written.</summary>
    private void WriteEach(ReadOnlySpan<T> records)
    {
        for (int i = 0; i < records.Length; i++)
        {
            int mark = _buffer.WrittenCount;
            try
            {
                Encode(records.Slice(i, 1));
            }
            catch (Exception cause) when (FileSinkPart.IsOfTheRecord(cause))
            {
                RewindTo(mark);
                throw new RecordWriteException(i, cause);
            }
        }
    }

    private void RewindTo(int mark)
    {
        byte[] kept = _buffer.WrittenSpan[..mark].ToArray();
        _buffer.ResetWrittenCount();
        _buffer.Write(kept);
    }

    /// <summary>Leaves nothing of it.</summary>
    public void Discard()
    {
        _file.Dispose();
        File.Delete(_file.Name);
    }
}

/// <summary>What is the same for files of all types.</summary>
internal static class FileSinkPart
{
    /// <summary>Whether an exception says that a record cannot be written, and not yet which one.</summary>
    public static bool IsOfTheRecord(Exception cause) => cause is not (RecordWriteException or MillraceException or OutOfMemoryException);
}
