using System.Diagnostics;
using Millrace.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Checkpointing;

/// <summary>
/// Decides when checkpoints begin, when they are complete and when they are lost: facts in, decisions out. No I/O, no clock, no thread; a host carries the decisions out.
/// Times are milliseconds since 1970-01-01 UTC.
/// </summary>
/// <remarks>
/// Invariants: ids grow; what was triggered is completed or aborted once; a checkpoint is complete only when all who took part have acknowledged and it is stored; a request is
/// answered once. A checkpoint that is being stored is not given up any more, since it may be complete already: only <see cref="Stored"/> ends it, so a host
/// that looks for the checkpoint to restore waits until <see cref="IsStoring"/> is false, or fences the store. A storage that does not answer is a failure all the same: it is
/// counted for every <see cref="CheckpointOptions.Timeout"/> that passes, and fails the job when there are too many, without anything being decided about the checkpoint.
/// </remarks>
internal sealed partial class CheckpointCoordinator
{
    private const int CompletedRemembered = 128;

    private readonly CheckpointOptions _options;
    private readonly JobTopology _topology;
    private readonly HashSet<SubtaskId> _unfinished;
    private readonly HashSet<SubtaskId> _undrained;
    private readonly HashSet<SubtaskId> _released = [];
    private readonly List<PendingCheckpoint> _pending = [];
    private readonly List<SnapshotRequest> _queue = [];
    private readonly Queue<long> _completed = new();
    private readonly List<CheckpointDecision> _decisions = [];
    private Phase _phase = Phase.Created;
    private Exception? _stopReason;
    private SnapshotRequest? _stop;
    private PendingCheckpoint? _storing;
    private long _storingDue = long.MaxValue;
    private long _nextId;
    private int _failures;
    private bool _hasBacklog;
    private long _due = long.MaxValue;
    private long _lastTriggered;
    private long _quietUntil;
    private long _finalDue;
    private long _timerAt = long.MaxValue;
    private long _wall;
    private long _now = long.MinValue;

    /// <param name="options">When and how.</param>
    /// <param name="topology">The subtasks and their channels.</param>
    /// <param name="nextCheckpointId">The number of the first checkpoint.</param>
    public CheckpointCoordinator(CheckpointOptions options, JobTopology topology, long nextCheckpointId)
    {
        _options = options;
        _topology = topology;
        _nextId = nextCheckpointId;
        _unfinished = [.. topology.Subtasks];
        _undrained = [.. topology.Subtasks];
    }

    private enum Phase
    {
        /// <summary>Subtasks do not all run yet; requests wait.</summary>
        Created,
        Running,

        /// <summary>The job was told to fail, and will be stopped.</summary>
        Failing,

        /// <summary>Has failed or ended; may be started again.</summary>
        Stopped,

        /// <summary>The savepoint that the job is stopped with is complete.</summary>
        Ending,
    }

    public CheckpointHistory History { get; } = new();

    /// <summary>Whether a checkpoint is being stored, so that it is not known yet which one is the latest.</summary>
    public bool IsStoring => _storing is not null;

    /// <summary>All subtasks run.</summary>
    public IReadOnlyList<CheckpointDecision> Start(long now)
    {
        Enter(now);
        if (_phase != Phase.Running)
        {
            _phase = Phase.Running;
            _stopReason = null;
            _lastTriggered = _now;
            _due = Add(_now, CurrentInterval);
            _quietUntil = _now;
            _finalDue = _now;
            _storingDue = _storing is null ? long.MaxValue : Add(_now, _options.Timeout);
            BeginDrain();
        }

        return Leave();
    }

