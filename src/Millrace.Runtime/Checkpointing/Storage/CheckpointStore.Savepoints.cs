using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Text;
using Millrace.Checkpointing;

namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>Savepoints, which stand for themselves and belong to the user until they are claimed.</summary>
internal sealed partial class CheckpointStore
{
    private const int NearbyShown = 10;

    // Where a manifest was read from: a savepoint may have been moved since it was written, so it cannot say so itself.
    private readonly ConditionalWeakTable<CheckpointManifest, RetainedCheckpoint> _places = [];

    /// <summary>Begins a savepoint.</summary>
    /// <param name="folder">Its folder in the storage; the root of the storage may be in front of it.</param>
    /// <param name="checkpointId">Its number: one that this job has not used before.</param>
    /// <exception cref="MillraceException">The folder is taken, or no place for a savepoint.</exception>
    /// <exception cref="IOException">The storage does not work.</exception>
    /// <exception cref="CheckpointFencedException">Another epoch has begun.</exception>
    public CheckpointFiles CreateSavepointFiles(string folder, long checkpointId)
    {
        string place = PlaceFor(folder);
        lock (_gate)
        {
            _log.Reserve(checkpointId);
            return Track(new CheckpointFiles(_storage, checkpointId, place, sharedFolder: null, _options.InlineThreshold, _generation, Untrack));
        }
    }

    /// <summary>Begins a savepoint that no run of a job takes, but a tool writes. The log of the job is not touched.</summary>
    /// <param name="folder">Its folder in the storage; the root of the storage may be in front of it.</param>
    /// <param name="checkpointId">Its number.</param>
    /// <exception cref="MillraceException">The folder is taken, or no place for a savepoint.</exception>
    /// <exception cref="IOException">The storage does not work.</exception>
    public CheckpointFiles CreateDetachedSavepointFiles(string folder, long checkpointId)
    {
        string place = PlaceFor(folder);
        if (place.Split('/').Any(part => part.StartsWith("chk-", StringComparison.Ordinal)))
        {
            throw CheckpointErrors.FolderTaken(place, "the checkpoints of jobs have names that begin with chk-");
        }

        return new CheckpointFiles(_storage, checkpointId, place, sharedFolder: null, _options.InlineThreshold, generation: 0, static _ => { });
    }

    /// <summary>Completes a savepoint that a tool writes.</summary>
    /// <param name="manifest">All there is to know of it.</param>
    /// <param name="files">What <see cref="CreateDetachedSavepointFiles"/> has returned.</param>
    /// <returns>Its folder, for <see cref="RestoreOptions"/>.</returns>
    /// <exception cref="MillraceException">The folder was taken meanwhile.</exception>
    /// <exception cref="IOException">The storage does not work.</exception>
    public string CompleteDetachedSavepoint(CheckpointManifest manifest, CheckpointFiles files)
    {
        WriteManifest(files, ManifestFormat.Write(manifest, files.Folder));
        return files.Folder;
    }

    private string PlaceFor(string folder)
    {
        string place = Locate(folder);
        if (place.Length == 0 || !place.Split('/').All(CheckpointOptions.IsName))
        {
            throw CheckpointErrors.FolderTaken(folder, $"the parts of its name may have letters, digits, '-', '_' and '.', and must not begin with a '.'; it is a folder in {_storage.Description}");
        }

        if (_names.IsReserved(place))
        {
            throw CheckpointErrors.FolderTaken(place, "the job keeps its own files there");
        }

        string manifest = CheckpointNames.MetadataOf(place);
        if (_storage.List(place).Any(file => file.Name == manifest))
        {
            throw CheckpointErrors.FolderTaken(place, "there is a savepoint in it already");
        }

        return place;
    }

