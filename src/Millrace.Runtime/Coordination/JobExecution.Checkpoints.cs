using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Sources;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <content>Checkpoints: what the <see cref="CheckpointCoordinator"/> decides is carried out here.</content>
internal sealed partial class JobExecution
{
    private readonly CheckpointStore? _store;
    private readonly StoreQueue _storeQueue;

    // Subtasks write into them from the background.
    private readonly FilesUnderWay _files;
    private readonly Dictionary<long, Dictionary<int, CoordinatorSnapshot?>> _enumeratorStates = [];

    // The sources, by node, whose enumerators say that they work off a backlog.
    private readonly HashSet<int> _backlogs = [];
    private readonly Dictionary<SubtaskId, IReadOnlyList<OperatorSnapshot>> _finishedStates = [];
    private IReadOnlyList<TaskSnapshot> _lastSnapshots = [];
    private CheckpointCoordinator? _checkpoints;
    private SnapshotWriter? _writer;
    private ITimer? _checkpointTimer;
    private bool _isStoppedWithSavepoint;

    /// <summary>How checkpoints went; null where there are none.</summary>
    public CheckpointHistory? CheckpointHistory => Volatile.Read(ref _checkpoints)?.History;

    /// <summary>Asks for a checkpoint or savepoint. Safe to call from any thread.</summary>
    /// <param name="kind">What is asked for.</param>
    /// <param name="folder">Where a savepoint goes.</param>
    /// <param name="stop">Whether the job ends with it.</param>
    /// <param name="done">Called on the job's turn with the path in the storage, or with the error.</param>
    public void Request(SnapshotKind kind, string? folder, StopMode stop, Action<string?, Exception?> done) => Tell(() =>
    {
        if (_checkpoints is null || _done)
        {
            done(null, Checkpointing.CheckpointErrors.Refuse(
                _done ? "the job has ended." : _store is null ? "the job keeps no checkpoints: give it a Checkpoints.Storage." : "the job has not started yet."));
            return;
        }

        ApplyCheckpoints(_checkpoints.Request(new SnapshotRequest(kind, folder, stop, done), Now));
    });

    /// <summary>Asks for a checkpoint or savepoint.</summary>
    /// <returns>Its path in the storage.</returns>
    public Task<string> RequestAsync(SnapshotKind kind, string? folder = null, StopMode stop = StopMode.None)
    {
        var completion = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        Request(kind, folder, stop, (path, error) => _ = error is null ? completion.TrySetResult(path ?? "") : completion.TrySetException(error));

        // An execution that is done runs never again, and would not look at this. The order counts: it completes before it looks for facts a last time.
        if (_completion.Task.IsCompleted)
        {
            completion.TrySetException(Checkpointing.CheckpointErrors.Refuse("the job has ended."));
        }

        return completion.Task;
    }

    private SnapshotWriter? CreateWriter() => _store is null ? null : new SnapshotWriter(_files.Of, Scheduler.TimeProvider);

    private CheckpointFiles CreateFiles(CheckpointBarrier barrier) =>
        barrier.Folder is { } folder ? _store!.CreateSavepointFiles(folder, barrier.CheckpointId) : _store!.CreateFiles(barrier.CheckpointId);

    private void StartCheckpointsIfAllRun()
    {
        if (_checkpoints is { } checkpoints && _coordinator.State == JobState.Running && _deploying.Count == 0
            && _topology.Subtasks.All(subtask => _coordinator.StateOf(subtask) is SubtaskState.Running or SubtaskState.Finished))
        {
            ApplyCheckpoints(checkpoints.Start(Now));
        }
    }

    private void BacklogChanged(SplitCoordinator enumerator, int node, bool hasBacklog)
    {
        // One that was replaced may still say something.
        if (_enumerators.GetValueOrDefault(node) == enumerator)
        {
            _ = hasBacklog ? _backlogs.Add(node) : _backlogs.Remove(node);
            TellBacklog();
        }
    }

    /// <summary>A source all of whose readers have ended has no backlog any more, whatever it said last.</summary>
    private void TellBacklog()
    {
        if (_checkpoints is { } checkpoints)
        {
            ApplyCheckpoints(checkpoints.SetBacklog(_job.Vertices.Any(HasBacklog), Now));
        }

        bool HasBacklog(JobVertex vertex) => _backlogs.Contains(vertex.Head.Id)
            && Enumerable.Range(0, vertex.Parallelism).Any(index => _coordinator.StateOf(new SubtaskId(vertex.Index, index)) != SubtaskState.Finished);
    }

