using Microsoft.Extensions.Logging;

namespace Millrace.ClusterTests.Submitted;

/// <summary>What the submitted program logs.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "The job that was submitted writes to {Folder}.")]
    public static partial void Declares(this ILogger logger, string folder);

    [LoggerMessage(2, LogLevel.Information, "A function of the program that was submitted has begun.")]
    public static partial void Begins(this ILogger logger);
}
