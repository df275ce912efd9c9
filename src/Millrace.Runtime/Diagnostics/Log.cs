using Microsoft.Extensions.Logging;

namespace Millrace.Runtime.Diagnostics;

/// <summary>The runtime's log messages. Event ids: 1000 graph, 2000 tasks, 3000 checkpoints, 4000 state, 5000 exchange.</summary>
internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Error, "Job '{Job}' failed.")]
    public static partial void JobFailed(ILogger logger, Exception error, string job);

    [LoggerMessage(2002, LogLevel.Error, "Job '{Job}' goes on without subtasks that are stuck in a function:\n{Report}")]
    public static partial void Stuck(ILogger logger, string job, string report);

    [LoggerMessage(2003, LogLevel.Warning, "Job '{Job}' is ending anyway, but {Subtask} failed on the way.")]
    public static partial void ErrorWhileEnding(ILogger logger, Exception error, string job, string subtask);

    [LoggerMessage(3001, LogLevel.Warning, "{Subtask}: committing {Count} transaction(s) did not work, attempt {Attempt}; it is tried again.")]
    public static partial void CommitRetried(ILogger logger, Exception error, string subtask, int count, int attempt);

    [LoggerMessage(2004, LogLevel.Warning, "Job '{Job}': {Subtask} failed; {Count} subtask(s) restart in {Delay}.")]
    public static partial void Restarting(ILogger logger, Exception error, string job, string subtask, int count, TimeSpan delay);

    [LoggerMessage(3002, LogLevel.Information, "Job '{Job}' goes on from checkpoint {CheckpointId}, epoch {Epoch}.")]
    public static partial void Restored(ILogger logger, string job, long checkpointId, long epoch);

    [LoggerMessage(3003, LogLevel.Information, "Checkpoint {CheckpointId} of job '{Job}' is complete: {Path}")]
    public static partial void CheckpointCompleted(ILogger logger, long checkpointId, string job, string path);

    [LoggerMessage(3004, LogLevel.Warning, "Checkpoint {CheckpointId} of job '{Job}' has been given up.")]
    public static partial void CheckpointAborted(ILogger logger, Exception error, long checkpointId, string job);

    [LoggerMessage(3005, LogLevel.Warning, "Job '{Job}': the storage of its checkpoints cannot be opened; it is tried again.")]
    public static partial void OpeningRetried(ILogger logger, Exception error, string job);
}
