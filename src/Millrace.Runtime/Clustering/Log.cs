using Microsoft.Extensions.Logging;

namespace Millrace.Runtime.Clustering;

/// <summary>What coordinators and workers log.</summary>
internal static partial class Log
{
    [LoggerMessage(6001, LogLevel.Information, "The coordinator of job '{Job}' (term {Term}) on {Coordinator} has connected.")]
    public static partial void CoordinatorConnected(ILogger logger, string job, long term, string coordinator);

    [LoggerMessage(6002, LogLevel.Information, "The coordinator of job '{Job}' (term {Term}) has gone: {Why}")]
    public static partial void CoordinatorGone(ILogger logger, string job, long term, string why);

    [LoggerMessage(6003, LogLevel.Warning, "The connection to the coordinator of job '{Job}' (term {Term}) broke: {Why} {Count} subtask(s) are cancelled.")]
    public static partial void CoordinatorLost(ILogger logger, string job, long term, string why, int count);

    [LoggerMessage(6004, LogLevel.Error, "{Subtask} does not end, and its thread is given up. It is here:\n{Stack}")]
    public static partial void Stuck(ILogger logger, string subtask, string stack);

    [LoggerMessage(6005, LogLevel.Information, "Attempt {Attempt} (epoch {Epoch}) of job '{Job}' runs {Count} of its {All} subtasks here.")]
    public static partial void Deployed(ILogger logger, string job, int attempt, long epoch, int count, int all);

    [LoggerMessage(6006, LogLevel.Error, "Subtasks of attempt {Attempt} of job '{Job}' could not be made.")]
    public static partial void DeploymentFailed(ILogger logger, Exception error, string job, int attempt);

    [LoggerMessage(6007, LogLevel.Warning, "A connection of job '{Job}' broke: {Why}")]
    public static partial void ConnectionBroke(ILogger logger, string job, string why);

    [LoggerMessage(6008, LogLevel.Warning, "What job '{Job}' was built with could not be disposed of.")]
    public static partial void ReleaseFailed(ILogger logger, Exception error, string job);

    [LoggerMessage(6009, LogLevel.Warning, "Worker {Worker} is lost to job '{Job}': {Why}")]
    public static partial void WorkerLost(ILogger logger, string worker, string job, string why);

    [LoggerMessage(6011, LogLevel.Information, "A coordinator of job '{Job}' with term {Term} was refused: {Why}")]
    public static partial void CoordinatorRefused(ILogger logger, string job, long term, string why);

    [LoggerMessage(6012, LogLevel.Information, "Job '{Job}' is led from here, with term {Term}.")]
    public static partial void Leads(ILogger logger, string job, long term);

    [LoggerMessage(6013, LogLevel.Information, "Job '{Job}': {What} {Reason}")]
    public static partial void Decided(ILogger logger, string job, string what, string reason);

    [LoggerMessage(6014, LogLevel.Warning, "Attempt {Attempt} of job '{Job}' is refused: {Why}")]
    public static partial void SlotsTaken(ILogger logger, string job, int attempt, string why);
}
