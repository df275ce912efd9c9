using Microsoft.Extensions.Logging;

namespace Millrace.Connectors;

/// <summary>The log messages of files. Event ids from 7100.</summary>
internal static partial class Log
{
    [LoggerMessage(7101, LogLevel.Debug, "Merged {Files} files into {Path}: {Bytes} bytes in {Duration}.")]
    public static partial void Merged(ILogger logger, int files, string path, long bytes, TimeSpan duration);

    [LoggerMessage(
        7102,
        LogLevel.Warning,
        "{Files} files that were to become {Path} cannot be merged, and are committed as they are. Where the type of the records has changed since they were written, that is all there is to it.")]
    public static partial void CannotMerge(ILogger logger, Exception error, int files, string path);
}
