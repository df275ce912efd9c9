using Millrace.Checkpointing;

namespace Millrace.Connectors;

/// <summary>The folder of a file sink: the names in it, and which of the files there are nobody's any more.</summary>
internal sealed class FileSinkFolder(string path, string prefix, string extension, bool hasBuckets)
{
    private readonly Lock _lock = new();
    private readonly HashSet<int> _overwritten = [];
    private bool _isChecked;

    /// <summary>Names a file.</summary>
    /// <param name="bucket">The folder within this one, or its full path; empty for this one itself.</param>
    /// <param name="subtask">The subtask that writes it.</param>
    /// <param name="number">Its number among the files of the subtask, in all buckets.</param>
    public string FinalPath(string bucket, int subtask, int number) => Path.Combine(path, bucket, FileSinkName.Final(prefix, extension, subtask, number));

    /// <summary>Makes the folder of a bucket.</summary>
    public void Make(string bucket)
    {
        string made = path;
        foreach (string part in bucket.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            string parent = made;
            made = Path.Combine(made, part);
            if (!Directory.Exists(made))
            {
                Directory.CreateDirectory(made);
                FileLinks.FlushFolder(parent);
            }
        }
    }

    /// <summary>Makes new names of files durable.</summary>
    public static void Flush(IEnumerable<PendingFile> files)
    {
        foreach (string folder in files.Select(file => Path.GetDirectoryName(file.FinalPath)!).Distinct(StringComparer.Ordinal))
        {
            FileLinks.FlushFolder(folder);
        }
    }

    public void ThrowIfNotEmpty()
    {
        var finished = Files().Where(file => !file.Name.IsHidden).Select(file => Path.GetFileName(file.Path)).Order(StringComparer.Ordinal).ToList();
        if (finished.Count > 0)
        {
            throw new ConnectorException(
                FileErrors.FolderHasFiles,
                $"The folder {path} has {finished.Count} file(s) of an earlier run, for example {finished[0]}. Take another folder, remove them, or set "
                + $"{nameof(FileSinkOptions)}.{nameof(FileSinkOptions.WhenFolderHasFiles)} to Append or Overwrite.");
        }
    }

    /// <summary>Makes the folder ready for a subtask: removes what dead attempts left, and, where the job begins anew, files of earlier runs if they are to be overwritten.</summary>
    /// <returns>The number of the subtask's first file, as far as the folder tells.</returns>
    public int Prepare(SinkWriterContext context, WhenFolderHasFiles whenFolderHasFiles)
    {
        lock (_lock)
        {
            MakeFolder();
            bool beginsAnew = context.RestoredCheckpointId is null;
            if (beginsAnew && whenFolderHasFiles == WhenFolderHasFiles.Fail && context.CheckpointingEnabled && !_isChecked)
            {
                // Before the first writer: with checkpoints nothing of this run can have its final name yet. A restart would find the same files.
                RefuseFiles();
            }

            _isChecked = true;

            // Once a subtask: a writer that comes back after a failure must not delete what the job has written before.
            bool deletesAll = beginsAnew && whenFolderHasFiles == WhenFolderHasFiles.Overwrite && _overwritten.Add(context.SubtaskIndex);
            int next = 0;
            foreach (var (file, name) in Files().ToList())
            {
                // Subtasks that there are no more of are looked after by those that there are.
                if (name.Subtask % context.Parallelism != context.SubtaskIndex)
                {
                    continue;
                }

                if (deletesAll || IsNobodys(name, context))
                {
                    File.Delete(file);
                }
                else if (name.Subtask == context.SubtaskIndex)
                {
                    next = Math.Max(next, name.Number + 1);
                }
            }

            return next;
        }
    }

    /// <summary>
    /// Whether a hidden file belongs to an attempt that is over. A pending one that was prepared for the restored checkpoint or an earlier one is never:
    /// its commit may be under way this moment, by another subtask.
    /// </summary>
    private static bool IsNobodys(FileSinkName name, SinkWriterContext context)
    {
        if (!name.IsHidden)
        {
            return false;
        }

        // Epochs begin again where checkpoints were deleted, so a job that begins anew may find higher ones. What it finds half written is no use to anybody.
        bool isOlder = name.Epoch < context.Epoch;
        return name.Checkpoint is { } checkpoint
            ? isOlder && context.CheckpointingEnabled && checkpoint > (context.RestoredCheckpointId ?? 0)
            : isOlder || context.RestoredCheckpointId is null;
    }

    private void RefuseFiles()
    {
        try
        {
            ThrowIfNotEmpty();
        }
        catch (ConnectorException error)
        {
            throw new NonRecoverableException(error.Message, error);
        }
    }

    private void MakeFolder()
    {
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path);
            if (Path.GetDirectoryName(path) is { } parent)
            {
                FileLinks.FlushFolder(parent);
            }
        }
    }

    private IEnumerable<(string Path, FileSinkName Name)> Files()
    {
        if (!Directory.Exists(path))
        {
            yield break;
        }

        foreach (string file in Directory.EnumerateFiles(path, "*", hasBuckets ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly))
        {
            if (FileSinkName.TryParse(prefix, extension, Path.GetFileName(file.AsSpan()), out var name))
            {
                yield return (file, name);
            }
        }
    }
}
