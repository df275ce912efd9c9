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

    [LoggerMessage(2004, LogLevel.Warning, "Job '{Job}': {Subtask} failed; {Count} subtask(s) restart in {Delay}. Cause: {Cause}")]
    public static partial void Restarting(ILogger logger, Exception error, string job, string subtask, int count, TimeSpan delay, string cause);

    [LoggerMessage(2013, LogLevel.Information, "Job '{Job}': {Count} subtask(s) go on elsewhere, from the latest checkpoint. {Why}")]
    public static partial void Relocating(ILogger logger, string job, int count, string why);

    [LoggerMessage(2005, LogLevel.Information, "Job '{Job}' is {State}; it was {Before}.")]
    public static partial void StateChanged(ILogger logger, string job, JobState state, JobState before);

    [LoggerMessage(3002, LogLevel.Information, "Job '{Job}' goes on from {Kind} {CheckpointId}, epoch {Epoch}: {Path}")]
    public static partial void Restored(ILogger logger, string job, string kind, long checkpointId, long epoch, string path);

    [LoggerMessage(
        3003,
        LogLevel.Information,
        "Job '{Job}': {Kind} {CheckpointId} is complete after {Duration}: {StateBytes} bytes of state, {WrittenBytes} written anew, {InFlightBytes} in flight. {Path}")]
    public static partial void CheckpointCompleted(
        ILogger logger, string kind, long checkpointId, string job, TimeSpan duration, long stateBytes, long writtenBytes, long inFlightBytes, string path);

    [LoggerMessage(3004, LogLevel.Warning, "Job '{Job}': {Kind} {CheckpointId} was given up after {Duration}, with {WrittenBytes} bytes written: {Reason}")]
    public static partial void CheckpointAborted(ILogger logger, Exception error, string kind, long checkpointId, string job, TimeSpan duration, long writtenBytes, string reason);

    [LoggerMessage(3005, LogLevel.Debug, "Job '{Job}': {Kind} {CheckpointId} begins.")]
    public static partial void CheckpointTriggered(ILogger logger, string kind, long checkpointId, string job);

    [LoggerMessage(
        2006,
        LogLevel.Information,
        "Job '{Job}' finished on {FinishedAt:u} already, as its checkpoints in {Storage} say, and is not run again. To run it again, set CheckpointOptions.RunFinishedAgain, or give it another JobId or another storage.")]
    public static partial void FinishedBefore(ILogger logger, string job, DateTimeOffset finishedAt, string storage);

    [LoggerMessage(
        2010,
        LogLevel.Warning,
        "Job '{Job}': event time has stood still at {Watermark} for {Duration} in {Operators}, though {Records} records have come meanwhile. It is held back by {Holder}")]
    public static partial void EventTimeStandsStill(ILogger logger, string job, string watermark, TimeSpan duration, string operators, long records, string holder);

    [LoggerMessage(3006, LogLevel.Warning, "Job '{Job}': the storage of its checkpoints cannot be opened; it is tried again.")]
    public static partial void OpeningRetried(ILogger logger, Exception error, string job);

    [LoggerMessage(3007, LogLevel.Warning, "Job '{Job}': what {Kind} {CheckpointId} has for {Dropped} is dropped: the job has no place for it, and RestoreOptions.AllowNonRestoredState is set.")]
    public static partial void StateDropped(ILogger logger, string job, string kind, long checkpointId, string dropped);

    [LoggerMessage(2008, LogLevel.Warning, "{Subtask} failed {During}; {Count} record(s) {Fate} since this was last said, {Total} in all. The last error is given.")]
    public static partial void RecordInError(ILogger logger, Exception error, string subtask, string during, long count, long total, string fate);

    [LoggerMessage(2011, LogLevel.Warning, "{Subtask} has a metric '{Name}' with the same labels already. The second one is not published: give it another name or group.")]
    public static partial void MetricNameTaken(ILogger logger, string subtask, string name);

    [LoggerMessage(2012, LogLevel.Warning, "{Subtask}: the gauge '{Name}' could not be read, and is left out while that is so. This is said once.")]
    public static partial void GaugeFailed(ILogger logger, Exception error, string subtask, string name);

    [LoggerMessage(2007, LogLevel.Debug, "{Subtask}: an asynchronous call failed whose result was not waited for any more.")]
    public static partial void LateAsyncFailure(ILogger logger, Exception error, string subtask);
}
