namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>What may be deleted, and when.</summary>
internal sealed partial class CheckpointStore
{
    private readonly HashSet<CheckpointFiles> _underWay = [];

    // Shared files of dropped checkpoints that one under way may still name, each with the number of the drop. A checkpoint that began after the drop cannot.
    private readonly Dictionary<string, long> _deferred = new(StringComparer.Ordinal);
    private long _generation;

    private CheckpointFiles Track(CheckpointFiles files)
    {
        _underWay.Add(files);
        return files;
    }

    private void Untrack(CheckpointFiles files)
    {
        lock (_gate)
        {
            _underWay.Remove(files);
            DeleteDeferred();
        }
    }

    /// <summary>Deletes what only checkpoints named that are not retained any more.</summary>
    private void Drop(IReadOnlyList<RetainedCheckpoint> before)
    {
        var dropped = before.Where(item => _log.State.Retained.All(kept => kept.Path != item.Path)).ToList();
        if (dropped.Count == 0)
        {
            return;
        }

        _generation++;

        // Manifests first: a savepoint or checkpoint without its manifest is visibly none.
        List<string> manifests = [];
        List<string> files = [];
        foreach (var item in dropped)
        {
            if (item.IsClaimed)
            {
                manifests.Add(CheckpointNames.ClaimOf(item.Path));
            }

            manifests.Add(CheckpointNames.MetadataOf(item.Path));
            if (_manifests.Remove(item.Path, out var manifest))
            {
                files.AddRange(ManifestFiles.Of(manifest).Select(file => file.File.Path));
            }

            _damaged.Remove(item.Path);
        }

        DeleteQuietly(manifests);
        foreach (string file in files)
        {
            _deferred[file] = _generation;
        }

        DeleteDeferred();
    }

    private void DeleteDeferred()
    {
        if (_deferred.Count == 0)
        {
            return;
        }

        long oldest = _underWay.Count == 0 ? long.MaxValue : _underWay.Min(files => files.Generation);
        var due = _deferred.Where(item => item.Value <= oldest).Select(item => item.Key).ToList();
        if (due.Count == 0)
        {
            return;
        }

        due.ForEach(file => _deferred.Remove(file));
        var named = Named();
        DeleteQuietly([.. due.Where(file => !named.Contains(file))]);
    }

    /// <summary>Deletes files of the job that no retained checkpoint names.</summary>
    private void SweepOrphans()
    {
        var state = _log.State;
        var named = Named();
        var unreadable = state.Retained.Where(item => !_manifests.ContainsKey(item.Path)).Select(item => item.Path).ToList();
        List<string> orphans = [];
        foreach (var file in _storage.List(_names.JobFolder))
        {
            // What a manifest that cannot be read names is not known: its own folder and everything shared is left alone until it is dropped.
            bool isOrphan = _names.IsOwned(file.Name) && !named.Contains(file.Name)
                && (unreadable.Count == 0 || !(CheckpointNames.IsShared(file.Name) || unreadable.Exists(folder => CheckpointNames.IsIn(file.Name, folder))))
                && !_underWay.Any(files => files.HasWritten(file.Name));
            if (isOrphan)
            {
                orphans.Add(file.Name);
            }
        }

        if (orphans.Count == 0)
        {
            return;
        }

        // Behind the list: if nobody had begun another epoch when it was made, nothing in it is of a later one. Without this a run that was
        // superseded and does not know it could delete what its successor is writing.
        _log.Confirm();
        if (DeleteQuietly(orphans))
        {
            CheckpointStoreLog.OrphansDeleted(_logger, _names.JobFolder, orphans.Count, _storage.Description);
        }
    }

    private HashSet<string> Named()
    {
        HashSet<string> named = new(StringComparer.Ordinal);
        foreach (var retained in _log.State.Retained)
        {
            named.Add(CheckpointNames.MetadataOf(retained.Path));
            if (_manifests.TryGetValue(retained.Path, out var manifest))
            {
                named.UnionWith(ManifestFiles.Of(manifest).Select(item => item.File.Path));
            }
        }

        return named;
    }

    // A checkpoint that names what is not there any more must fail now, and not when it is needed.
    private void RequireFiles(CheckpointManifest manifest, CheckpointFiles files)
    {
        HashSet<string>? known = null;
        foreach (var (file, owner) in ManifestFiles.Of(manifest))
        {
            if (files.HasWritten(file.Path))
            {
                continue;
            }

            if (files.IsSavepoint)
            {
                throw new InvalidOperationException($"A savepoint stands for itself, but {owner} names '{file.Path}', which was not written for it.");
            }

            known ??= [.. Named(), .. _deferred.Keys];
            if (!known.Contains(file.Path))
            {
                throw new InvalidOperationException($"Checkpoint {manifest.CheckpointId}: {owner} names '{file.Path}', which belongs to no checkpoint that is kept.");
            }
        }
    }

    private bool DeleteQuietly(IReadOnlyCollection<string> names)
    {
        try
        {
            if (names.Count > 0)
            {
                _storage.Delete(names);
            }

            return true;
        }
        catch (Exception exception) when (StorageFailures.IsOfStorage(exception))
        {
            CheckpointStoreLog.CannotDelete(_logger, exception, _names.JobFolder, names.Count, _storage.Description);
            return false;
        }
    }
}
