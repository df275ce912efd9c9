using Microsoft.Extensions.Logging;

namespace Millrace.Cluster.Replicas;

/// <summary>The log messages about the number of workers: event ids from 6250.</summary>
internal static partial class Log
{
    [LoggerMessage(6251, LogLevel.Information, "{Scaled}: {Reason}")]
    public static partial void Scaled(ILogger logger, string scaled, string reason);

    [LoggerMessage(6252, LogLevel.Debug, "{Scaled}: {Reason}")]
    public static partial void NothingToScale(ILogger logger, string scaled, string reason);

    [LoggerMessage(6253, LogLevel.Information, "{Scaled} was changed by somebody else at the same time: it is looked at again.")]
    public static partial void ScaledBySomebodyElse(ILogger logger, string scaled);

    [LoggerMessage(6254, LogLevel.Warning, "{Scaled}: the number of workers is not changed, and it is tried again later. {What}")]
    public static partial void NotScaled(ILogger logger, Exception error, string scaled, string what);

    [LoggerMessage(6255, LogLevel.Error, "The number of workers does not follow, since this pod has no access to the API server of Kubernetes ({What}). Let it have the token of its service account: automountServiceAccountToken.")]
    public static partial void NoAccess(ILogger logger, Exception error, string what);
}