    /// <summary>The job or a part of it fails, is cancelled or has ended: what is under way is given up, and nothing begins until <see cref="Start"/>.</summary>
    public IReadOnlyList<CheckpointDecision> Stop(Exception reason, long now)
    {
        Enter(now);

        // Drained subtasks that do not fail themselves would stay at the end of their input, as if it had really come.
        if (_phase == Phase.Running && _stop?.Stop == StopMode.Drain)
        {
            _decisions.Add(new CheckpointDecision.Fail(CheckpointErrors.DrainFailed(reason)));
        }

        _phase = Phase.Stopped;
        _stopReason = reason;
        foreach (var pending in _pending.Where(pending => pending != _storing).ToList())
        {
            Abort(pending, AbortReason.Stopped, CheckpointErrors.Stopped(pending.Description, reason));
        }

        RefuseAll(CheckpointErrors.Refuse($"the job has stopped: {reason.Message}"));
        return Leave();
    }

    /// <summary>Subtasks are made anew: what is known of their older attempt does not hold any more. After <see cref="Stop"/>, before <see cref="Start"/>.</summary>
    public void Replaced(IReadOnlyList<SubtaskId> subtasks)
    {
        Debug.Assert(_phase != Phase.Running, "Checkpoints are stopped when subtasks restart.");
        foreach (var subtask in subtasks)
        {
            _unfinished.Add(subtask);
            _undrained.Add(subtask);
            _released.Remove(subtask);
            _storing?.Replace(subtask);
        }
    }

    /// <summary>The time that <see cref="CheckpointDecision.SetTimer"/> asked for has come. Too early does no harm.</summary>
    public IReadOnlyList<CheckpointDecision> Tick(long now)
    {
        Enter(now);
        _timerAt = long.MaxValue;
        foreach (var pending in _pending.Where(pending => pending != _storing && Add(pending.BeganAt, _options.Timeout) <= _now).ToList())
        {
            Abort(
                pending,
                AbortReason.Expired,
                pending.Missing > 0
                    ? CheckpointErrors.Expired(pending.Description, _options.Timeout, pending.Missing, pending.FirstMissing)
                    : CheckpointErrors.WaitedForStorage(pending.Description, _options.Timeout));
        }

        if (_storing is { } storing && _phase == Phase.Running && _storingDue <= _now)
        {
            _storingDue = Add(_now, _options.Timeout);
            CountFailure(CheckpointErrors.StorageIsSilent(storing.Description, _options.Timeout));
        }

        return Leave();
    }

    /// <summary>Somebody wants a checkpoint or savepoint.</summary>
    public IReadOnlyList<CheckpointDecision> Request(SnapshotRequest request, long now)
    {
        Enter(now);
        string? refusal = _phase switch
        {
            Phase.Failing => "the job is failing.",
            Phase.Stopped => $"the job has stopped: {_stopReason!.Message}",
            Phase.Ending => "the job has been stopped with a savepoint.",
            _ when request.Stop != StopMode.None && _stop is not null => "the job is being stopped with another savepoint.",
            _ => null,
        };
        if (refusal is not null)
        {
            Answer(request, null, CheckpointErrors.Refuse(refusal));
            return Leave();
        }

        // Savepoints come first, as in Flink: somebody waits for them.
        int behind = request.IsSavepoint ? _queue.FindIndex(other => !other.IsSavepoint) : -1;
        _queue.Insert(behind < 0 ? _queue.Count : behind, request);
        if (request.Stop != StopMode.None)
        {
            _stop = request;
            BeginDrain();
        }

        return Leave();
    }

    /// <summary>A subtask has written its part.</summary>
    public IReadOnlyList<CheckpointDecision> Acknowledged(long id, TaskSnapshot snapshot, long now)
    {
        Enter(now);
        var pending = Find(id);
        if (pending is not null && pending.Acknowledge(snapshot))
        {
            History.Acknowledged(id, snapshot, _wall);
        }
        else if (pending is null ? !_completed.Contains(id) : !pending.HasFrom(snapshot.Subtask))
        {
            // One that comes twice is no reason to remove what the manifest names.
            _decisions.Add(new CheckpointDecision.Discard(snapshot));
        }

        return Leave();
    }

