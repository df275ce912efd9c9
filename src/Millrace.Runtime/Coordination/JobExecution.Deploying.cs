using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Sources;
using Millrace.Runtime.State.Operator;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Time;

namespace Millrace.Runtime.Coordination;

/// <content>Beginning: what to start from, and making subtasks of it.</content>
internal sealed partial class JobExecution
{
    // Subtasks that are decided to be deployed, and whose state is still being looked for.
    private readonly HashSet<SubtaskId> _deploying = [];
    private readonly RestartBackoff _openingBackoff;
    private readonly WatermarkAlignment _alignment = new();
    private long _epoch;
    private bool _isOpening;
    private DateTimeOffset? _finishedBefore;

    // Regions restart by themselves, and may have begun with different checkpoints.
    private readonly Dictionary<SubtaskId, CheckpointManifest> _restoredFrom = [];

    // What the job was started from; still good while there is no checkpoint of its own.
    private CheckpointManifest? _initial;

    // What turned out to be damaged last while it was loaded: where it was all that there is to begin with, there is nothing. Of the store's thread, as is looking for something to begin with.
    private (string Path, string Why)? _damaged;

    // Checkpoints of earlier runs, and the savepoint that one was stopped with, that the user does not want to go on from.
    private IReadOnlyList<long> _unwanted = [];

    /// <summary>What a deployment begins with.</summary>
    private sealed record Beginning(long Epoch, StateAssignment? Restore);

    /// <summary>Looks what there is in the storage, and starts.</summary>
    private void Open()
    {
        if (_store is not { } store || _coordinator.State != JobState.Created)
        {
            Apply(_coordinator.Start(Now));
            return;
        }

        _isOpening = true;
        StoreOpening? opening = null;
        _storeQueue.Enqueue(
            $"opening the checkpoints of {Description}",
            () =>
            {
                opening = store.Open();
                _initial = opening.FinishedAt is null ? FindInitial(store, opening) : null;
            },
            error => Tell(() => Opened(opening, error)));
    }

    private CheckpointManifest? FindInitial(CheckpointStore store, StoreOpening opening)
    {
        var initial = InitialCheckpoint.Find(store, opening.Latest, _job.Options.Checkpoints, _job.Stream.JobName);
        _unwanted = initial.Unwanted;
        if (initial.IsClaimed)
        {
            store.Claim(initial.Manifest!);
        }

        return initial.Manifest;
    }

    private void Opened(StoreOpening? opening, Exception? error)
    {
        _isOpening = false;
        if (error is IOException or UnauthorizedAccessException && _coordinator.State == JobState.Created && _openingBackoff.Failed(Now) is { MayRestart: true } verdict)
        {
            // A storage that does not answer may do so later.
            Log.OpeningRetried(_logger, error, _job.Stream.JobName);
            _restartTimer = StartTimer(TimeSpan.FromMilliseconds(Math.Max(0, verdict.DueAt - Now)), Open);
            return;
        }

        if (error is not null || opening is null)
        {
            // Nothing has run yet: a job that cannot find its state must not begin without it.
            Apply(_coordinator.Failed(error!, Now));
            return;
        }

        if (opening.FinishedAt is { } finishedAt)
        {
            if (_coordinator.State == JobState.Created)
            {
                _finishedBefore = DateTimeOffset.FromUnixTimeMilliseconds(finishedAt);
                Log.FinishedBefore(_logger, _job.Stream.JobName, _finishedBefore.Value, _job.Options.Checkpoints.Storage!.Description);
            }

            Apply(_coordinator.FinishedBefore());
            return;
        }

        _epoch = opening.Epoch;
        _checkpoints = new CheckpointCoordinator(
            _job.Options.Checkpoints, _topology, Math.Max(opening.NextCheckpointId, (_initial?.CheckpointId ?? 0) + 1));
        Apply(_coordinator.Start(Now));
    }

    private void Deploy(JobDecision.Deploy deploy)
    {
        _deploying.UnionWith(deploy.Subtasks);
        TraceDeploy(deploy);
        if (_host.IsDistributed)
        {
            _host.Reserve(deploy.Subtasks, error => Tell(() => Reserved(deploy, error)));
        }
        else
        {
            Prepare(deploy);
        }
    }

    private void Reserved(JobDecision.Deploy deploy, Exception? error)
    {
        if (error is not null)
        {
            Deploy(deploy, null, error);
        }
        else if (deploy.Subtasks.Any(subtask => _coordinator.AttemptOf(subtask) == deploy.Attempt && _deploying.Contains(subtask)))
        {
            Prepare(deploy);
        }
    }

