using Microsoft.Extensions.Logging;

namespace Millrace.Rest;

/// <summary>The log messages of HTTP: event ids from 6400.</summary>
internal static partial class Log
{
    [LoggerMessage(6401, LogLevel.Error, "{Method} {Path} failed.")]
    public static partial void Failed(ILogger logger, Exception error, string method, string path);
}