    /// <summary>A subtask could not write its part. An <see cref="OperationCanceledException"/> says that it was being closed, which does not count as a failure.</summary>
    public IReadOnlyList<CheckpointDecision> Declined(long id, SubtaskId subtask, Exception error, long now)
    {
        Enter(now);
        if (Find(id) is { } pending && pending.IsWaitingFor(subtask))
        {
            Abort(pending, error is OperationCanceledException ? AbortReason.Closing : AbortReason.Declined, CheckpointErrors.Declined(pending.Description, subtask, error));
        }

        return Leave();
    }

    /// <summary>What <see cref="CheckpointDecision.Store"/> asked for is done, or has failed and has left nothing that anybody would restore from.</summary>
    public IReadOnlyList<CheckpointDecision> Stored(long id, string? path, Exception? error, long now)
    {
        Enter(now);
        if (_storing is { } pending && pending.Id == id)
        {
            _storing = null;
            _storingDue = long.MaxValue;
            if (error is null)
            {
                Complete(pending, path);
            }
            else
            {
                Abort(pending, AbortReason.NotStored, CheckpointErrors.NotStored(pending.Description, error));
            }
        }

        return Leave();
    }

    /// <summary>A subtask has come to the end of its input, has worked everything off, and stays only for a checkpoint.</summary>
    public IReadOnlyList<CheckpointDecision> Drained(SubtaskId subtask, long now)
    {
        Enter(now);
        _undrained.Remove(subtask);
        return Leave();
    }

    /// <summary>A subtask has ended with its input.</summary>
    public IReadOnlyList<CheckpointDecision> Finished(SubtaskId subtask, long now)
    {
        Enter(now);
        _unfinished.Remove(subtask);
        _undrained.Remove(subtask);
        _released.Remove(subtask);
        foreach (var pending in _pending.Where(pending => pending.IsWaitingFor(subtask)).ToList())
        {
            Abort(pending, AbortReason.SubtaskFinished, CheckpointErrors.SubtaskFinished(pending.Description, subtask));
        }

        return Leave();
    }

    /// <summary>Whether some source works off a backlog.</summary>
    public IReadOnlyList<CheckpointDecision> SetBacklog(bool hasBacklog, long now)
    {
        Enter(now);
        if (_hasBacklog != hasBacklog)
        {
            _hasBacklog = hasBacklog;
            if (_phase == Phase.Running)
            {
                _due = hasBacklog ? Add(_lastTriggered, CurrentInterval) : Math.Min(_due, Add(_now, CurrentInterval));
            }
        }

        return Leave();
    }

    private static long Add(long time, TimeSpan? span) => span is { } value && time < long.MaxValue - (long)value.TotalMilliseconds - 1 ? time + (long)Math.Ceiling(value.TotalMilliseconds) : long.MaxValue;

    private PendingCheckpoint? Find(long id) => _pending.Find(pending => pending.Id == id);

    /// <summary>Begins a fact. A clock that was set back must not put off what was due: time stands still for the coordinator until its host's clock goes on.</summary>
    private void Enter(long now)
    {
        _now = _now == long.MinValue ? now : _now + Math.Max(0, now - _wall);
        _wall = now;
    }

    private IReadOnlyList<CheckpointDecision> Leave()
    {
        Advance();
        CheckpointDecision[] decisions = [.. _decisions];
        _decisions.Clear();
        return decisions;
    }