    private void Prepare(JobDecision.Deploy deploy)
    {
        if (_store is not { } store)
        {
            Deploy(deploy, new Beginning(++_epoch, null), null);
            return;
        }

        Beginning? beginning = null;
        _storeQueue.Enqueue(
            $"looking for the state of {Description}",
            () => beginning = FindBeginning(store, deploy),
            error => Tell(() => Deploy(deploy, beginning, error)));
    }

    private Beginning FindBeginning(CheckpointStore store, JobDecision.Deploy deploy)
    {
        if (!deploy.IsRestart)
        {
            return new Beginning(_epoch, Assign(store, _initial));
        }

        long epoch = store.BeginEpoch();
        var latest = store.LatestUsable(_unwanted);
        if (latest is not null)
        {
            return new Beginning(epoch, Assign(store, latest));
        }

        InitialCheckpoint.RequireNoneLeft(store, _unwanted, _job.Options.Checkpoints, _job.Stream.JobName);
        var savepoint = InitialCheckpoint.FindStoppedWith(store, _unwanted) ?? _initial;
        if (savepoint is not null && _damaged is { } damaged && damaged.Path == PathOf(savepoint))
        {
            throw Checkpointing.Storage.CheckpointErrors.BeginningUnusable(_job.Stream.JobName, PathOf(savepoint), damaged.Why);
        }

        return new Beginning(epoch, Assign(store, savepoint));
    }

    /// <summary>
    /// A union list gives every subtask what all had, and the function says who goes on with which part. Where only some of them went back to a checkpoint, parts would be taken twice or by nobody: so all subtasks of such an operator restart
    /// together, though no channels connect them. Not those of sources and sinks, which have union lists too: what they keep in them each subtask can go on with alone.
    /// </summary>
    private void KeepUnionsTogether(CheckpointManifest manifest)
    {
        var uids = manifest.Operators
            .Where(static op => op.Subtasks.Any(static subtask => subtask.Operator.Any(static state => state.Redistribution == Redistribution.Union)))
            .Select(static op => op.Uid).ToHashSet();
        foreach (var vertex in _job.Vertices.Where(vertex => vertex.Nodes.Any(node => node.Source is null && !node.IsSink && uids.Contains(_job.Uids[node]))))
        {
            _coordinator.RestartTogether(Enumerable.Range(0, vertex.Parallelism).Select(index => new SubtaskId(vertex.Index, index)));
        }
    }

    /// <summary>A checkpoint that turned out to be damaged while state was loaded is not used again: the restart takes the one before it.</summary>
    private void NoteDamage(SubtaskId? subtask, Exception cause)
    {
        for (var error = cause; error is not null; error = error.InnerException)
        {
            if (error is MillraceException { Code: Checkpointing.Storage.CheckpointErrors.Damage } && _store is { } store
                && subtask is { } failed && _restoredFrom.TryGetValue(failed, out var from))
            {
                _storeQueue.Enqueue(
                    $"giving up damaged checkpoint {from.CheckpointId} of {Description}",
                    () =>
                    {
                        _damaged = (PathOf(from), error.Message);
                        store.MarkDamaged(from, error.Message);
                    },
                    _ => { });
                return;
            }
        }
    }

    private StateAssignment? Assign(CheckpointStore store, CheckpointManifest? manifest) => manifest is null
        ? null
        : new StateAssignment(_job, manifest, new RestoreFiles(store.CreateReader(manifest)), _job.Options.Checkpoints.RestoreFrom?.AllowNonRestoredState ?? false);

    private void Deploy(JobDecision.Deploy deploy, Beginning? beginning, Exception? error)
    {
        // Cancelled meanwhile, one or all: who is not expected any more is not made.
        var subtasks = deploy.Subtasks.Where(subtask => _coordinator.AttemptOf(subtask) == deploy.Attempt && _deploying.Remove(subtask)).ToHashSet();
        if (subtasks.Count == 0)
        {
            return;
        }

        if (beginning is null)
        {
            Apply(_coordinator.DeployFailed([.. subtasks], error!, Now));
            return;
        }

        try
        {
            Make(deploy, subtasks, beginning);
        }
        catch (Exception failure)
        {
            Apply(_coordinator.DeployFailed([.. subtasks], failure, Now));
        }
    }

