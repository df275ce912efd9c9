using Microsoft.Extensions.Logging;

namespace Millrace.Connectors;

/// <summary>The log messages of the PostgreSQL sink. Event ids from 7200.</summary>
internal static partial class Log
{
    [LoggerMessage(7201, LogLevel.Information, "Rolled back {Transaction}: it was prepared by an attempt that is over, and is part of no checkpoint that will be restored.")]
    public static partial void RolledBack(ILogger logger, string transaction);

    [LoggerMessage(7202, LogLevel.Warning, "Disconnected a session that attempt {Epoch} of this subtask had left open on the server.")]
    public static partial void Disconnected(ILogger logger, long epoch);

    [LoggerMessage(7203, LogLevel.Warning, "Skipped a record that table {Table} refuses: {Reason} The record: {Record}")]
    public static partial void Skipped(ILogger logger, string table, string reason, string record);

    [LoggerMessage(7204, LogLevel.Warning, "Skipped {Count} rows of {Transaction}, whose keys are in table {Table} already.")]
    public static partial void SkippedAtCommit(ILogger logger, long count, string transaction, string table);

    [LoggerMessage(7205, LogLevel.Debug, "{Transaction} is not there any more: it was committed before.")]
    public static partial void AlreadyCommitted(ILogger logger, string transaction);

    [LoggerMessage(7206, LogLevel.Warning, "{Transaction} was prepared by an attempt that is over, and this role may not roll it back: {Reason}. Let the role do it that prepared it, or a superuser.")]
    public static partial void NotRolledBack(ILogger logger, string transaction, string reason);
}
