using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <content>Spans of beginnings and restarts. Regions that begin or restart at the same time are in one span, which ends when all subtasks of the job run.</content>
internal sealed partial class JobExecution
{
    private (long BeganAt, bool IsRestart, int Subtasks)? _initializing;
    private (long FailedAt, string Subtask, string Cause)? _restarting;

    private void TraceDeploy(JobDecision.Deploy deploy)
    {
        var (beganAt, isRestart, subtasks) = _initializing ?? (Now, false, 0);
        _initializing = (beganAt, isRestart || deploy.IsRestart, subtasks + deploy.Subtasks.Count);
    }

    private void TraceFailure(JobDecision.Restarting restarting) => _restarting ??= (Now, Name(restarting.Subtask), restarting.Cause.Message);

    private void TraceIfAllRun()
    {
        if (_initializing is not null && _coordinator.State == JobState.Running && _deploying.Count == 0
            && _topology.Subtasks.All(subtask => _coordinator.StateOf(subtask) is SubtaskState.Running or SubtaskState.Finished))
        {
            EndTraces(null);
            Observer?.AllRunning();
        }
    }

    private void EndTraces(string? error)
    {
        if (_initializing is { } initializing)
        {
            long? restored = _restoredFrom.Count == 0 ? null : _restoredFrom.Values.Max(manifest => manifest.CheckpointId);
            JobActivities.Initialization(this, initializing.BeganAt, initializing.IsRestart, initializing.Subtasks, restored, error);
        }

        if (_restarting is { } restarting)
        {
            JobActivities.Restart(this, restarting.FailedAt, restarting.Subtask, restarting.Cause, error);
        }

        _initializing = null;
        _restarting = null;
    }
}
