using Microsoft.Extensions.Logging;

namespace Millrace.Hosting;

/// <summary>The log messages of hosts: event ids from 2100.</summary>
internal static partial class Log
{
    [LoggerMessage(2101, LogLevel.Information, "Job '{Job}' starts: parallelism {Parallelism}, checkpoints {Checkpoints}.")]
    public static partial void Starting(ILogger logger, string job, int parallelism, string checkpoints);

    [LoggerMessage(2102, LogLevel.Information, "Job '{Job}' has ended after {Duration}: {State}.")]
    public static partial void Ended(ILogger logger, string job, JobState state, TimeSpan duration);

    [LoggerMessage(2103, LogLevel.Error, "Job '{Job}' has failed for good, and the host stops (Millrace:Host:OnJobFailure is StopHost).")]
    public static partial void FailedAndStops(ILogger logger, Exception error, string job);

    [LoggerMessage(2104, LogLevel.Error, "Job '{Job}' has failed for good; the host goes on without it (Millrace:Host:OnJobFailure is Continue).")]
    public static partial void FailedAndContinues(ILogger logger, Exception error, string job);

    [LoggerMessage(2105, LogLevel.Information, "Job '{Job}' is being stopped, since the host shuts down: {Shutdown}.")]
    public static partial void Stopping(ILogger logger, string job, JobShutdown shutdown);

    [LoggerMessage(2106, LogLevel.Information, "Job '{Job}' was stopped with the savepoint {Path}.")]
    public static partial void StoppedWithSavepoint(ILogger logger, string job, string path);

    [LoggerMessage(2107, LogLevel.Warning, "Job '{Job}' could not be stopped with a savepoint and is cancelled: its next start goes on from its last checkpoint.")]
    public static partial void SavepointFailed(ILogger logger, Exception error, string job);

    [LoggerMessage(
        2108,
        LogLevel.Warning,
        "Job '{Job}' has not ended within the time that the host has for its shutdown; it is {State}. Raise HostOptions.ShutdownTimeout if that is too short for it.")]
    public static partial void NotEnded(ILogger logger, string job, JobState state);

    [LoggerMessage(2109, LogLevel.Information, "All jobs have ended, and the host stops (Millrace:Host:StopWhenFinished is true).")]
    public static partial void AllFinished(ILogger logger);

    [LoggerMessage(2110, LogLevel.Error, "Job '{Job}' has ended, but disposing its services failed.")]
    public static partial void ReleaseFailed(ILogger logger, Exception error, string job);
}
