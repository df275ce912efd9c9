using Millrace.Runtime.Tasks;
using Millrace.State.Backends;

namespace Millrace.Runtime.Checkpointing.LocalRecovery;

/// <summary>Where the files of one deployment are restored from: local copies where there are any, and otherwise the checkpoint storage. Counts them. Safe for use by several threads.</summary>
/// <param name="copies">The worker's copies; null where it keeps none.</param>
internal sealed class DeploymentRestore(LocalCopies? copies)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _local = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _stored = new(StringComparer.Ordinal);
    private readonly HashSet<SubtaskId> _waiting = [];

    /// <summary>How many files, each counted once, came from local copies, and how large they are.</summary>
    public (int Files, long Bytes) Local => Count(_local);

    /// <summary>The same of the checkpoint storage.</summary>
    public (int Files, long Bytes) Stored => Count(_stored);

    /// <summary>Opens the verified local copy of a file.</summary>
    /// <returns>A stream that can seek; null where the file is to be read from the storage.</returns>
    public Stream? TryOpen(StateFile file, CancellationToken cancellationToken)
    {
        var stream = copies?.TryOpen(file, cancellationToken);
        if (stream is not null)
        {
            Note(_local, file);
        }

        return stream;
    }

    /// <summary>Gives the local copy of a file another place, and verifies it.</summary>
    /// <returns>Whether it is there.</returns>
    public bool TryExport(StateFile file, string localPath, CancellationToken cancellationToken)
    {
        bool isThere = copies is not null && copies.TryExport(file, localPath, cancellationToken);
        if (isThere)
        {
            Note(_local, file);
        }

        return isThere;
    }

    /// <summary>A file is read from the storage.</summary>
    public void ReadFromStorage(StateFile file) => Note(_stored, file);

    /// <summary>Subtasks will be restored.</summary>
    public void WaitFor(IEnumerable<SubtaskId> subtasks)
    {
        lock (_gate)
        {
            _waiting.UnionWith(subtasks);
        }
    }

    /// <summary>A subtask has been restored, or will not be.</summary>
    /// <returns>Whether it was the last.</returns>
    public bool Ended(SubtaskId subtask)
    {
        lock (_gate)
        {
            return _waiting.Remove(subtask) && _waiting.Count == 0;
        }
    }

    private (int Files, long Bytes) Count(Dictionary<string, long> files)
    {
        lock (_gate)
        {
            return (files.Count, files.Values.Sum());
        }
    }

    private void Note(Dictionary<string, long> files, StateFile file)
    {
        lock (_gate)
        {
            files[file.Path] = file.Length;
        }
    }
}
