using Microsoft.Extensions.Logging;

namespace Millrace.Runtime.Checkpointing.LocalRecovery;

/// <summary>The log messages of local recovery. Event ids 3200 to 3299.</summary>
internal static partial class LocalRecoveryLog
{
    [LoggerMessage(3201, LogLevel.Warning, "The local copy of '{Name}' in {Local} cannot be used, and was deleted: {Reason}. The file is read from the checkpoint storage.")]
    public static partial void Unusable(ILogger logger, string name, string local, string reason);

    [LoggerMessage(3202, LogLevel.Warning, "No local copy of '{Name}' could be written to {Local}. The checkpoint is not affected; what has no copy is restored from the checkpoint storage.")]
    public static partial void CannotCopy(ILogger logger, Exception error, string name, string local);

    [LoggerMessage(3203, LogLevel.Warning, "{Count} local copies that are not needed any more could not be deleted from {Local}. They count again when the worker starts again.")]
    public static partial void CannotDelete(ILogger logger, Exception error, int count, string local);

    [LoggerMessage(3204, LogLevel.Warning, "Checkpoints have more files on this worker than the {MaxBytes} bytes that are kept as local copies: a part is restored from the checkpoint storage. Raise Millrace:Cluster:LocalRecovery:MaxSize.")]
    public static partial void TooLarge(ILogger logger, long maxBytes);

    [LoggerMessage(3205, LogLevel.Information, "Attempt {Attempt} of job '{Job}': its subtasks here were restored from checkpoint {Checkpoint}, from local copies {LocalFiles} file(s) of {LocalBytes} bytes and from the checkpoint storage {StoredFiles} file(s) of {StoredBytes} bytes.")]
    public static partial void Restored(ILogger logger, string job, int attempt, long checkpoint, int localFiles, long localBytes, int storedFiles, long storedBytes);
}
