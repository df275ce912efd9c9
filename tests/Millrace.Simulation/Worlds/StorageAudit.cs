using System.IO.Hashing;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Worlds;

/// <summary>
/// Watches over what a job keeps in its storage, past all faults: from the moment when its log names a checkpoint until it does not any more, and from the moment when a savepoint is taken
/// until the job owns it, every file must be there and be what was written. What the world has damaged on purpose excuses that and nothing else.
/// </summary>
internal sealed class StorageAudit
{
    private readonly CheckpointStorage _files;
    private readonly CheckpointNames _names;
    private readonly Action<string> _report;
    private readonly HashSet<string> _damaged = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Kept> _checkpoints = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Kept> _savepoints = new(StringComparer.Ordinal);
    private long _lastSequence;
    private LogState _log = LogState.Empty;

    /// <param name="disk">The storage.</param>
    /// <param name="jobId">The job.</param>
    /// <param name="report">Takes what is wrong.</param>
    public StorageAudit(SimulatedDisk disk, string jobId, Action<string> report)
    {
        _files = disk.Inspect();
        _names = new CheckpointNames(jobId);
        _report = report;
        disk.Written = Written;
        disk.Removed = Removed;
    }

    /// <summary>How many checkpoints and savepoints were read when they were complete.</summary>
    public int Verified { get; private set; }

    /// <summary>How the last run has ended, if it has.</summary>
    public JobState? Ended => _log.Ended;

    /// <summary>No checkpoint has a higher number so far.</summary>
    public long ReservedId => _log.ReservedId;

    /// <summary>The savepoints that are nobody's but the user's, in the order of their numbers.</summary>
    public IReadOnlyList<string> Savepoints => [.. _savepoints.Values.OrderBy(kept => kept.Id).Select(kept => kept.Path)];

    /// <summary>Whether the job has a checkpoint of its own behind this number.</summary>
    public bool HasCheckpointAfter(long id) => _checkpoints.Values.Any(kept => kept.Id > id);

    /// <summary>The world has damaged a file on purpose.</summary>
    public void Damaged(string name) => _damaged.Add(name);

    /// <summary>Somebody was told that a savepoint is taken.</summary>
    /// <returns>Its number; <see langword="null"/> where damage does not let it be told.</returns>
    public long? Taken(string path)
    {
        if (Look(path, null, null) is not { } kept)
        {
            return null;
        }

        _savepoints[path] = kept;
        return kept.Id;
    }

    /// <summary>Reads everything that must be there.</summary>
    public void VerifyAll()
    {
        if (_lastSequence > 0 && !_damaged.Contains(_names.LogEntry(_lastSequence)))
        {
            ReadHead();
        }

        foreach (var kept in _checkpoints.Values.Concat(_savepoints.Values))
        {
            Look(kept.Path, kept.Id, kept.Checksum);
        }
    }

    /// <summary>
    /// Whether a run may go on from a checkpoint although what belongs to a later one is committed: only where all that is kept and newer was damaged.
    /// </summary>
    /// <param name="restored">What it goes on from.</param>
    /// <param name="committed">What the data was committed with.</param>
    public bool Excuses(long? restored, long committed)
    {
        var newer = _checkpoints.Values.Where(kept => kept.Id > (restored ?? 0)).ToList();
        return newer.Exists(kept => kept.Id >= committed) && newer.TrueForAll(IsDamaged);
    }

    /// <summary>Whether a job may give up with this message: it names a file that was damaged, or says that nothing is left, and nothing is.</summary>
    public bool Justifies(string message) =>
        _damaged.Any(name => message.Contains(name, StringComparison.Ordinal))
        || (message.Contains(CheckpointErrors.NoneUsable, StringComparison.Ordinal) && _checkpoints.Count > 0 && _checkpoints.Values.All(IsDamaged));

    /// <summary>Files of checkpoints that no checkpoint names: in a world without faults there are none.</summary>
    public IReadOnlyList<string> FindGarbage()
    {
        var named = _checkpoints.Values.SelectMany(kept => kept.Files).ToHashSet(StringComparer.Ordinal);
        return [.. _files.List(_names.JobFolder).Select(file => file.Name).Where(name => _names.IsOwned(name) && !named.Contains(name))];
    }

    private bool IsDamaged(Kept kept) => kept.Files.Overlaps(_damaged);

    private void Written(string name)
    {
        _damaged.Remove(name);

        // The highest number is the log; a straggler's entry in a place from which one was removed says nothing.
        if (CheckpointNames.IsIn(name, _names.LogFolder) && _names.SequenceOf(name) is var sequence && sequence > _lastSequence)
        {
            _lastSequence = sequence;
            ReadHead();
        }
    }

    private void ReadHead()
    {
        string name = _names.LogEntry(_lastSequence);
        try
        {
            _log = LogFormat.Read(StoredBytes.ReadAll(_files, name), _lastSequence, name).State;
        }
        catch (Exception error) when (error is MillraceException or IOException)
        {
            _report($"the log cannot be read: {error.Message}");
            return;
        }

        foreach (string path in _checkpoints.Keys.Except(_log.Retained.Select(retained => retained.Path)).ToList())
        {
            _checkpoints.Remove(path);
        }

        foreach (var retained in _log.Retained)
        {
            if (retained.IsClaimed)
            {
                _savepoints.Remove(retained.Path);
            }

            if (!_checkpoints.ContainsKey(retained.Path) && Look(retained.Path, retained.Id, retained.ManifestChecksum) is { } kept)
            {
                _checkpoints.Add(retained.Path, kept);
            }
        }
    }

    private void Removed(string name)
    {
        foreach (var kept in _checkpoints.Values.Concat(_savepoints.Values))
        {
            if (kept.Files.Contains(name))
            {
                _report($"{name} is deleted, and {kept.Path} needs it");
            }
        }
    }

    /// <summary>Reads a checkpoint or savepoint, all of it.</summary>
    /// <returns>What it consists of; <see langword="null"/> where its manifest does not say so any more.</returns>
    private Kept? Look(string path, long? id, ulong? checksum)
    {
        string metadata = CheckpointNames.MetadataOf(path);
        var files = new HashSet<string>(StringComparer.Ordinal) { metadata };
        try
        {
            byte[] bytes = StoredBytes.ReadAll(_files, metadata);
            var manifest = ManifestFormat.Read(bytes, path);
            id ??= manifest.CheckpointId;
            files.UnionWith(ManifestFiles.Of(manifest).Select(item => item.File.Path));
            if (checksum is not null && checksum != XxHash3.HashToUInt64(bytes))
            {
                throw CheckpointErrors.Damaged(metadata, "it is not the manifest that the log names");
            }

            var reader = new CheckpointReader(_files, manifest);
            foreach (var (file, _) in ManifestFiles.All(manifest))
            {
                reader.Verify(file);
            }

            Verified++;
        }
        catch (Exception error) when (error is MillraceException or IOException)
        {
            if (!files.Overlaps(_damaged))
            {
                _report($"{path} is complete and cannot be read: {error.Message}");
            }
        }

        return id is { } known ? new Kept(known, path, checksum, files) : null;
    }

    /// <summary>A checkpoint or savepoint that must be readable.</summary>
    private sealed record Kept(long Id, string Path, ulong? Checksum, HashSet<string> Files);
}