    private void Make(JobDecision.Deploy deploy, HashSet<SubtaskId> subtasks, Beginning beginning)
    {
        _epoch = Math.Max(_epoch, beginning.Epoch);
        _checkpoints?.Replaced([.. subtasks]);
        foreach (var subtask in subtasks)
        {
            _finishedStates.Remove(subtask);
            _restoredFrom.Remove(subtask);
        }

        if (beginning.Restore is { } restore)
        {
            KeepUnionsTogether(restore.Manifest);
            foreach (var subtask in subtasks)
            {
                _restoredFrom[subtask] = restore.Manifest;
            }

            if (restore.Dropped.Count > 0)
            {
                Log.StateDropped(_logger, _job.Stream.JobName, CheckpointDescription.Of(restore.Manifest.Kind), restore.CheckpointId, string.Join(", ", restore.Dropped));
            }

            string path = PathOf(restore.Manifest);
            Log.Restored(_logger, _job.Stream.JobName, CheckpointDescription.Of(restore.Manifest.Kind), restore.CheckpointId, beginning.Epoch, path);
            _checkpoints?.History.Restored(restore.CheckpointId, restore.Manifest.Kind, path, Now);
        }

        MakeEnumerators(subtasks, beginning.Restore);
        var made = _host.Deploy(new Deployment(
            _job,
            subtasks,
            deploy.Attempt,
            beginning.Epoch,
            JobId,
            beginning.Restore,
            new LocalSourceConnector(new Dictionary<int, SplitCoordinator>(_enumerators)),
            new AttemptListener(this, deploy.Attempt),
            _writer ??= CreateWriter()));
        var handles = new Dictionary<SubtaskId, ISubtaskHandle>(_handles);
        var local = new Dictionary<SubtaskId, Subtask>(_subtasks);
        foreach (var (id, handle) in made)
        {
            handles[id] = handle;
            if (handle is Subtask subtask)
            {
                local[id] = subtask;
            }
        }

        _handles = handles;
        Volatile.Write(ref _subtasks, local);
        foreach (var subtask in made.Values.OfType<Subtask>())
        {
            subtask.Wake();
        }
    }

    private string PathOf(CheckpointManifest manifest) => manifest.Kind == SnapshotKind.Checkpoint && manifest.JobId == JobId
        ? new CheckpointNames(JobId).CheckpointFolder(manifest.CheckpointId)
        : _store!.PathOf(manifest);

    /// <summary>An enumerator all of whose readers begin anew begins anew with them; another one gets back what its restarted readers were given since.</summary>
    private void MakeEnumerators(HashSet<SubtaskId> subtasks, StateAssignment? restore)
    {
        var begun = new List<(int Node, SplitCoordinator Enumerator)>();
        var kept = new List<(int Node, IReadOnlyList<int> Readers)>();
        foreach (var vertex in _job.Vertices)
        {
            var node = vertex.Head;
            var readers = Enumerable.Range(0, vertex.Parallelism).Where(index => subtasks.Contains(new SubtaskId(vertex.Index, index))).ToList();
            if (node.Source is not { } source || readers.Count == 0)
            {
                continue;
            }

            if (readers.Count < vertex.Parallelism)
            {
                kept.Add((node.Id, readers));
                continue;
            }

            SplitCoordinator? made = null;
            made = source.CreateCoordinator(
                Scheduler,
                node.Name,
                vertex.Parallelism,
                error => Tell(() => EnumeratorFailed(made!, error)),
                _store is null ? null : _serializers,
                restore?.CoordinatorOf(node));
            made.Alignment = _alignment;
            made.BacklogChanged = has => Tell(() => BacklogChanged(made, node.Id, has));
            begun.Add((node.Id, made));
        }

        // Now that nothing can fail any more: an enumerator that was stopped, and none made in its place, would be waited for when the job ends.
        var enumerators = new Dictionary<int, SplitCoordinator>(_enumerators);
        foreach (var (node, readers) in kept)
        {
            foreach (int reader in readers)
            {
                enumerators[node].ResetReader(reader, restore?.CheckpointId);
            }
        }

        foreach (var (node, enumerator) in begun)
        {
            if (enumerators.GetValueOrDefault(node) is { } old)
            {
                old.Stop(error => ReportIfAny(error, old.Description));
            }

            enumerators[node] = enumerator;
            _backlogs.Remove(node);
        }

        _enumerators = enumerators;
        TellBacklog();
    }

    private void ReportIfAny(Exception? error, string enumerator)
    {
        if (error is not null)
        {
            Tell(() => Log.ErrorWhileEnding(_logger, error, _job.Stream.JobName, enumerator));
        }
    }
}
