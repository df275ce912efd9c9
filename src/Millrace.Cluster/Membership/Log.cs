using Microsoft.Extensions.Logging;
using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Membership;

/// <summary>The log messages about membership: event ids from 6000.</summary>
internal static partial class Log
{
    [LoggerMessage(6001, LogLevel.Information, "Worker {Worker} has joined with {Slots} slots; {Count} are there.")]
    public static partial void WorkerJoined(ILogger logger, WorkerInfo worker, int slots, int count);

    [LoggerMessage(6002, LogLevel.Warning, "Worker {Worker} has left or is dead; {Count} are there.")]
    public static partial void WorkerLeft(ILogger logger, WorkerInfo worker, int count);

    [LoggerMessage(6003, LogLevel.Error, "The membership cannot be followed: until it can, this worker does not learn of those that come and go. It tries again in {Pause}.")]
    public static partial void ViewBroke(ILogger logger, Exception error, TimeSpan pause);

    [LoggerMessage(6004, LogLevel.Error, "Somebody who was told of a change of the workers has thrown.")]
    public static partial void SubscriberFailed(ILogger logger, Exception error);
}
