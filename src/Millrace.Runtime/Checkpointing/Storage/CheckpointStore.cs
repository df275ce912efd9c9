using System.IO.Hashing;
using Microsoft.Extensions.Logging;
using Millrace.Checkpointing;

namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>The checkpoints of one job in a storage: which there are, which is the latest, and what may be deleted. Methods may block. Safe for use by several threads.</summary>
/// <remarks>
/// Order of a completion: files, manifest, entry in the log, deletion of what the log does not name any more. Whatever goes wrong before the entry harms no
/// earlier checkpoint; whatever goes wrong behind it leaves garbage and nothing else.
/// </remarks>
internal sealed partial class CheckpointStore
{
    private readonly CheckpointStorage _storage;
    private readonly CheckpointOptions _options;
    private readonly ILogger _logger;
    private readonly CheckpointNames _names;
    private readonly CheckpointLog _log;
    private readonly Lock _gate = new();

    // Manifests of retained checkpoints by folder; one that cannot be read is missing here and in _damaged.
    private readonly Dictionary<string, CheckpointManifest> _manifests = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DamagedCheckpoint> _damaged = new(StringComparer.Ordinal);

    // Folders of checkpoints that the user does not go on from: behind the first of its own the job has a past that they are no part of.
    private readonly HashSet<string> _abandoned = new(StringComparer.Ordinal);

    /// <param name="storage">Where checkpoints are kept.</param>
    /// <param name="jobId">The name under which they are.</param>
    /// <param name="options">How many are kept, and what goes into the manifest.</param>
    /// <param name="time">Dates the entries of the log.</param>
    /// <param name="logger">Hears of damage.</param>
    public CheckpointStore(CheckpointStorage storage, string jobId, CheckpointOptions options, TimeProvider time, ILogger logger)
    {
        _storage = storage;
        _options = options;
        _logger = logger;
        _names = new CheckpointNames(jobId);
        _log = new CheckpointLog(storage, _names, time);
    }

    /// <summary>The completed checkpoints that are kept, claimed savepoints included, the oldest first.</summary>
    public IReadOnlyList<RetainedCheckpoint> Retained
    {
        get
        {
            lock (_gate)
            {
                return _log.HasBegun ? _log.State.Retained : [];
            }
        }
    }

    /// <summary>The savepoint that the job was stopped with and goes on from, as long as it has completed nothing since.</summary>
    public StopSavepoint? StoppedWith
    {
        get
        {
            lock (_gate)
            {
                return _log.HasBegun ? _log.State.Savepoint : null;
            }
        }
    }

    /// <summary>Begins a run of the job: ends all earlier epochs, finds and verifies the latest checkpoint, removes what belongs to none. A job that has finished is left as it is.</summary>
    /// <exception cref="IOException">The storage does not work.</exception>
    /// <exception cref="CheckpointFencedException">Yet another run has begun meanwhile.</exception>
    /// <exception cref="MillraceException">The log is damaged.</exception>
    public StoreOpening Open()
    {
        lock (_gate)
        {
            // Decided together with the epoch: a run that finishes between a look at the log and the epoch behind it would be run again.
            if (_log.Begin(CheckpointLog.ReservedAtOnce, head => head.State.Ended == JobState.Finished && !_options.RunFinishedAgain) is { } end)
            {
                return new StoreOpening(end.State.Epoch, end.State.ReservedId + 1, null, [], end.When);
            }

            _manifests.Clear();
            _damaged.Clear();

            // Numbers that were set aside for earlier epochs may all have been used.
            long next = _log.State.ReservedId - CheckpointLog.ReservedAtOnce + 1;
            foreach (var retained in _log.State.Retained)
            {
                LoadManifest(retained);
            }

            var latest = FindUsable([]);
            SweepOrphans();
            return new StoreOpening(_log.State.Epoch, next, latest, [.. _damaged.Values.OrderBy(damaged => damaged.Id)]);
        }
    }

    /// <summary>Begins another epoch for a restart of the job within this run. Checkpoints under way in the old one are to be discarded before.</summary>
    /// <returns>Its number.</returns>
    /// <exception cref="IOException">The storage does not work.</exception>
    /// <exception cref="CheckpointFencedException">Another run of the job has begun: this one must not go on.</exception>
    public long BeginEpoch()
    {
        lock (_gate)
        {
            // A run that was superseded must end, and not supersede its successor in turn.
            _log.Confirm();
            if (_log.Begin(reserve: 0, static head => head.State.Ended == JobState.Finished) is not null)
            {
                // It was another run that finished the job, since this one has not.
                throw _log.Superseded();
            }

            foreach (var retained in _log.State.Retained)
            {
                // One whose completion was in doubt and turns out to be true now.
                if (!_manifests.ContainsKey(retained.Path) && !_damaged.ContainsKey(retained.Path))
                {
                    LoadManifest(retained);
                }
            }

            return _log.State.Epoch;
        }
    }

