using Microsoft.Extensions.Logging;

namespace Millrace.Cluster.Session;

/// <summary>The log messages about submitted programs and jobs: event ids from 6300.</summary>
internal static partial class Log
{
    [LoggerMessage(6301, LogLevel.Information, "Program {Program} ('{Name}', {Bytes} bytes) was uploaded.")]
    public static partial void ProgramUploaded(ILogger logger, string program, string name, long bytes);

    [LoggerMessage(6302, LogLevel.Information, "Program {Program} was deleted.")]
    public static partial void ProgramDeleted(ILogger logger, string program);

    [LoggerMessage(6303, LogLevel.Information, "Job '{Job}' of program {Program} was submitted, as {Submission}.")]
    public static partial void JobSubmitted(ILogger logger, string job, string program, string submission);

    [LoggerMessage(6304, LogLevel.Information, "Program {Program} is loaded ({Assembly}), after {Milliseconds:0} ms.")]
    public static partial void ProgramLoaded(ILogger logger, string program, string assembly, double milliseconds);

    [LoggerMessage(6305, LogLevel.Information, "Program {Program} is unloaded: no job on this worker needs it any more.")]
    public static partial void ProgramUnloaded(ILogger logger, string program);

    [LoggerMessage(6306, LogLevel.Warning, "The jobs that were submitted cannot be listed. Those that this worker knows go on.")]
    public static partial void NotListed(ILogger logger, Exception error);

    [LoggerMessage(6307, LogLevel.Information, "Job '{Job}' was submitted, has ended {EndedAt} and is forgotten.")]
    public static partial void JobForgotten(ILogger logger, string job, DateTimeOffset? endedAt);
}
