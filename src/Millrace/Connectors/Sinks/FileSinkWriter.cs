namespace Millrace.Connectors;

/// <summary>Writes the files of one subtask, in each bucket one at a time.</summary>
internal sealed class FileSinkWriter<T>(
    SinkWriterContext context, FileFormat<T> format, FileSinkOptions options, FileSinkFolder folder, FileNumbers numbers, FileCompactor<T>? compactor, BucketAssigner<T>? buckets)
    : CommittingSinkWriter<T, PendingFile>
{
    // The size of a file is looked at after so many records, so that it exceeds the limit by little.
    private const int RecordsPerCheck = 64;
    private const int MostChecked = 4096;
    private readonly Dictionary<string, FileSinkPart<T>> _open = new(StringComparer.Ordinal);
    private readonly Stack<FileEncoder<T>> _encoders = [];

    // Names that are known to be good ones. Those of a sink that runs for years are not kept for ever.
    private readonly HashSet<string> _checked = new(StringComparer.Ordinal);
    private string? _lastBucket;

    // Whole, and not prepared yet: named as what is in progress.
    private readonly List<PendingFile> _complete = [];

    public override async ValueTask WriteAsync(SinkBatch<T> batch, CancellationToken cancellationToken)
    {
        for (int start = 0; start < batch.Count;)
        {
            // Neighbours of one bucket go together.
            var (bucket, end) = buckets is null ? ("", batch.Count) : BucketAndNeighbours(batch, start);
            try
            {
                await WriteAsync(bucket, batch.Values[start..end], cancellationToken).ConfigureAwait(false);
            }
            catch (RecordWriteException failure) when (start > 0)
            {
                throw new RecordWriteException(start + failure.Index, failure.InnerException!);
            }

            start = end;
        }
    }

    public override async ValueTask<IReadOnlyList<PendingFile>> PrepareCommitAsync(long checkpointId, bool endOfInput, CancellationToken cancellationToken)
    {
        foreach (var (bucket, part) in _open.Where(open => endOfInput || context.CheckpointingEnabled || IsOld(open.Value)).ToList())
        {
            await CompleteAsync(bucket, part, cancellationToken).ConfigureAwait(false);
        }

        // The checkpoint is part of the name: the next attempt can tell by it whether the file is to be committed or is nobody's.
        var prepared = new List<PendingFile>();
        while (_complete.Count > 0)
        {
            string pending = FileSinkName.Pending(_complete[0].FinalPath, context.Epoch, checkpointId);
            File.Move(_complete[0].PendingPath, pending, overwrite: true);
            prepared.Add(_complete[0] with { PendingPath = pending });
            _complete.RemoveAt(0);
        }

        if (options.FlushToDisk && prepared.Count > 0)
        {
            await Task.Run(() => FileSinkFolder.Flush(prepared), cancellationToken).ConfigureAwait(false);
        }

        return compactor is null ? prepared : await compactor.ExchangeAsync(prepared, checkpointId, endOfInput, cancellationToken).ConfigureAwait(false);
    }

    public override void SnapshotState(long checkpointId)
    {
        numbers.Save();
        compactor?.Save();
    }

    public override ValueTask FlushAsync(bool endOfInput, CancellationToken cancellationToken)
    {
        foreach (var part in _open.Values)
        {
            part.Flush();
        }

        return ValueTask.CompletedTask;
    }

    public override async ValueTask CloseAsync()
    {
        if (compactor is not null)
        {
            await compactor.CloseAsync().ConfigureAwait(false);
        }

        foreach (var part in _open.Values)
        {
            part.Discard();
            part.Encoder.Dispose();
        }

        _open.Clear();

        // Files that were completed but never handed to the engine are known to nobody else.
        foreach (var file in _complete)
        {
            File.Delete(file.PendingPath);
        }

        _complete.Clear();
        while (_encoders.TryPop(out var encoder))
        {
            encoder.Dispose();
        }
    }

    private async ValueTask WriteAsync(string bucket, ReadOnlyMemory<T> records, CancellationToken cancellationToken)
    {
        if (_open.TryGetValue(bucket, out var part) && IsOld(part))
        {
            await CompleteAsync(bucket, part, cancellationToken).ConfigureAwait(false);
            part = null;
        }

        for (int start = 0; start < records.Length; start += RecordsPerCheck)
        {
            part ??= Open(bucket);
            part.LastWrite = context.TimeProvider.GetTimestamp();
            try
            {
                part.Write(records[start..Math.Min(records.Length, start + RecordsPerCheck)].Span);
            }
            catch (RecordWriteException failure) when (start > 0)
            {
                throw new RecordWriteException(start + failure.Index, failure.InnerException!);
            }

            if (part.Bytes >= options.MaxFileSize)
            {
                await CompleteAsync(bucket, part, cancellationToken).ConfigureAwait(false);
                part = null;
            }
        }

    }

    private (string Bucket, int End) BucketAndNeighbours(SinkBatch<T> batch, int start)
    {
        var now = context.TimeProvider.GetUtcNow();
        int end = start;
        try
        {
            string bucket = BucketOf(batch, start, now);
            try
            {
                do
                {
                    end++;
                }
                while (end < batch.Count && BucketOf(batch, end, now) == bucket);
            }
            catch (Exception cause) when (FileSinkPart.IsOfTheRecord(cause))
            {
                // It comes again, as the first one.
            }

            return (bucket, end);
        }
        catch (Exception cause) when (FileSinkPart.IsOfTheRecord(cause))
        {
            throw new RecordWriteException(start, cause);
        }
    }

    private string BucketOf(SinkBatch<T> batch, int index, DateTimeOffset now)
    {
        string bucket = buckets!.BucketOf(batch.Values.Span[index], batch.Timestamps.Span[index], now);
        if (bucket is null || !ReferenceEquals(bucket, _lastBucket))
        {
            if (bucket is null || !_checked.Contains(bucket))
            {
                MustBeFolder(bucket);
                if (_checked.Count == MostChecked)
                {
                    _checked.Clear();
                }

                _checked.Add(bucket!);
            }

            _lastBucket = bucket;
        }

        return bucket!;
    }

    /// <summary>A name that leads out of the sink's folder, or that readers of the folder would take for hidden, is a mistake.</summary>
    private void MustBeFolder(string? bucket)
    {
        if (bucket is null || (bucket.Length > 0 && bucket.Split('/').Any(part => part.Length == 0 || part[0] is '.' or '_' || part.AsSpan().IndexOfAny(Path.GetInvalidFileNameChars()) >= 0)))
        {
            throw new ConnectorException(
                FileErrors.Options,
                $"{context.OperatorName}: the bucket '{bucket ?? "null"}' is no name of a folder: its parts, which '/' divides, must not be empty, begin with '.' or '_', or have characters that "
                + $"file names cannot have. Correct {nameof(FileSink<T>)}.{nameof(FileSink<T>.Buckets)}.");
        }
    }

    private bool IsOld(FileSinkPart<T> part) => context.TimeProvider.GetElapsedTime(part.Created) >= options.RolloverInterval
        || context.TimeProvider.GetElapsedTime(part.LastWrite) >= options.InactivityInterval;

    private FileSinkPart<T> Open(string bucket)
    {
        folder.Make(bucket);
        var encoder = _encoders.TryPop(out var used) ? used : format.CreateEncoder();
        var part = new FileSinkPart<T>(folder.FinalPath(bucket, context.SubtaskIndex, numbers.Take()), context.Epoch, encoder, context.TimeProvider.GetTimestamp());
        _open.Add(bucket, part);
        return part;
    }

    private async ValueTask CompleteAsync(string bucket, FileSinkPart<T> part, CancellationToken cancellationToken)
    {
        if (part.Records == 0)
        {
            // Made for one that could not be written.
            part.Discard();
            _open.Remove(bucket);
            _encoders.Push(part.Encoder);
            return;
        }

        await part.CompleteAsync(options.FlushToDisk, cancellationToken).ConfigureAwait(false);
        _open.Remove(bucket);
        _encoders.Push(part.Encoder);
        _complete.Add(new PendingFile(part.Path, part.FinalPath, part.Bytes, part.Records));
    }
}
