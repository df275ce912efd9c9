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

    /// <param name="bucket">The bucket that it is in.</param>
    /// <param name="number">Its number.</param>
    /// <param name="path">Its name while it is being written.</param>
    /// <param name="encoder">Used by this file alone, as long as it is being written.</param>
    /// <param name="now">The clock's timestamp.</param>
    public FileSinkPart(string bucket, int number, string path, FileEncoder<T> encoder, long now)
    {
        Bucket = bucket;
        Number = number;
        _encoder = encoder;
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0);
        Created = LastWrite = now;
        encoder.WriteHeader(_buffer);
    }

    public string Bucket { get; }

    public int Number { get; }

    public string Path => _file.Name;

    public long Created { get; }

    public long LastWrite { get; set; }

    public long Records { get; private set; }

    /// <summary>How many bytes it has, as far as the encoder has written them.</summary>
    public long Bytes => _written + _buffer.WrittenCount;

    public FileEncoder<T> Encoder => _encoder;

    public void Write(ReadOnlySpan<T> records)
    {
        _encoder.Write(_buffer, records);
        Records += records.Length;
        if (_buffer.WrittenCount >= BufferBytes)
        {
            Flush();
        }
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

    /// <summary>Leaves nothing of it.</summary>
    public void Discard()
    {
        _file.Dispose();
        File.Delete(_file.Name);
    }
}
