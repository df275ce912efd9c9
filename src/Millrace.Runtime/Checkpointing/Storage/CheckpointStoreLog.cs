using Microsoft.Extensions.Logging;

namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>The log messages of stored checkpoints. Event ids 3100 to 3199.</summary>
internal static partial class CheckpointStoreLog
{
    [LoggerMessage(3101, LogLevel.Warning, "Checkpoint {Id} of job '{Job}' at '{Path}' cannot be used: {Reason}")]
    public static partial void Damaged(ILogger logger, string job, long id, string path, string reason);

    [LoggerMessage(3102, LogLevel.Warning, "{Count} files of job '{Job}' that are not needed any more could not be deleted from {Storage}. The next start of the job tries again.")]
    public static partial void CannotDelete(ILogger logger, Exception error, string job, int count, string storage);

    [LoggerMessage(3103, LogLevel.Information, "{Count} files of job '{Job}' that belong to no checkpoint were deleted from {Storage}.")]
    public static partial void OrphansDeleted(ILogger logger, string job, int count, string storage);
}