    /// <summary>The latest checkpoint that can be used; verified as in <see cref="Open"/>.</summary>
    /// <param name="excluding">Numbers of checkpoints that are not wanted.</param>
    /// <returns>Its manifest; null where there is none.</returns>
    /// <exception cref="IOException">The storage cannot be read.</exception>
    public CheckpointManifest? LatestUsable(params IReadOnlyCollection<long> excluding)
    {
        lock (_gate)
        {
            return FindUsable(excluding);
        }
    }

    /// <summary>Says that a checkpoint turned out to be damaged when its state was loaded. It is not used again, and goes with the next completion.</summary>
    /// <param name="manifest">The checkpoint, as this store has given it out.</param>
    /// <param name="reason">What is wrong with it.</param>
    /// <returns>Whether it is one of those that are kept. A savepoint that nobody has claimed is not: there is none before it.</returns>
    public bool MarkDamaged(CheckpointManifest manifest, string reason)
    {
        lock (_gate)
        {
            // By the manifest, not by its number: a savepoint of another job may have the same.
            var found = _log.State.Retained.FirstOrDefault(retained => ReferenceEquals(_manifests.GetValueOrDefault(retained.Path), manifest));
            if (found is not null)
            {
                NoteDamage(found, reason);
            }

            return found is not null;
        }
    }

