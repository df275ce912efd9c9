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
}
