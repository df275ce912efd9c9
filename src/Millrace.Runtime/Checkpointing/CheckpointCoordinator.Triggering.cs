using System.Diagnostics;
using Millrace.Checkpointing;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Checkpointing;

/// <summary>What begins, and when.</summary>
internal sealed partial class CheckpointCoordinator
{
    // The first attempt at the end of the job comes at once; a storage that refuses it is not asked in a loop.
    private static readonly TimeSpan FinalRetryPause = TimeSpan.FromSeconds(1);

    /// <summary>How often checkpoints begin on their own at present; <see langword="null"/>: never.</summary>
    private TimeSpan? CurrentInterval =>
        _options.Interval is null || !_hasBacklog || _options.IntervalDuringBacklog is not { } backlog ? _options.Interval : backlog > TimeSpan.Zero ? backlog : null;

    /// <summary>
    /// Whether anything may begin: there is room, nobody is about to end (who ends does not take part any more, so that the checkpoint would be lost), and the job
    /// is not halted behind the barrier of its last savepoint.
    /// </summary>
    private bool MayTrigger =>
        _phase == Phase.Running
        && _unfinished.Count > 0
        && _released.Count == 0
        && _pending.Count < _options.MaxConcurrent
        && !(_stop is not null && _pending.Exists(pending => pending.Request == _stop));

    private bool AllDrained => _undrained.Count == 0 && _unfinished.Count > 0;

    private bool WantsFinal => AllDrained && _stop is null && !_pending.Exists(pending => pending.IsFinal);

    private void Advance()
    {
        StoreNext();
        if (_unfinished.Count == 0 && _queue.Count > 0)
        {
            RefuseAll(CheckpointErrors.Refuse("all subtasks have come to their end."));
        }

        while (MayTrigger && TryTrigger())
        {
        }

        SetTimer();
    }

    private void StoreNext()
    {
        if (_phase == Phase.Running && _storing is null && _pending.Find(pending => pending.Missing == 0) is { } complete)
        {
            _storing = complete;
            _storingDue = Add(_now, _options.Timeout);
            complete.SettleDrained(_topology);
            _decisions.Add(new CheckpointDecision.Store(complete.Barrier, complete.Snapshots, complete.Finished, complete.Request));
        }
    }

    private bool TryTrigger()
    {
        // Once sources are told to end their input, a savepoint of somebody else would say that it had ended, whatever becomes of the drain.
        if (_queue.Find(request => _stop?.Stop == StopMode.Drain ? request == _stop && AllDrained : request.Stop != StopMode.Drain || AllDrained) is { } request)
        {
            _queue.Remove(request);
            Trigger(request.Kind, request);
            return true;
        }

        if (WantsFinal && _finalDue <= _now)
        {
            Trigger(SnapshotKind.Checkpoint, null);
            return true;
        }

        if (_stop is null && Math.Max(_due, _quietUntil) <= _now)
        {
            // In step with the first one, unless that is behind.
            _lastTriggered = _now;
            _due = Add(_due, CurrentInterval) is var next && next > _now ? next : Add(_now, CurrentInterval);
            Trigger(SnapshotKind.Checkpoint, null);
            return true;
        }

        return false;
    }

    private void Trigger(SnapshotKind kind, SnapshotRequest? request)
    {
        var alignment = kind != SnapshotKind.Checkpoint ? BarrierAlignment.Aligned
            : _options.Mode == CheckpointMode.AtLeastOnce ? BarrierAlignment.AtLeastOnce
            : _options.Unaligned ? BarrierAlignment.Unaligned
            : _options.AlignedTimeout > TimeSpan.Zero ? BarrierAlignment.AlignedWithTimeout
            : BarrierAlignment.Aligned;
        long overtakeAfter = alignment == BarrierAlignment.AlignedWithTimeout ? Add(0, _options.AlignedTimeout) : long.MaxValue;
        var barrier = new CheckpointBarrier(_nextId, _wall, kind, alignment, overtakeAfter, request?.Target, StopsSources: request?.Stop == StopMode.Suspend);
        _nextId++;
        SubtaskId[] participants = [.. _topology.Subtasks.Where(_unfinished.Contains)];
        SubtaskId[] finished = [.. _topology.Subtasks.Where(subtask => !_unfinished.Contains(subtask))];
        SubtaskId[] at = [.. participants.Where(subtask => _topology.IsSource(subtask) || !_topology.ProducersOf(subtask).Any(_unfinished.Contains))];
        Debug.Assert(at.Length > 0, "In a graph without cycles somebody has no producer that lives.");
        _pending.Add(new PendingCheckpoint(barrier, request, AllDrained && kind == SnapshotKind.Checkpoint, _now, participants, finished));
        History.Triggered(barrier, participants.Length);
        _decisions.Add(new CheckpointDecision.Trigger(barrier, at, request));
    }

    private void BeginDrain()
    {
        if (_phase == Phase.Running && _stop?.Stop == StopMode.Drain)
        {
            _decisions.Add(new CheckpointDecision.Drain([.. _topology.Sources.Where(_unfinished.Contains)]));
        }
    }

    private void SetTimer()
    {
        long next = long.MaxValue;
        foreach (var pending in _pending)
        {
            if (pending != _storing)
            {
                next = Math.Min(next, Add(pending.BeganAt, _options.Timeout));
            }
        }

        if (_storing is not null && _phase == Phase.Running)
        {
            next = Math.Min(next, _storingDue);
        }

        if (MayTrigger && _stop is null)
        {
            next = Math.Min(next, Math.Max(_due, _quietUntil));
            if (WantsFinal)
            {
                next = Math.Min(next, _finalDue);
            }
        }

        if (next != _timerAt && next != long.MaxValue)
        {
            // By the host's clock, which may have been set back.
            _decisions.Add(new CheckpointDecision.SetTimer(_wall + Math.Max(0, next - _now)));
        }

        _timerAt = next;
    }
}