    private void Complete(PendingCheckpoint pending, string? path)
    {
        _pending.Remove(pending);
        _completed.Enqueue(pending.Id);
        if (_completed.Count > CompletedRemembered)
        {
            _completed.Dequeue();
        }

        History.Completed(pending.Id, path, _wall);
        _quietUntil = Add(_now, _options.MinPause);
        bool stops = pending.Request is { } request && request == _stop;
        List<SubtaskId> notify = pending.Barrier.IsSavepoint && !stops ? [] : [.. pending.Participants.Where(_unfinished.Contains)];

        // A job that is being drained ends with its savepoint and not with a checkpoint that happens to come before.
        List<SubtaskId> finish = stops ? notify : _stop?.Stop == StopMode.Drain ? [] : notify.FindAll(pending.IsDrained);
        _released.UnionWith(finish);
        _decisions.Add(new CheckpointDecision.Completed(pending.Id, path, pending.Request, notify, finish, stops));
        if (!pending.Barrier.IsSavepoint)
        {
            _failures = 0;
        }

        if (pending.Request is { } done)
        {
            bool isLate = done.Stop != StopMode.None && !stops;
            Answer(done, path, isLate ? CheckpointErrors.FailedWhileStopping(path, _stopReason ?? new InvalidOperationException("The job failed.")) : null);
        }

        if (stops)
        {
            _phase = Phase.Ending;
            foreach (var other in _pending.ToList())
            {
                Abort(other, AbortReason.Stopped, CheckpointErrors.StopComplete(other.Description));
            }

            RefuseAll(CheckpointErrors.Refuse("the job has been stopped with a savepoint."));
        }
        else if (!pending.Barrier.IsSavepoint)
        {
            foreach (var older in _pending.Where(other => other.Id < pending.Id && !other.Barrier.IsSavepoint).ToList())
            {
                Abort(older, AbortReason.Subsumed, CheckpointErrors.Subsumed(older.Description, pending.Id), path);
            }
        }
    }

    private void Abort(PendingCheckpoint pending, AbortReason reason, Exception error, string? newerPath = null)
    {
        _pending.Remove(pending);
        History.Failed(pending.Id, error.Message, _wall);
        _decisions.Add(new CheckpointDecision.Aborted(pending.Id, reason, error, [.. pending.Participants.Where(_unfinished.Contains)], pending.Snapshots));
        if (reason != AbortReason.Subsumed)
        {
            _quietUntil = Add(_now, _options.MinPause);
        }

        if (pending.Request is { } request)
        {
            AbortRequest(request, reason, error, newerPath);
        }

        bool counts = reason is AbortReason.Declined or AbortReason.Expired or AbortReason.NotStored && !pending.Barrier.IsSavepoint;
        if (!counts || _phase != Phase.Running)
        {
            return;
        }

        _finalDue = Add(_now, FinalRetryPause);
        CountFailure(error);
    }

    private void CountFailure(Exception error)
    {
        _failures++;
        if (_failures > _options.TolerableFailures)
        {
            Fail(CheckpointErrors.TooMany(_failures, _options.TolerableFailures, error));
        }
    }

    private void AbortRequest(SnapshotRequest request, AbortReason reason, Exception error, string? newerPath)
    {
        switch (reason)
        {
            case AbortReason.SubtaskFinished when _phase == Phase.Running:
                // Nobody's fault, and it cannot happen more often than there are subtasks.
                _queue.Insert(0, request);
                return;
            case AbortReason.Subsumed:
                Answer(request, newerPath, null);
                return;
        }

        bool isDrain = request == _stop && request.Stop == StopMode.Drain;
        Answer(request, null, error);
        if (isDrain && _phase == Phase.Running)
        {
            Fail(CheckpointErrors.DrainFailed(error));
        }
    }

    private void Fail(Exception error)
    {
        _phase = Phase.Failing;
        _failures = 0;
        _decisions.Add(new CheckpointDecision.Fail(error));
    }

    private void Answer(SnapshotRequest request, string? path, Exception? error)
    {
        if (request == _stop)
        {
            _stop = null;
        }

        _decisions.Add(new CheckpointDecision.RequestDone(request, path, error));
    }

    private void RefuseAll(Exception error)
    {
        // One that is being stored is answered when that is done; it does not stop the job any more.
        _stop = null;
        foreach (var request in _queue)
        {
            Answer(request, null, error);
        }

        _queue.Clear();
    }
}