    private void StopCheckpoints(Exception reason)
    {
        if (_checkpoints is { } checkpoints)
        {
            ApplyCheckpoints(checkpoints.Stop(reason, Now));
        }
    }

    private void ApplyCheckpoints(IReadOnlyList<CheckpointDecision> decisions)
    {
        foreach (var decision in decisions)
        {
            Apply(decision);
        }
    }

    private void Apply(CheckpointDecision decision)
    {
        switch (decision)
        {
            case CheckpointDecision.Trigger trigger:
                Trigger(trigger);
                break;
            case CheckpointDecision.Drain drain:
                Drain(drain);
                break;
            case CheckpointDecision.Store store:
                Store(store);
                break;
            case CheckpointDecision.Completed completed:
                Completed(completed);
                break;
            case CheckpointDecision.Aborted aborted:
                Aborted(aborted);
                break;
            case CheckpointDecision.Fail fail:
                if (_coordinator.State is JobState.Running or JobState.Restarting)
                {
                    Apply(_coordinator.Failed(fail.Error, Now));
                }

                break;
            case CheckpointDecision.SetTimer timer:
                _checkpointTimer?.Dispose();
                _checkpointTimer = StartTimer(TimeSpan.FromMilliseconds(Math.Clamp(timer.DueAt - Now, 0, int.MaxValue)), () => ApplyCheckpoints(_checkpoints!.Tick(Now)));
                break;
            case CheckpointDecision.RequestDone done:
                ((Action<string?, Exception?>)done.Request.Completion!)(done.Path, done.Error);
                break;
            case CheckpointDecision.Discard:
                // Its files go with those of its checkpoint.
                break;
        }
    }

    private void Drain(CheckpointDecision.Drain drain)
    {
        if (!_host.IsDistributed)
        {
            Drain();
            return;
        }

        // Behind the checkpoints that began before, which must not contain the end: see Trigger.
        var attempts = drain.Sources.ToDictionary(source => source, _coordinator.AttemptOf);
        _storeQueue.Enqueue($"draining {Description}", static () => { }, _ => Tell(() =>
        {
            if (attempts.All(source => _coordinator.AttemptOf(source.Key) == source.Value))
            {
                Drain();
            }
        }));

        // Through the enumerators, as checkpoints at readers are: overtaking one, the end would be in a checkpoint that the job can go on from.
        void Drain()
        {
            foreach (var source in drain.Sources)
            {
                _enumerators[_job.Vertices[source.Vertex].Head.Id].InTurn(_handles[source].Drain);
            }
        }
    }

    private void Trigger(CheckpointDecision.Trigger trigger)
    {
        var barrier = trigger.Barrier with { BegunAt = Scheduler.TimeProvider.GetMilliseconds() };
        _enumeratorStates[barrier.CheckpointId] = [];
        _files.Begin(barrier.CheckpointId);
        if (!_host.IsDistributed)
        {
            Trigger(trigger, barrier);
            return;
        }

        // Others write into it: that its folder is free, and what they may name again stays, has to be certain before the first of them begins.
        string? folder = null;
        _storeQueue.Enqueue(
            $"beginning checkpoint {barrier.CheckpointId} of {Description}",
            () => folder = _files.Of(barrier).Folder,
            error => Tell(() =>
            {
                if (!_enumeratorStates.ContainsKey(barrier.CheckpointId))
                {
                    return;
                }

                if (error is not null)
                {
                    ApplyCheckpoints(_checkpoints!.Declined(barrier.CheckpointId, trigger.At[0], error, Now));
                    FailIfHopeless(error);
                    return;
                }

                Trigger(trigger, barrier.IsSavepoint ? barrier with { Folder = folder } : barrier);
            }));
    }

    private void Trigger(CheckpointDecision.Trigger trigger, CheckpointBarrier barrier)
    {
        var states = _enumeratorStates[barrier.CheckpointId];
        Log.CheckpointTriggered(_logger, CheckpointDescription.Of(barrier.Kind), barrier.CheckpointId, _job.Stream.JobName);
        foreach (var vertex in trigger.At.GroupBy(subtask => subtask.Vertex))
        {
            var node = _job.Vertices[vertex.Key].Head;
            if (node.Source is null)
            {
                foreach (var subtask in vertex)
                {
                    _handles[subtask].Trigger(barrier);
                }

                continue;
            }

            var first = vertex.First();
            _enumerators[node.Id].Checkpoint(barrier, [.. vertex.Select(subtask => subtask.Index)], (state, error) => Tell(() =>
            {
                states[node.Id] = state;
                if (error is not null)
                {
                    ApplyCheckpoints(_checkpoints!.Declined(barrier.CheckpointId, first, error, Now));
                }
            }));
        }
    }

