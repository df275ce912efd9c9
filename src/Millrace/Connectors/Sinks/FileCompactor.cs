using Millrace.State;

namespace Millrace.Connectors;

/// <summary>
/// Holds the complete files of a subtask back, bucket by bucket, until there are enough of them, and gives one for many. Files that wait are in the checkpoint as state of the writer; from the checkpoint on that
/// has the merged one as a committable they are not, and the commit deletes them. So a file is in exactly one of the two in every checkpoint.
/// </summary>
internal sealed class FileCompactor<T> : IDisposable
{
    private readonly SinkWriterContext _context;
    private readonly FileSinkOptions _options;
    private readonly FileSinkFolder _folder;
    private readonly FileNumbers _numbers;
    private readonly FileMerger<T> _merger;
    private readonly FileSinkCounts _counts;

    // A file here has the final path of the merged one that it becomes part of: where that exists, the file is in it, whichever checkpoint is restored.
    private readonly OperatorListState<PendingFile> _waiting;
    private readonly Dictionary<string, FileGroup> _gathering = new(StringComparer.Ordinal);
    private readonly List<FileGroup> _due = [];
    private readonly CancellationTokenSource _closing = new();
    private Task<List<PendingFile>> _merging = Task.FromResult<List<PendingFile>>([]);

    public FileCompactor(SinkWriterContext context, FileFormat<T> format, FileSinkOptions options, FileSinkFolder folder, FileNumbers numbers, FileSinkCounts counts)
    {
        _context = context;
        _options = options;
        _folder = folder;
        _numbers = numbers;
        _counts = counts;
        _merger = new FileMerger<T>(context, format, options.FlushToDisk, counts);
        _waiting = context.State.GetUnionListState(new ListStateDescriptor<PendingFile>("files-to-merge"));

        // Groups stay whole, whatever the parallelism. They do not grow any more: what comes from now on may have other columns.
        var groups = _waiting.Items.GroupBy(file => file.FinalPath).OrderBy(group => group.Key, StringComparer.Ordinal);
        foreach (var group in groups.Where((_, index) => index % context.Parallelism == context.SubtaskIndex))
        {
            if (group.Where(IsToBeMerged).ToList() is { Count: > 0 } files)
            {
                _due.Add(new FileGroup(group.Key, files));
            }
        }
    }

    /// <summary>Takes files that were completed for a checkpoint, and gives those that are to be committed with it.</summary>
    /// <remarks>
    /// What is due is merged while the subtask goes on with its work, and given at the next checkpoint: the barrier waits only where merging takes longer than from one to the next, and then the stream must.
    /// </remarks>
    public async ValueTask<IReadOnlyList<PendingFile>> ExchangeAsync(IReadOnlyList<PendingFile> complete, long checkpointId, bool endOfInput, CancellationToken cancellationToken)
    {
        var ready = await TakeMergedAsync(checkpointId, cancellationToken).ConfigureAwait(false);
        foreach (var file in complete)
        {
            Gather(file, ready);
        }

        foreach (var (bucket, group) in _gathering.ToList())
        {
            group.Checkpoints++;
            if (endOfInput || group.Checkpoints >= _options.Compaction!.Checkpoints || group.Bytes >= _options.Compaction.FileSize)
            {
                _gathering.Remove(bucket);
                _due.Add(group);
            }
        }

        // What there is one of, and what is left of a job that did merge, is committed as it is.
        ready.AddRange(_due.Where(IsCommittedAsItIs).SelectMany(group => group.AsTheyAre));
        _due.RemoveAll(IsCommittedAsItIs);
        if (_due.Count > 0)
        {
            FileGroup[] groups = [.. _due];
            _merging = Task.Run(() => _merger.MergeAsync(groups, _closing.Token), cancellationToken);
            if (endOfInput)
            {
                ready.AddRange(await TakeMergedAsync(checkpointId, cancellationToken).ConfigureAwait(false));
            }
        }

        return ready;
    }

    /// <summary>Brings the state up to date.</summary>
    public void Save()
    {
        _waiting.Update(_gathering.Values.Concat(_due).SelectMany(group => group.Files));
        _counts.SetWaiting(_context.SubtaskIndex, _waiting.Items.Count);
    }

    public async ValueTask CloseAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        try
        {
            // What was merged and not handed to the engine is known to nobody else.
            foreach (var file in await _merging.ConfigureAwait(false))
            {
                if (file.MergedFrom.Count > 0)
                {
                    File.Delete(file.PendingPath);
                }
            }
        }
        catch (Exception)
        {
            // It has removed what it had written, and its error no longer matters.
        }

        _counts.SetWaiting(_context.SubtaskIndex, 0);
        Dispose();
    }

    public void Dispose()
    {
        _closing.Dispose();
        _merger.Dispose();
    }

    /// <summary>What was begun at the checkpoint before.</summary>
    private async ValueTask<List<PendingFile>> TakeMergedAsync(long checkpointId, CancellationToken cancellationToken)
    {
        var merged = await _merging.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (merged.Count == 0)
        {
            return [];
        }

        for (int i = 0; i < merged.Count; i++)
        {
            if (merged[i].MergedFrom.Count > 0)
            {
                string pending = FileSinkName.Pending(merged[i].FinalPath, _context.Epoch, checkpointId);
                File.Move(merged[i].PendingPath, pending, overwrite: true);
                merged[i] = merged[i] with { PendingPath = pending };
            }
        }

        if (_options.FlushToDisk)
        {
            await Task.Run(() => FileSinkFolder.Flush(merged), cancellationToken).ConfigureAwait(false);
        }

        _merging = Task.FromResult<List<PendingFile>>([]);
        _due.Clear();
        return merged;
    }

    private void Gather(PendingFile file, List<PendingFile> ready)
    {
        if (_options.Compaction is not { } compaction)
        {
            ready.Add(file);
            return;
        }

        string bucket = Path.GetDirectoryName(file.FinalPath)!;
        if (_gathering.TryGetValue(bucket, out var group) && group.Bytes >= compaction.FileSize)
        {
            _gathering.Remove(bucket);
            _due.Add(group);
            group = null;
        }

        if (group is null && file.Bytes >= compaction.FileSize)
        {
            ready.Add(file);
            return;
        }

        if (group is null)
        {
            _gathering[bucket] = group = new FileGroup(_folder.FinalPath(bucket, _context.SubtaskIndex, _numbers.Take()), []);
        }

        group.Add(file);
    }

    private bool IsCommittedAsItIs(FileGroup group) => group.Files.Count == 1 || _options.Compaction is null;

    private static bool IsToBeMerged(PendingFile file)
    {
        if (File.Exists(file.FinalPath))
        {
            // Restored from an older checkpoint than the one that the merged file was committed with.
            File.Delete(file.PendingPath);
            return false;
        }

        if (!File.Exists(file.PendingPath) && !File.Exists(FileSinkName.FinalOf(file.PendingPath)))
        {
            throw new ConnectorException(
                FileErrors.CannotCommit,
                $"{file.PendingPath} ({file.Records} records) is to be merged into {file.FinalPath}, but neither file exists. Something else has removed it: leave hidden files in the folder of a file sink "
                + "alone. Start from an older checkpoint to write its records again.");
        }

        return File.Exists(file.PendingPath);
    }
}