    /// <summary>Completes a savepoint.</summary>
    /// <param name="manifest">All there is to know of it.</param>
    /// <param name="files">Its files.</param>
    /// <returns>Its folder, for <see cref="RestoreOptions"/>.</returns>
    /// <remarks>The log has an entry of it, not to find it again, but so that a run that was superseded hears of that before it commits what belongs to the savepoint.</remarks>
    /// <exception cref="CheckpointFencedException">Another epoch has begun: nothing of it may be committed.</exception>
    /// <exception cref="IOException">The storage did not take it, or it is not known whether it did.</exception>
    public string CompleteSavepoint(CheckpointManifest manifest, CheckpointFiles files)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        Require(manifest.Kind != SnapshotKind.Checkpoint && files.IsSavepoint && manifest.CheckpointId == files.CheckpointId, "The manifest is not one of these files.");
        lock (_gate)
        {
            RequireFiles(manifest, files);
            byte[] bytes = ManifestFormat.Write(manifest, files.Folder);
            WriteManifest(files, bytes);
            _places.AddOrUpdate(manifest, new RetainedCheckpoint(manifest.CheckpointId, files.Folder, XxHash3.HashToUInt64(bytes), IsClaimed: true));
            try
            {
                _log.Append(LogEntryKind.SavepointCompleted, manifest.CheckpointId, state => CheckpointLog.Reserve(state, manifest.CheckpointId));
                return files.Folder;
            }
            finally
            {
                files.End();
            }
        }
    }

    /// <summary>Reads and verifies a savepoint or checkpoint, of this job or another.</summary>
    /// <param name="path">Its folder, or the manifest in it; the root of the storage may be in front.</param>
    /// <exception cref="MillraceException">There is none, it is damaged, or a later version wrote it.</exception>
    /// <exception cref="IOException">The storage cannot be read.</exception>
    public CheckpointManifest ReadSavepoint(string path)
    {
        var manifest = ReadManifest(path);
        Verify(manifest);
        return manifest;
    }

    /// <summary>Reads and verifies <see cref="StoppedWith"/>.</summary>
    /// <exception cref="MillraceException">It is not there any more, or cannot be used.</exception>
    /// <exception cref="IOException">The storage cannot be read.</exception>
    public CheckpointManifest ReadStoppedWith()
    {
        var stoppedWith = StoppedWith ?? throw new InvalidOperationException("The job was not stopped with a savepoint.");
        CheckpointManifest manifest;
        try
        {
            manifest = ReadSavepoint(stoppedWith.Path);
        }
        catch (MillraceException cause)
        {
            throw CheckpointErrors.NoSavepointOfStop(_names.JobFolder, stoppedWith.Path, cause.Message, cause);
        }

        return PlaceOf(manifest).ManifestChecksum == stoppedWith.ManifestChecksum
            ? manifest
            : throw CheckpointErrors.NoSavepointOfStop(_names.JobFolder, stoppedWith.Path, "Another one is there now.");
    }

    /// <summary>Whether a run that was told to restore from a path has been stopped with <see cref="StoppedWith"/> since.</summary>
    public bool WasStoppedSince(string path) => StoppedWith is { } stoppedWith && stoppedWith.InsteadOf == Locate(path);

    private StopSavepoint StopSavepointOf(RetainedCheckpoint place) => new(place.Id, place.Path, place.ManifestChecksum, _options.RestoreFrom is { } from ? Locate(from.Path) : "");

    /// <summary>Where a manifest was read from or written to.</summary>
    public string PathOf(CheckpointManifest manifest) => PlaceOf(manifest).Path;

    /// <summary>Makes a savepoint the job's: it counts as a completed checkpoint, and is deleted when enough newer ones are complete.</summary>
    /// <param name="manifest">What <see cref="ReadSavepoint"/> has returned.</param>
    /// <exception cref="ArgumentException">It was not read from here.</exception>
    /// <exception cref="CheckpointFencedException">Another epoch has begun.</exception>
    /// <exception cref="IOException">The storage does not work.</exception>
    public void Claim(CheckpointManifest manifest)
    {
        Require(_places.TryGetValue(manifest, out var place), "The manifest was not read from this storage.");
        if (manifest.Kind == SnapshotKind.Checkpoint && !_names.IsReserved(place!.Path))
        {
            throw CheckpointErrors.CannotClaim(place.Path, $"it is a checkpoint of job '{manifest.JobId}', whose other checkpoints may share its files");
        }

        lock (_gate)
        {
            _abandoned.Remove(place!.Path);
            if (_log.State.Retained.Any(item => item.Path == place.Path))
            {
                return;
            }

            if (manifest.Kind != SnapshotKind.Checkpoint)
            {
                NoteClaim(place.Path);
            }

            _manifests[place.Path] = manifest;

            // The newest: the job goes on from it, whatever it had before.
            _log.Append(LogEntryKind.SavepointClaimed, manifest.CheckpointId, state => state with { Retained = [.. state.Retained, place], Ended = null, Savepoint = null });
        }
    }

    /// <summary>Deletes a savepoint: its manifest, and then the files that the manifest names and that are beside it.</summary>
    /// <param name="path">Its folder, or the manifest in it; the root of the storage may be in front.</param>
    /// <exception cref="MillraceException">There is none, it cannot be read, or it is no savepoint that is the user's.</exception>
    /// <exception cref="IOException">Not all could be deleted.</exception>
    public void DisposeSavepoint(string path)
    {
        var manifest = ReadManifest(path);
        string folder = PlaceOf(manifest).Path;
        if (manifest.Kind == SnapshotKind.Checkpoint)
        {
            throw CheckpointErrors.CannotDispose(folder, "it is a checkpoint, which its job deletes when it does not need it any more");
        }

        if (ReadClaim(folder) is { } job)
        {
            throw CheckpointErrors.CannotDispose(folder, $"job '{job}' has claimed it, and deletes it when it does not need it any more");
        }

        _storage.Delete([CheckpointNames.MetadataOf(folder)]);
        _storage.Delete([.. ManifestFiles.Of(manifest).Select(item => item.File.Path).Where(file => CheckpointNames.IsIn(file, folder)).Distinct()]);
    }

    /// <summary>Says in the savepoint's own folder whose it is: whoever wants to delete it knows the folder, and not the job.</summary>
    private void NoteClaim(string folder)
    {
        // Before the log has the claim: a job whose savepoint could be deleted would be the worse half of it. If the job does not come to the log, it finds its own note the next time.
        if (!StoredBytes.TryCreate(_storage, CheckpointNames.ClaimOf(folder), Encoding.UTF8.GetBytes(_names.JobFolder)))
        {
            throw CheckpointErrors.CannotClaim(folder, $"job '{ReadClaim(folder)}' has claimed it");
        }
    }

    private string? ReadClaim(string folder)
    {
        try
        {
            return Encoding.UTF8.GetString(StoredBytes.ReadAll(_storage, CheckpointNames.ClaimOf(folder)));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private CheckpointManifest ReadManifest(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        string folder = Locate(path);
        byte[] bytes;
        try
        {
            bytes = StoredBytes.ReadAll(_storage, CheckpointNames.MetadataOf(folder));
        }
        catch (Exception exception) when (exception is FileNotFoundException or ArgumentException)
        {
            throw CheckpointErrors.NoSavepoint(path, _storage.Description, Nearby(folder));
        }

        var manifest = ManifestFormat.Read(bytes, folder);
        _places.Add(manifest, new RetainedCheckpoint(manifest.CheckpointId, folder, XxHash3.HashToUInt64(bytes), IsClaimed: true));
        return manifest;
    }

    private RetainedCheckpoint PlaceOf(CheckpointManifest manifest) => _places.TryGetValue(manifest, out var place) ? place : throw new ArgumentException("The manifest was not read from this storage.");

    // The folder in the storage, from what people have at hand: a full path, the file in it, a slash too many.
    private string Locate(string path)
    {
        string root = _storage.Description.StartsWith("folder ", StringComparison.Ordinal) ? _storage.Description["folder ".Length..] : _storage.Description;
        string place = Below(path, root) ?? (Path.IsPathFullyQualified(root) ? Below(Path.GetFullPath(path), root) : null) ?? path;
        place = place.Replace('\\', '/').Trim('/');
        return place == CheckpointNames.Metadata ? "" : place.EndsWith($"/{CheckpointNames.Metadata}", StringComparison.Ordinal) ? place[..^(CheckpointNames.Metadata.Length + 1)] : place;
    }

    private static string? Below(string path, string root) =>
        path.Length > root.Length && path.StartsWith(root, StringComparison.Ordinal) && path[root.Length] is '/' or '\\' ? path[root.Length..] : null;

    // Those in the same folder first: a spelling mistake is most often in the last part.
    private List<string> Nearby(string folder)
    {
        string parent = folder.LastIndexOf('/') is > 0 and int end ? folder[..end] : "";
        return
        [
            .. _storage.List("").Where(file => file.Name.EndsWith($"/{CheckpointNames.Metadata}", StringComparison.Ordinal))
                .Select(file => file.Name[..^(CheckpointNames.Metadata.Length + 1)])
                .OrderByDescending(found => parent.Length > 0 && CheckpointNames.IsIn(found, parent)).ThenBy(found => found, StringComparer.Ordinal).Take(NearbyShown),
        ];
    }
}
