using System.Runtime.ExceptionServices;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;

namespace Millrace.Runtime.Tasks;

/// <content>The beginning from a checkpoint, what the coordinator says about checkpoints, and the end with one.</content>
internal sealed partial class Subtask
{
    /// <summary>Begins a checkpoint here. Safe to call from any thread.</summary>
    public void Trigger(CheckpointBarrier barrier) => Mailbox.Post(() => TriggerNow(barrier));

    /// <summary>Begins a checkpoint here, on the subtask's own turn.</summary>
    /// <returns>Whether the subtask takes part in it.</returns>
    public bool TriggerNow(CheckpointBarrier barrier) => Checkpoints?.Trigger(barrier) ?? false;

    /// <summary>A checkpoint that the subtask took part in is complete. Safe to call from any thread.</summary>
    public void CheckpointCompleted(long checkpointId) => Mailbox.Post(() =>
    {
        foreach (var op in _chain.Operators)
        {
            op.CheckpointCompleted(checkpointId);
        }
    });

    /// <summary>A checkpoint has come to nothing. Safe to call from any thread.</summary>
    public void CheckpointAborted(long checkpointId) => Mailbox.Post(() =>
    {
        Checkpoints?.Abort(checkpointId);
        foreach (var op in _chain.Operators)
        {
            op.CheckpointAborted(checkpointId);
        }
    });

    /// <summary>Ends the subtask as one that has done its work, when what it has begun is done. Safe to call from any thread.</summary>
    public void Finish() => Mailbox.Post(() => _finishRequested = true);

    /// <summary>Sources read nothing more, and end their input with or without a last watermark. Safe to call from any thread.</summary>
    public void Drain() => Mailbox.Post(() =>
    {
        foreach (var op in _chain.Operators)
        {
            op.EndSource();
        }
    });

    /// <summary>
    /// Ends as one that has done its work, behind those that feed it: they were drained in the same checkpoint, and what they still send (a barrier, that they
    /// have ended) must be taken, or they would wait for credit for ever.
    /// </summary>
    private bool Leave()
    {
        if (!_chain.Inputs.All(input => input.IsClosed))
        {
            return false;
        }

        if (!_saidClosed)
        {
            _saidClosed = true;
            foreach (var output in _chain.Outputs)
            {
                output.Control(ControlElement.Closed);
            }
        }

        if (!Pressure.IsBlocked)
        {
            BeginClosing(null);
        }

        return true;
    }

    /// <summary>
    /// Whether the subtask is to end in the middle of its work, because the job goes on from a savepoint. Whatever is on its way is in the savepoint or comes
    /// behind it; only what sinks have begun is waited for.
    /// </summary>
    private bool IsToStop() =>
        _finishRequested && _phase is (Phase.Running or Phase.Finishing) && !_chain.Operators.Any(static op => op is ISinkOperator { IsBusy: true });

    private void TakeSnapshots()
    {
        if (Checkpoints is null)
        {
            return;
        }

        // Not while what is left is worked off: those behind hear of the end of the input, and would count as drained before their producer does.
        if (_phase is Phase.Running or Phase.Drained && _chain.FindUnfinished() is null)
        {
            Checkpoints.TakeIfDue(_chain, _phase == Phase.Drained);
        }

        Checkpoints.Advance(_chain);
    }

    /// <summary>When checkpoints are to be looked at, in milliseconds since 1970-01-01 UTC: timers are told so, which go by the clock of functions.</summary>
    private long CheckpointsDue()
    {
        long due = Checkpoints?.NextTime ?? long.MaxValue;
        if (due == long.MaxValue)
        {
            return due;
        }

        var time = Scheduler.TimeProvider;
        return time.GetUtcNow().ToUnixTimeMilliseconds() + Math.Max(0, due - time.GetMilliseconds());
    }

    /// <summary>There is nothing left to do but to say so to those behind, and to commit.</summary>
    private void OpenFinished()
    {
        // The others are not opened, and not bothered with anything; they are closed with the subtask.
        _chain = _chain with { Operators = [.. _operators.Where(op => op is ICommittingOperator)] };
        foreach (var op in _chain.Operators)
        {
            ((ICommittingOperator)op).OpenFinished();
        }

        foreach (var output in _chain.Outputs)
        {
            output.Control(ControlElement.Watermark(EventTime.MaxWatermark));
            output.Control(ControlElement.EndOfInput);
        }

        _openInputs = 0;
        _phase = Phase.Finishing;
    }

    private void Build()
    {
        _listener.SubtaskChanged(Id, SubtaskState.Initializing, null);
        _chain = Services.Making(() => _build(this));
        _operators = _chain.Operators;
        _ended = new bool[_chain.Inputs.Count];
        _openInputs = _ended.Length;
        if (Restore is not { } restore)
        {
            Open();
            return;
        }

        _phase = Phase.Restoring;
        var chain = _chain;
        Scheduler.RunInBackground($"restore {Description}", () => restore(chain), error => Mailbox.Post(() =>
        {
            // On its own turn again, as if it had been restored here.
            _phase = Phase.Created;
            if (error is not null)
            {
                ExceptionDispatchInfo.Throw(error);
            }

            if (!_cancelRequested)
            {
                Open();
            }
        }));
    }

    private void Open()
    {
        _lastFlush = Scheduler.TimeProvider.GetTimestamp();
        Checkpoints?.Start();
        if (IsRestoredFinished)
        {
            OpenFinished();
        }
        else
        {
            _chain.Open();
            _phase = Phase.Running;
            if (Checkpoints is not null)
            {
                SubtaskCheckpoints.Rehearse(_chain);
            }
        }

        _listener.SubtaskChanged(Id, SubtaskState.Running, null);
    }
}
