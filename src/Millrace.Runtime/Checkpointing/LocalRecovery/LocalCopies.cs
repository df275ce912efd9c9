using System.IO.Hashing;
using Microsoft.Extensions.Logging;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.State.Backends;

namespace Millrace.Runtime.Checkpointing.LocalRecovery;

/// <summary>
/// Copies of checkpoint files on a worker's own disk: what the worker writes for checkpoints is kept here too, and what it restores is read from here where that is possible. A cache and nothing more: whatever is missing,
/// damaged or does not fit is read from the checkpoint storage. Safe for use by several threads.
/// </summary>
/// <remarks>
/// Invariant: a copy is used only where its length and its checksum are those that the manifest names. So it does not matter how it came here, nor which run of which job wrote it.
/// </remarks>
internal sealed class LocalCopies
{
    private const int ReadAtOnce = 128 * 1024;

    private readonly CheckpointStorage _local;
    private readonly long _maxBytes;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Copy>> _copies = new(StringComparer.Ordinal);

    // The oldest first.
    private readonly LinkedList<Copy> _byAge = new();

    // By job and checkpoint: what was written for it here, and what it names again.
    private readonly Dictionary<string, SortedDictionary<long, HashSet<string>>> _named = new(StringComparer.Ordinal);
    private long _bytes;
    private bool _hasFailed;
    private bool _hasWarnedOfSize;

    /// <param name="local">The worker's own disk. Nobody else writes to it.</param>
    /// <param name="maxBytes">How much is kept at most; the oldest copies go first.</param>
    /// <param name="logger">Hears of damage.</param>
    /// <exception cref="IOException">The disk cannot be read.</exception>
    public LocalCopies(CheckpointStorage local, long maxBytes, ILogger logger)
    {
        _local = local;
        _maxBytes = maxBytes;
        _logger = logger;

        // What an earlier process of this name has left: it is of use until a deployment says otherwise.
        foreach (var file in local.List("").OrderBy(file => file.Modified))
        {
            Add(new Copy(file.Name, file.Length));
        }

        Delete(TakeExcess());
    }

