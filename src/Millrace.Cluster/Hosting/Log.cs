using Microsoft.Extensions.Logging;

namespace Millrace.Cluster.Hosting;

/// <summary>The log messages of workers as hosts: event ids from 6200.</summary>
internal static partial class Log
{
    [LoggerMessage(6201, LogLevel.Information, "Worker '{Name}' takes part at {Host}, ports {SiloPort} and {DataPort}, with {Slots} slots, in the cluster '{ClusterId}' of {Store}.")]
    public static partial void Started(ILogger logger, string name, string host, int siloPort, int dataPort, int slots, string clusterId, string store);

    [LoggerMessage(6202, LogLevel.Information, "Worker '{Name}' leaves, since the host shuts down.")]
    public static partial void Stopping(ILogger logger, string name);

    [LoggerMessage(
        6203,
        LogLevel.Warning,
        "Whoever reaches {Host} at the ports {SiloPort} and {DataPort} can take part in the cluster and read its records. Set Millrace:Cluster:Tls, or see to it that only workers reach them.")]
    public static partial void OpenPorts(ILogger logger, string host, int siloPort, int dataPort);

    [LoggerMessage(6204, LogLevel.Information, "Copies of checkpoint files are kept in {Folder}, up to {MaxBytes} bytes; there are {Count}, of {Bytes} bytes.")]
    public static partial void KeepsLocalCopies(ILogger logger, string folder, long maxBytes, int count, long bytes);

    [LoggerMessage(6205, LogLevel.Warning, "No copies of checkpoint files are kept, and all state is restored from the checkpoint storage, since {Folder} cannot be used or belongs to another worker of the name '{Name}'. See Millrace:Cluster:LocalRecovery:Directory and Millrace:Cluster:Name.")]
    public static partial void NoLocalCopies(ILogger logger, Exception error, string folder, string name);
}
