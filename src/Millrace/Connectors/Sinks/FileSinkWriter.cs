using System.Buffers;

namespace Millrace.Connectors;

/// <summary>Writes the files of one subtask.</summary>
internal sealed class FileSinkWriter<T>(
    SinkWriterContext context, FileEncoder<T> encoder, FileSinkOptions options, FileSinkFolder folder, FileNumbers numbers)
    : CommittingSinkWriter<T, PendingFile>
{
    // The size of a file is looked at after so many records, so that it exceeds the limit by little.
    private const int RecordsPerCheck = 64;
    private const int BufferBytes = 128 * 1024;
    private readonly ArrayBufferWriter<byte> _buffer = new(BufferBytes + (16 * 1024));
    private readonly List<CompleteFile> _complete = [];
    private int _number;
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

        if (_complete.Count == 0)
        {
            return [];
        }

        // The checkpoint is part of the name: the next attempt can tell by it whether the file is to be committed or is nobody's.
        var prepared = new List<PendingFile>();
        while (_complete.Count > 0)
        {
            var file = _complete[0];
            string pending = folder.PendingPath(context.SubtaskIndex, file.Number, context.Epoch, checkpointId);
            File.Move(file.Path, pending, overwrite: true);
            _complete.RemoveAt(0);
            prepared.Add(new PendingFile(pending, folder.FinalPath(context.SubtaskIndex, file.Number), file.Bytes, file.Records));
        }

        if (options.FlushToDisk)
        {
            await Task.Run(folder.Flush, cancellationToken).ConfigureAwait(false);
        }

        return prepared;
    }

    public override void SnapshotState(long checkpointId) => numbers.Save();

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
        foreach (var file in _complete)
        {
            File.Delete(file.Path);
        }

        _complete.Clear();
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

        _number = numbers.Take();
        _file = new FileStream(
            folder.InProgressPath(context.SubtaskIndex, _number, context.Epoch), FileMode.Create, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0);
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

        _complete.Add(new CompleteFile(_file.Name, _number, _written, _records));
        await _file.DisposeAsync().ConfigureAwait(false);
        _file = null;
    }

    /// <summary>A file that is whole, and not prepared yet.</summary>
    private readonly record struct CompleteFile(string Path, int Number, long Bytes, long Records);
}