    /// <summary>How much is kept.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>How many copies are kept.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _copies.Count;
            }
        }
    }

    /// <summary>A storage that writes as another one does, and keeps copies of what is written for a checkpoint.</summary>
    public CheckpointStorage Copying(CheckpointStorage storage, string jobId, long checkpointId) => new CopyingStorage(storage, this, jobId, checkpointId);

    /// <summary>A checkpoint that is under way names files, of which it has written some: they stay until a later one is complete that does not name them.</summary>
    public void Named(string jobId, long checkpointId, IEnumerable<string> names)
    {
        lock (_gate)
        {
            SetOf(jobId, checkpointId).UnionWith(names);
        }
    }

    /// <summary>A checkpoint is complete: what only earlier ones name goes. May block.</summary>
    public void Completed(string jobId, long checkpointId)
    {
        List<string> unnamed;
        lock (_gate)
        {
            SetOf(jobId, checkpointId);
            unnamed = TakeUnnamed(jobId, checkpointId);
        }

        Delete(unnamed);
    }

    /// <summary>A checkpoint has come to nothing. Its files are deleted by whoever wrote them.</summary>
    public void Dropped(string jobId, long checkpointId)
    {
        lock (_gate)
        {
            _named.GetValueOrDefault(jobId)?.Remove(checkpointId);
        }
    }

    /// <summary>A job begins with a checkpoint: what that one does not name goes.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="manifest">The checkpoint; null where the job begins without any.</param>
    /// <returns>Deletes copies that are of no use any more. To be called where it may block.</returns>
    public Action RestoredFrom(string jobId, CheckpointManifest? manifest)
    {
        List<string> unnamed;
        lock (_gate)
        {
            if (manifest is { Kind: SnapshotKind.Checkpoint } && manifest.JobId == jobId)
            {
                SetOf(jobId, manifest.CheckpointId).UnionWith(ManifestFiles.Of(manifest).Select(item => item.File.Path).Where(_copies.ContainsKey));
                unnamed = TakeUnnamed(jobId, manifest.CheckpointId);
            }
            else
            {
                // A savepoint is no successor of the checkpoints here, and one of another job has numbers of its own.
                _named.Remove(jobId);
                unnamed = TakeUnnamed(jobId, 0);
            }
        }

        return () => Delete(unnamed);
    }

    /// <summary>Opens the copy of a file, once all of it has been verified.</summary>
    /// <returns>A stream that can seek, at its beginning; null where there is no copy that could be used.</returns>
    public Stream? TryOpen(StateFile file, CancellationToken cancellationToken)
    {
        if (!Contains(file.Path))
        {
            return null;
        }

        Stream? stream = null;
        try
        {
            stream = _local.OpenRead(file.Path, cancellationToken);
            if (FindDamage(stream, file, cancellationToken) is { } damage)
            {
                stream.Dispose();
                Discard(file.Path, damage);
                return null;
            }

            stream.Position = 0;
            return stream;
        }
        catch (Exception error) when (StorageFailures.IsOfStorage(error))
        {
            stream?.Dispose();
            Discard(file.Path, error.Message.TrimEnd('.'));
            return null;
        }
        catch
        {
            stream?.Dispose();
            throw;
        }
    }

    /// <summary>Gives the copy of a file another place on this machine without copying it, and verifies what is there.</summary>
    /// <returns>Whether it is there; otherwise there is nothing.</returns>
    public bool TryExport(StateFile file, string localPath, CancellationToken cancellationToken)
    {
        try
        {
            if (!Contains(file.Path) || !_local.TryExport(file.Path, localPath))
            {
                return false;
            }

            string? damage;
            using (var stream = File.OpenRead(localPath))
            {
                damage = FindDamage(stream, file, cancellationToken);
            }

            if (damage is null)
            {
                return true;
            }

            File.Delete(localPath);
            Discard(file.Path, damage);
            return false;
        }
        catch (Exception error) when (StorageFailures.IsOfStorage(error))
        {
            File.Delete(localPath);
            Discard(file.Path, error.Message.TrimEnd('.'));
            return false;
        }
        catch
        {
            File.Delete(localPath);
            throw;
        }
    }

    /// <summary>Begins the copy of a file that is being written.</summary>
    /// <returns>Takes the copy; null where the disk does not.</returns>
    internal StorageOutput? TryCreate(string name)
    {
        try
        {
            return _local.Create(name, CancellationToken.None);
        }
        catch (Exception error) when (StorageFailures.IsOfStorage(error))
        {
            CopyFailed(name, error);
            return null;
        }
    }

    /// <summary>Copies a file of this machine, by a link where that can be.</summary>
    /// <param name="localPath">The file; nobody changes it any more.</param>
    /// <param name="name">Its name.</param>
    /// <param name="jobId">The job.</param>
    /// <param name="checkpointId">The checkpoint that it is written for.</param>
    /// <param name="byLinkOnly">Whether its bytes come in another way.</param>
    internal void Import(string localPath, string name, string jobId, long checkpointId, bool byLinkOnly)
    {
        try
        {
            long length = new FileInfo(localPath).Length;
            if (length > _maxBytes)
            {
                return;
            }

            if (!_local.TryImport(localPath, name))
            {
                if (byLinkOnly)
                {
                    return;
                }

                using var source = new FileStream(localPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
                using var output = _local.Create(name, CancellationToken.None);
                source.CopyTo(output.Stream, ReadAtOnce);
                output.Complete();
            }

            Added(name, length, jobId, checkpointId);
        }
        catch (Exception error) when (StorageFailures.IsOfStorage(error))
        {
            CopyFailed(name, error);
        }
    }

    /// <summary>A copy is complete. May block.</summary>
    internal void Added(string name, long length, string jobId, long checkpointId)
    {
        List<string> excess;
        bool isNeeded;
        lock (_gate)
        {
            _hasFailed = false;
            SetOf(jobId, checkpointId).Add(name);
            Remove(name);
            Add(new Copy(name, length));
            excess = TakeExcess();
            isNeeded = !_hasWarnedOfSize && excess.Exists(IsNamed);
            _hasWarnedOfSize |= isNeeded;
        }

        if (isNeeded)
        {
            LocalRecoveryLog.TooLarge(_logger, _maxBytes);
        }

        Delete(excess);
    }

    /// <summary>Whether a copy can be as large as this.</summary>
    internal bool MayBe(long length) => length <= _maxBytes;

    internal bool Contains(string name)
    {
        lock (_gate)
        {
            return _copies.ContainsKey(name);
        }
    }

    /// <summary>Deletes the copies of files that are of no use any more. May block.</summary>
    internal void Forget(IReadOnlyCollection<string> names)
    {
        List<string> known;
        lock (_gate)
        {
            known = [.. names.Where(Remove)];
        }

        Delete(known);
    }

    /// <summary>The disk did not take a copy. Said once, until it takes one again: with every checkpoint come many files.</summary>
    internal void CopyFailed(string name, Exception error)
    {
        bool isFirst;
        lock (_gate)
        {
            isFirst = !_hasFailed;
            _hasFailed = true;
        }

        if (isFirst)
        {
            LocalRecoveryLog.CannotCopy(_logger, error, name, _local.Description);
        }
    }

    private static string? FindDamage(Stream stream, StateFile file, CancellationToken cancellationToken)
    {
        if (stream.Length != file.Length)
        {
            return $"it has {stream.Length} bytes, and {file.Length} were written";
        }

        var hash = new XxHash3();
        var buffer = new byte[(int)Math.Min(ReadAtOnce, Math.Max(1, file.Length))];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.Append(buffer.AsSpan(0, read));
        }

        return hash.GetCurrentHashAsUInt64() == file.Checksum ? null : "its checksum is not that of the checkpoint";
    }

    private void Discard(string name, string why)
    {
        bool isKnown;
        lock (_gate)
        {
            isKnown = Remove(name);
        }

        // Whoever deleted it meanwhile had a reason.
        if (isKnown)
        {
            LocalRecoveryLog.Unusable(_logger, name, _local.Description, why);
            Delete([name]);
        }
    }

    private void Delete(List<string> names)
    {
        try
        {
            if (names.Count > 0)
            {
                _local.Delete(names, CancellationToken.None);
            }
        }
        catch (Exception error) when (StorageFailures.IsOfStorage(error))
        {
            LocalRecoveryLog.CannotDelete(_logger, error, names.Count, _local.Description);
        }
    }

    private HashSet<string> SetOf(string jobId, long checkpointId)
    {
        if (!_named.TryGetValue(jobId, out var checkpoints))
        {
            _named[jobId] = checkpoints = [];
        }

        if (!checkpoints.TryGetValue(checkpointId, out var names))
        {
            checkpoints[checkpointId] = names = new HashSet<string>(StringComparer.Ordinal);
        }

        return names;
    }

    private bool IsNamed(string name) => _named.GetValueOrDefault(name[..Math.Max(0, name.IndexOf('/'))])?.Values.Any(names => names.Contains(name)) ?? false;

    // Those of later checkpoints stay: they may be under way.
    private List<string> TakeUnnamed(string jobId, long checkpointId)
    {
        if (_named.TryGetValue(jobId, out var checkpoints))
        {
            foreach (long earlier in checkpoints.Keys.TakeWhile(id => id < checkpointId).ToList())
            {
                checkpoints.Remove(earlier);
            }
        }

        List<string> unnamed = [.. _copies.Keys.Where(name => CheckpointNames.IsIn(name, jobId) && !IsNamed(name))];
        unnamed.ForEach(name => Remove(name));
        return unnamed;
    }

    private List<string> TakeExcess()
    {
        List<string> excess = [];
        while (_bytes > _maxBytes && _byAge.First is { } oldest)
        {
            excess.Add(oldest.Value.Name);
            Remove(oldest.Value.Name);
        }

        return excess;
    }

    private void Add(Copy copy)
    {
        _copies.Add(copy.Name, _byAge.AddLast(copy));
        _bytes += copy.Length;
    }

    private bool Remove(string name)
    {
        if (!_copies.Remove(name, out var node))
        {
            return false;
        }

        _byAge.Remove(node);
        _bytes -= node.Value.Length;
        return true;
    }

    private sealed record Copy(string Name, long Length);
}
