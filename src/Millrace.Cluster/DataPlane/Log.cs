using Microsoft.Extensions.Logging;

namespace Millrace.Cluster.DataPlane;

/// <summary>The log messages of the data plane: event ids from 6100.</summary>
internal static partial class Log
{
    [LoggerMessage(6101, LogLevel.Information, "The data plane listens at {Address}, {Security}.")]
    public static partial void Listening(ILogger logger, string address, string security);

    [LoggerMessage(6102, LogLevel.Warning, "A connection from {Remote} was closed: {Reason}.")]
    public static partial void Rejected(ILogger logger, string remote, string reason);

    [LoggerMessage(6103, LogLevel.Warning, "{Count} connections are in their handshake, as many as may be: further ones are closed, and not logged, until there are fewer.")]
    public static partial void TooManyHandshakes(ILogger logger, int count);

    [LoggerMessage(6104, LogLevel.Error, "The data plane cannot take connections at present, and tries again.")]
    public static partial void AcceptFailed(ILogger logger, Exception error);

    [LoggerMessage(6105, LogLevel.Error, "Whoever is to take a coordinator's connection has failed; the connection is refused.")]
    public static partial void AcceptorFailed(ILogger logger, Exception error);

    [LoggerMessage(6106, LogLevel.Error, "Whoever was told that the connection ({Connection}) is broken has failed.")]
    public static partial void ListenerFailed(ILogger logger, Exception error, string connection);

    [LoggerMessage(6107, LogLevel.Debug, "Connected with {Peer}: {Connection}.")]
    public static partial void Connected(ILogger logger, string peer, string connection);
}
