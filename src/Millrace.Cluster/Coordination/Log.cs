using Microsoft.Extensions.Logging;

namespace Millrace.Cluster.Coordination;

/// <summary>The log messages about coordinators: event ids from 6100.</summary>
internal static partial class Log
{
    [LoggerMessage(6101, LogLevel.Information, "Job '{Job}': this worker coordinates it, term {Term}.")]
    public static partial void CoordinatorStarted(ILogger logger, string job, long term);

    [LoggerMessage(6102, LogLevel.Information, "Job '{Job}': the coordinator of term {Term} leaves this worker ({Reason}); another one takes over.")]
    public static partial void CoordinatorLeaves(ILogger logger, string job, long term, string reason);

    [LoggerMessage(6103, LogLevel.Error, "Job '{Job}': the coordinator of term {Term} has failed; another one takes over.")]
    public static partial void CoordinatorFailed(ILogger logger, Exception error, string job, long term);

    [LoggerMessage(6104, LogLevel.Information, "Job '{Job}' has ended in term {Term}: {State}{Error}")]
    public static partial void JobEnded(ILogger logger, string job, long term, JobState state, string error);

    [LoggerMessage(6105, LogLevel.Error, "Job '{Job}' has ended in term {Term}, but that could not be written; it is tried again.")]
    public static partial void EndNotWritten(ILogger logger, Exception error, string job, long term);

    [LoggerMessage(6106, LogLevel.Warning, "Job '{Job}': the coordinator of term {Term} ends, since there is one of term {Newer}.")]
    public static partial void Superseded(ILogger logger, string job, long term, long newer);

    [LoggerMessage(6107, LogLevel.Warning, "Job '{Job}': its record cannot be read. The job goes on; a new coordinator could not start.")]
    public static partial void StoreFailed(ILogger logger, Exception error, string job);

    [LoggerMessage(6108, LogLevel.Warning, "Job '{Job}': its coordinator does not answer ({Reason}). It is tried again until one does.")]
    public static partial void NoCoordinator(ILogger logger, string job, string reason);

    [LoggerMessage(6109, LogLevel.Information, "Job '{Job}': a coordinator answers, term {Term}.")]
    public static partial void CoordinatorAnswers(ILogger logger, string job, long term);

    [LoggerMessage(6110, LogLevel.Warning, "Job '{Job}': what the autoscaler had decided is forgotten, since the program has other tasks now. It begins with the parallelism of the program.")]
    public static partial void TasksForgotten(ILogger logger, string job);

    [LoggerMessage(6119, LogLevel.Warning, "Job '{Job}': bounds of parallelism are passed over that were given to operators which the program does not have any more: {Operators}.")]
    public static partial void BoundsForgotten(ILogger logger, string job, string operators);

    [LoggerMessage(6112, LogLevel.Information, "Job '{Job}': worker {Worker} wants to leave. A checkpoint is taken, and the job goes on without it.")]
    public static partial void WorkerLeaves(ILogger logger, string job, string worker);

    [LoggerMessage(6111, LogLevel.Warning, "Job '{Job}': what the autoscaler has decided could not be written. It is done, but another coordinator would begin with what was before.")]
    public static partial void TasksNotWritten(ILogger logger, Exception error, string job);

    [LoggerMessage(6113, LogLevel.Warning, "Job '{Job}': where its subtasks run could not be written beside its checkpoints. Another coordinator may place them where their state is not on the disk.")]
    public static partial void PlacementNotWritten(ILogger logger, Exception error, string job);

    [LoggerMessage(6114, LogLevel.Debug, "Job '{Job}': the slot ledger does not answer. What it granted last counts.")]
    public static partial void LedgerSilent(ILogger logger, Exception error, string job);
}