    /// <summary>Says that the user does not go on from anything that is kept now: it goes with the first completion, however many are kept, so that nobody ever goes back to it.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _abandoned.UnionWith(_log.State.Retained.Select(retained => retained.Path));
        }
    }

    /// <summary>Reads the files of a checkpoint or savepoint.</summary>
    public CheckpointReader CreateReader(CheckpointManifest manifest)
    {
        lock (_gate)
        {
            // What is kept is named, so its files stay until a checkpoint is complete that names some of them again, or does not.
            bool isKept = _manifests.Values.Any(kept => ReferenceEquals(kept, manifest));
            return new CheckpointReader(_storage, manifest, isKept ? _names.SharedFolder : null);
        }
    }

    /// <summary>Begins a checkpoint.</summary>
    /// <param name="checkpointId">Its number: one that this job has not used before.</param>
    /// <exception cref="IOException">The storage does not work.</exception>
    /// <exception cref="CheckpointFencedException">Another epoch has begun.</exception>
    public CheckpointFiles CreateFiles(long checkpointId)
    {
        lock (_gate)
        {
            _log.Reserve(checkpointId);
            return Track(new CheckpointFiles(
                _storage, checkpointId, _names.CheckpointFolder(checkpointId), _names.SharedFolder, _options.InlineThreshold, _generation, Untrack));
        }
    }

    /// <summary>Completes a checkpoint. When this returns it is the one that the job restarts from, whatever happens.</summary>
    /// <param name="manifest">All there is to know of it.</param>
    /// <param name="files">Its files.</param>
    /// <returns>Its folder, for <see cref="RestoreOptions"/>.</returns>
    /// <exception cref="CheckpointFencedException">Another epoch has begun: nothing of it may be committed.</exception>
    /// <exception cref="IOException">The storage did not take it, or it is not known whether it did. Earlier checkpoints are as they were.</exception>
    public string Complete(CheckpointManifest manifest, CheckpointFiles files)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        Require(manifest.Kind == SnapshotKind.Checkpoint && !files.IsSavepoint && manifest.CheckpointId == files.CheckpointId, "The manifest is not one of these files.");
        lock (_gate)
        {
            RequireFiles(manifest, files);
            string folder = files.Folder;
            var bytes = ManifestFormat.Write(manifest, folder);
            var added = new RetainedCheckpoint(manifest.CheckpointId, folder, XxHash3.HashToUInt64(bytes), IsClaimed: false);
            WriteManifest(files, bytes);

            // Kept before the entry is tried: it may take effect even where the outcome is not known.
            _manifests[folder] = manifest;
            var before = _log.State.Retained;
            try
            {
                _log.Append(LogEntryKind.CheckpointCompleted, manifest.CheckpointId, state =>
                {
                    before = Union(before, state.Retained);

                    // An end of unknown outcome, behind which the job went on, is over with this.
                    return CheckpointLog.Reserve(state, manifest.CheckpointId) with { Retained = Keep(state.Retained, added), Ended = null, Savepoint = null };
                });
            }
            finally
            {
                files.End();
            }

            Drop(before);
            return folder;
        }
    }

    /// <summary>Ends the job: removes its checkpoints where the state and the options say so.</summary>
    /// <param name="state"><see cref="JobState.Finished"/>, and <see cref="JobState.Suspended"/> with a savepoint: they are removed; <see cref="JobState.Canceled"/>: as <see cref="CheckpointOptions.Retention"/> says; otherwise they are kept.</param>
    /// <param name="savepoint">What the job was stopped with: the manifest that <see cref="CompleteSavepoint"/> was given. A new start goes on from it.</param>
    /// <exception cref="CheckpointFencedException">Another run of the job has begun.</exception>
    /// <exception cref="IOException">The storage does not work.</exception>
    public void EndJob(JobState state, CheckpointManifest? savepoint = null)
    {
        Require(state == JobState.Suspended == savepoint is not null, "A job is suspended with a savepoint.");
        bool isRemoved = state is JobState.Finished or JobState.Suspended || (state == JobState.Canceled && _options.Retention == CheckpointRetention.DeleteOnCancellation);
        lock (_gate)
        {
            var before = _log.State.Retained;
            var goesOnFrom = savepoint is null ? null : StopSavepointOf(PlaceOf(savepoint));
            _log.Append(LogEntryKind.JobEnded, savepoint?.CheckpointId ?? 0, current =>
            {
                before = Union(before, current.Retained);
                return current with { Ended = state, Retained = isRemoved ? [] : current.Retained, Savepoint = isRemoved ? goesOnFrom : current.Savepoint };
            });
            Drop(before);
            if (isRemoved)
            {
                SweepOrphans();
            }
        }
    }

    // Damaged ones go first: they are of no use, and must not push a good one out.
    private RetainedCheckpoint[] Keep(IReadOnlyList<RetainedCheckpoint> retained, RetainedCheckpoint added) =>
        [.. retained.Where(item => !_damaged.ContainsKey(item.Path) && !_abandoned.Contains(item.Path)).Append(added).TakeLast(_options.Retained)];

    // An append may find that an earlier one of unknown outcome was written: what that one dropped is to be deleted too.
    private static RetainedCheckpoint[] Union(IReadOnlyList<RetainedCheckpoint> first, IReadOnlyList<RetainedCheckpoint> second) => [.. first.UnionBy(second, item => item.Path)];

    private void WriteManifest(CheckpointFiles files, byte[] bytes)
    {
        string name = CheckpointNames.MetadataOf(files.Folder);

        // Sealed before the first byte of the manifest: nobody may delete what it names from now on.
        files.Seal();
        bool isCreated = false;
        try
        {
            isCreated = StoredBytes.TryCreate(_storage, name, bytes);
        }
        finally
        {
            // There is no entry in the log, so the checkpoint is certainly not complete, whatever became of the manifest.
            if (!isCreated)
            {
                files.Unseal();
            }
        }

        if (!isCreated)
        {
            throw CheckpointErrors.FolderTaken(files.Folder, "there is a savepoint or checkpoint in it already");
        }
    }

    private void LoadManifest(RetainedCheckpoint retained)
    {
        string name = CheckpointNames.MetadataOf(retained.Path);
        try
        {
            var bytes = StoredBytes.ReadAll(_storage, name);
            if (XxHash3.HashToUInt64(bytes) != retained.ManifestChecksum)
            {
                throw CheckpointErrors.Damaged(name, "it is not the manifest that the log names: its checksum is another");
            }

            var manifest = ManifestFormat.Read(bytes, retained.Path);
            _manifests[retained.Path] = manifest;
            _places.AddOrUpdate(manifest, retained);
        }
        catch (FileNotFoundException)
        {
            NoteDamage(retained, $"{name} is missing.");
        }
        catch (MillraceException exception)
        {
            NoteDamage(retained, exception.Message);
        }
    }

    private CheckpointManifest? FindUsable(IReadOnlyCollection<long> excluding)
    {
        foreach (var retained in _log.State.Retained.Reverse())
        {
            if (excluding.Contains(retained.Id) || _damaged.ContainsKey(retained.Path) || !_manifests.TryGetValue(retained.Path, out var manifest))
            {
                continue;
            }

            try
            {
                Verify(manifest);
                return manifest;
            }
            catch (MillraceException exception)
            {
                NoteDamage(retained, exception.Message);
            }
        }

        return null;
    }

    private void Verify(CheckpointManifest manifest)
    {
        var reader = new CheckpointReader(_storage, manifest);
        var files = ManifestFiles.Of(manifest).Select(item => item.File).DistinctBy(file => file.Path).ToList();
        bool isRead = files.Sum(file => file.Length) <= _options.VerifiedAtOpening;
        foreach (var file in files)
        {
            if (isRead)
            {
                reader.Verify(file);
            }
            else
            {
                reader.VerifyLength(file);
            }
        }
    }

    private void NoteDamage(RetainedCheckpoint retained, string reason)
    {
        _damaged[retained.Path] = new DamagedCheckpoint(retained.Id, retained.Path, reason);
        CheckpointStoreLog.Damaged(_logger, _names.JobFolder, retained.Id, retained.Path, reason);
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new ArgumentException(message);
        }
    }
}
