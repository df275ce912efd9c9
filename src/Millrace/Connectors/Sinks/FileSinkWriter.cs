using System.Buffers;

namespace Millrace.Connectors;

/// <summary>Writes the files of one subtask.</summary>
internal sealed class FileSinkWriter<T>(
    SinkWriterContext context, FileEncoder<T> encoder, FileSinkOptions options, FileSinkFolder folder, int firstNumber)
    : CommittingSinkWriter<T, PendingFile>
{
    // The size of a file is looked at after so many records, so that it exceeds the limit by little.
    private const int RecordsPerCheck = 64;
    private const int BufferBytes = 128 * 1024;
    private readonly ArrayBufferWriter<byte> _buffer = new(BufferBytes + (16 * 1024));
    private readonly List<PendingFile> _prepared = [];
    private int _number = firstNumber;
    private FileStream? _file;
    private long _written;
    private long _records;
    private long _created;
    private long _lastWrite;

    public override async ValueTask WriteAsync(SinkBatch<T> batch, CancellationToken cancellationToken)
    {
        if (batch.Count == 0)
        {
            return;
        }

        if (IsOld())
        {
            await CompleteFileAsync(cancellationToken).ConfigureAwait(false);
        }

        for (int start = 0; start < batch.Count; start += RecordsPerCheck)
        {
            OpenFile();
            var records = batch.Values[start..Math.Min(batch.Count, start + RecordsPerCheck)];
            encoder.Write(_buffer, records.Span);
            _records += records.Length;
            if (_buffer.WrittenCount >= BufferBytes)
            {
                WriteBuffer();
            }

            if (_written + _buffer.WrittenCount >= options.MaxFileSize)
            {
                await CompleteFileAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        _lastWrite = context.TimeProvider.GetTimestamp();
    }

    public override async ValueTask<IReadOnlyList<PendingFile>> PrepareCommitAsync(long checkpointId, bool endOfInput, CancellationToken cancellationToken)
    {
        if (endOfInput || context.CheckpointingEnabled || IsOld())
        {
            await CompleteFileAsync(cancellationToken).ConfigureAwait(false);
        }

        PendingFile[] prepared = [.. _prepared];
        _prepared.Clear();
        return prepared;
    }

    public override ValueTask FlushAsync(bool endOfInput, CancellationToken cancellationToken)
    {
        if (_file is not null)
        {
            WriteBuffer();
        }

        return ValueTask.CompletedTask;
    }

    public override ValueTask CloseAsync()
    {
        if (_file is not null)
        {
            string path = _file.Name;
            _file.Dispose();
            _file = null;
            File.Delete(path);
        }

        // Files that were completed but never handed to the engine are known to nobody else.
        foreach (var file in _prepared)
        {
            File.Delete(file.PendingPath);
        }

        _prepared.Clear();
        return ValueTask.CompletedTask;
    }

    private bool IsOld() => _file is not null
        && (context.TimeProvider.GetElapsedTime(_created) >= options.RolloverInterval
            || context.TimeProvider.GetElapsedTime(_lastWrite) >= options.InactivityInterval);

    private void OpenFile()
    {
        if (_file is not null)
        {
            return;
        }

        _file = new FileStream(
            folder.InProgressPath(context.SubtaskIndex, _number), FileMode.Create, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0);
        _written = 0;
        _records = 0;
        _created = _lastWrite = context.TimeProvider.GetTimestamp();
        _buffer.ResetWrittenCount();
        encoder.WriteHeader(_buffer);
    }

    private void WriteBuffer()
    {
        _file!.Write(_buffer.WrittenSpan);
        _written += _buffer.WrittenCount;
        _buffer.ResetWrittenCount();
    }

    private async ValueTask CompleteFileAsync(CancellationToken cancellationToken)
    {
        if (_file is null)
        {
            return;
        }

        WriteBuffer();
        if (options.FlushToDisk)
        {
            // It may take long, and the caller's thread has other subtasks to run.
            var file = _file;
            await Task.Run(() => file.Flush(flushToDisk: true), cancellationToken).ConfigureAwait(false);
        }

        string inProgress = _file.Name;
        await _file.DisposeAsync().ConfigureAwait(false);
        string pending = folder.PendingPath(context.SubtaskIndex, _number);
        File.Move(inProgress, pending, overwrite: true);
        _prepared.Add(new PendingFile(pending, folder.FinalPath(context.SubtaskIndex, _number), _written, _records));
        _file = null;
        _number++;
    }
}