    private void Store(CheckpointDecision.Store decision)
    {
        var barrier = decision.Barrier;
        var store = _store!;
        bool stops = decision.Request?.Stop is StopMode.Suspend or StopMode.Drain;
        var manifest = CreateManifest(decision);
        KeepUnionsTogether(manifest);
        string? path = null;
        _storeQueue.Enqueue(
            $"storing checkpoint {barrier.CheckpointId} of {Description}",
            () =>
            {
                var files = _files.Of(barrier);
                if (!barrier.IsSavepoint)
                {
                    path = store.Complete(manifest, files);
                    return;
                }

                path = store.CompleteSavepoint(manifest, files);
                if (stops)
                {
                    // From here on the job goes on from its savepoint and from nothing else: what is committed now must not come again out of a checkpoint.
                    store.EndJob(JobState.Suspended, manifest);
                }
            },
            error => Tell(() =>
            {
                ApplyCheckpoints(_checkpoints!.Stored(barrier.CheckpointId, path, error, Now));
                FailIfHopeless(error);
            }));
    }

    /// <summary>No later checkpoint will be completed either: another run has begun, or nobody can tell what was completed last.</summary>
    private void FailIfHopeless(Exception? error)
    {
        if (Recoverability.FindNonRecoverable(error) is { } hopeless)
        {
            Apply(_coordinator.Failed(hopeless, Now));
        }
    }

    private CheckpointManifest CreateManifest(CheckpointDecision.Store decision)
    {
        var finished = decision.Finished.Concat(decision.Snapshots.Where(snapshot => snapshot.IsDrained).Select(snapshot => snapshot.Subtask)).ToHashSet();
        _lastSnapshots = decision.Snapshots;
        var states = decision.Snapshots.SelectMany(snapshot => snapshot.Operators)
            .Concat(decision.Finished.SelectMany(subtask => _finishedStates.GetValueOrDefault(subtask) ?? []))
            .ToLookup(op => op.Uid);
        var enumerators = _enumeratorStates.GetValueOrDefault(decision.Id) ?? [];
        var operators = new List<OperatorManifest>();
        foreach (var vertex in _job.Vertices)
        {
            bool isFinished = Enumerable.Range(0, vertex.Parallelism).All(index => finished.Contains(new SubtaskId(vertex.Index, index)));
            foreach (var node in vertex.Nodes)
            {
                string uid = _job.Uids[node];
                operators.Add(new OperatorManifest(
                    uid,
                    node.Name,
                    vertex.Parallelism,
                    _job.Stream.MaxParallelismOf(node),
                    isFinished,
                    enumerators.GetValueOrDefault(node.Id),
                    [.. states[uid].OrderBy(op => op.SubtaskIndex)]));
            }
        }

        return new CheckpointManifest(
            JobId,
            _job.Stream.JobName,
            decision.Id,
            _epoch,
            decision.Barrier.Kind,
            decision.Barrier.Timestamp,
            operators,
            [.. decision.Snapshots.SelectMany(snapshot => snapshot.InFlight)]);
    }

    private void Completed(CheckpointDecision.Completed completed)
    {
        _files.End(completed.Id);
        _host.CheckpointOver(completed.Id, isDiscarded: false);
        _enumeratorStates.Remove(completed.Id);
        _isStoppedWithSavepoint |= completed.Stops;
        if (completed.Request is not { IsSavepoint: true })
        {
            Observer?.CheckpointCompleted();
        }

        if (RecordOf(completed.Id) is { } record)
        {
            Log.CheckpointCompleted(
                _logger, CheckpointDescription.Of(record.Kind), completed.Id, _job.Stream.JobName, record.Duration ?? default, record.StateBytes, record.WrittenBytes, record.InFlightBytes, completed.Path ?? "");
            JobActivities.Checkpoint(this, record);
        }

        // A savepoint is not what the job goes back to after a failure: what was committed with it would come again.
        if (completed.Request is not { IsSavepoint: true } || completed.Stops)
        {
            foreach (var enumerator in _enumerators.Values)
            {
                enumerator.CheckpointCompleted(completed.Id);
            }

            foreach (var subtask in completed.Notify)
            {
                _handles[subtask].CheckpointCompleted(completed.Id);
            }

            foreach (var subtask in completed.Finish)
            {
                RememberState(subtask);
                _handles[subtask].Finish();
            }
        }

        if (completed.Stops)
        {
            Apply(_coordinator.FinishAll());
        }
        else if (completed.Request?.Stop is StopMode.Suspend)
        {
            // Too late: what failed or was cancelled meanwhile goes on from it, and sources that were not touched by that must not stand still for ever.
            foreach (var subtask in _handles.Values)
            {
                subtask.CheckpointAborted(completed.Id);
            }
        }
    }

    /// <summary>
    /// A subtask ends before others of its operator: its lists stay part of checkpoints, so that nothing is missing if all of them begin anew. (State by key has
    /// done its work: no record of its keys will come.) What it had
    /// prepared is committed before it ends, and is not to be committed ever after.
    /// </summary>
    private void RememberState(SubtaskId subtask)
    {
        if (_lastSnapshots.FirstOrDefault(snapshot => snapshot.Subtask == subtask) is { } last)
        {
            _finishedStates[subtask] = [.. last.Operators
                .Select(op => op with { Keyed = null, Operator = [.. op.Operator.Where(list => list.Name != Operators.CommittingSink.CommittablesName)] })
                .Where(op => op.Operator.Count > 0)];
        }
    }

    private void Aborted(CheckpointDecision.Aborted aborted)
    {
        _enumeratorStates.Remove(aborted.Id);
        var record = RecordOf(aborted.Id);
        if (record is not null)
        {
            JobActivities.Checkpoint(this, record);
        }

        if (aborted.Reason is not (AbortReason.Subsumed or AbortReason.Stopped))
        {
            Observer?.CheckpointFailed();
            Log.CheckpointAborted(
                _logger, aborted.Error, CheckpointDescription.Of(record?.Kind ?? SnapshotKind.Checkpoint), aborted.Id, _job.Stream.JobName, record?.Duration ?? default, record?.WrittenBytes ?? 0, aborted.Error.Message);
        }

        foreach (var subtask in aborted.Notify)
        {
            _handles.GetValueOrDefault(subtask)?.CheckpointAborted(aborted.Id);
        }

        var discard = _files.End(aborted.Id);
        bool isDiscarded = false;
        _storeQueue.Enqueue(
            $"discarding checkpoint {aborted.Id} of {Description}", () => isDiscarded = discard(), _ => Tell(() => _host.CheckpointOver(aborted.Id, isDiscarded)));
    }

    // None where so many began since that it is forgotten.
    private CheckpointRecord? RecordOf(long id) => _checkpoints!.History.Current.Records.FindLast(record => record.Id == id);

    /// <summary>Leaves in the storage what the way of ending says.</summary>
    private void EndStore(JobDecision.Complete complete)
    {
        _checkpointTimer?.Dispose();
        if (_isSuspending)
        {
            // As after a crash: whoever goes on with the job finds its checkpoints as they are.
            Complete(complete with { State = JobState.Suspended });
            return;
        }

        if (_store is not { } store || _isStoppedWithSavepoint || _isOpening || _checkpoints is null)
        {
            Complete(complete);
            return;
        }

        if (_checkpoints.IsStoring)
        {
            // A storage that does not answer must not keep the job from ending. Without an end in the log the next run goes on from what is complete by then, as after a crash.
            _closingTimer?.Dispose();
            _closingTimer = StartTimer(_job.Options.CancellationTimeout, () =>
            {
                if (!_done)
                {
                    Log.ErrorWhileEnding(
                        _logger, new TimeoutException($"The storage has not answered for {_job.Options.CancellationTimeout}."), _job.Stream.JobName, "the checkpoint store");
                    Complete(complete);
                }
            });
        }

        _storeQueue.Enqueue($"ending the checkpoints of {Description}", () => store.EndJob(complete.State), error => Tell(() =>
        {
            if (_done)
            {
                return;
            }

            if (error is not null)
            {
                Log.ErrorWhileEnding(_logger, error, _job.Stream.JobName, "the checkpoint store");
            }

            Complete(complete);
        }));
    }
}
