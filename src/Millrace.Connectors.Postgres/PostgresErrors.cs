using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Npgsql;

namespace Millrace.Connectors;

/// <summary>The codes of the errors of the PostgreSQL sink, and what the server's errors become.</summary>
internal static partial class PostgresErrors
{
    /// <summary>The server does not answer, or the connection is lost.</summary>
    internal const string Connection = "MR7201";

    /// <summary>The table or a column is missing or has another type.</summary>
    internal const string Table = "MR7202";

    /// <summary>The server is not set up for prepared transactions.</summary>
    internal const string PreparedTransactions = "MR7203";

    /// <summary>The server refuses a row.</summary>
    internal const string Row = "MR7204";

    /// <summary>The server refuses a statement of the sink's.</summary>
    internal const string Statement = "MR7205";

    /// <summary>The mapping does not fit itself or the table.</summary>
    internal const string Mapping = "MR7206";

    /// <summary>Somebody else holds a lock.</summary>
    internal const string Locked = "MR7207";

    private const int MaxRecordText = 300;

    /// <summary>Whether the error comes of the data of one record, so that the rows around it may go on without it.</summary>
    internal static bool IsOfTheData(Exception error) => error switch
    {
        // 22: data exceptions, 23: integrity constraint violations.
        PostgresException { SqlState: "22P03" or "22P04" } => false,
        PostgresException server => server.SqlState.StartsWith("22", StringComparison.Ordinal) || server.SqlState.StartsWith("23", StringComparison.Ordinal)
            || server.SqlState == PostgresErrorCodes.ProgramLimitExceeded,

        // What Npgsql or the mapping's own lambda throws at a value.
        NpgsqlException or IOException or SocketException or ObjectDisposedException or OperationCanceledException or TimeoutException or MillraceException => false,
        _ => true,
    };

    /// <summary>Which row of a COPY the server speaks of, from zero; -1 where it does not say.</summary>
    internal static int RowOf(Exception error) =>
        error is PostgresException { Where: { } where } && CopyLine().Match(where) is { Success: true } match
            ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) - 1
            : -1;

    /// <summary>What the server said, in one line.</summary>
    internal static string Describe(Exception error)
    {
        if (error is not PostgresException server)
        {
            return error.Message;
        }

        string text = $"{server.SqlState} {server.MessageText}";
        if (!string.IsNullOrEmpty(server.Detail))
        {
            text += $" ({server.Detail})";
        }

        // A row of a batch that is sent as arrays is not in the detail; the column is in the context of a COPY.
        string? column = server.ColumnName ?? (server.Where is { } where && CopyColumn().Match(where) is { Success: true } match ? match.Groups[1].Value : null);
        return string.IsNullOrEmpty(column) ? text : $"{text}, column '{column}'";
    }

    /// <summary>A record as it is shown.</summary>
    internal static string Show(object? record)
    {
        string text = record?.ToString() ?? "null";
        return text.Length <= MaxRecordText ? text : $"{text[..MaxRecordText]}…";
    }

    /// <summary>The error that a failure becomes.</summary>
    /// <param name="error">What was thrown.</param>
    /// <param name="table">The table, as the user wrote it.</param>
    /// <param name="doing">What was being done, as in "while writing rows".</param>
    /// <param name="record">The record at fault where it is known, as text.</param>
    internal static Exception Translate(Exception error, string table, string doing, string? record = null)
    {
        if (error is MillraceException or OperationCanceledException)
        {
            return error;
        }

        string what = $"PostgreSQL table {table}, {doing}: {Describe(error)}.";
        string shown = record is null ? "" : $" The record: {record}.";
        if (error is not PostgresException server)
        {
            return IsConnection(error)
                ? new ConnectorException(Connection, $"{what} The connection failed. See that the server runs and can be reached.", isTransient: true, error)
                : new ConnectorException(Row, $"{what}{shown} The value cannot be sent as the type of its column: convert it in the column's lambda.", innerException: error);
        }

        string hint = string.IsNullOrEmpty(server.Hint) ? "" : $" {server.Hint}";
        return server.SqlState switch
        {
            PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.ObjectInUse =>
                new ConnectorException(
                    Locked,
                    $"{what} Another transaction is in the way: look for it in pg_stat_activity and pg_prepared_xacts.", isTransient: true, error),
            PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.DatatypeMismatch or PostgresErrorCodes.InvalidSchemaName
                or PostgresErrorCodes.InvalidBinaryRepresentation or PostgresErrorCodes.BadCopyFileFormat =>
                new ConnectorException(Table, $"{what}{hint} The table does not fit the sink's mapping. Was it changed while the job ran?", innerException: error),
            _ when IsOfTheData(error) => new ConnectorException(
                Row,
                $"{what}{shown} Mend the record before it comes to the sink, or leave such records out with .OnError(ErrorPolicy.Skip) or .OnError(ErrorPolicy.ToSideOutput(tag)) behind the sink.",
                innerException: error),
            _ when server.IsTransient || IsConnection(server) => new ConnectorException(Connection, $"{what}{hint}", isTransient: true, error),
            _ => new ConnectorException(Statement, $"{what}{hint}", innerException: error),
        };
    }

    /// <summary>That the server takes no prepared transactions.</summary>
    internal static ConnectorException NoPreparedTransactions(string table, Exception? error) => new(
        PreparedTransactions,
        $"The server's max_prepared_transactions is 0, so that {nameof(PostgresDelivery)}.{nameof(PostgresDelivery.ExactlyOnce)} cannot write to table {table}. "
        + "Set it in postgresql.conf to at least twice the number of all sinks' subtasks and restart the server, "
        + $"or use {nameof(PostgresDelivery)}.{nameof(PostgresDelivery.ExactlyOnceStaged)}, which needs no setting.",
        innerException: error);

    /// <summary>That there is a prepared transaction of the same name.</summary>
    internal static ConnectorException NameTaken(string name, string where, Exception error) => new(
        Statement,
        $"There is {name} {where} already, left by a job with the same id whose checkpoints were deleted, or by another job that runs with this id. Give the job another name, or see "
        + "docs/reference/postgres.md for how to remove what is left.",
        innerException: error);

    // 08: connection exceptions, 53: insufficient resources, 57P: the operator's doing, for example a restart.
    private static bool IsConnection(Exception error) => error switch
    {
        PostgresException server => server.SqlState.StartsWith("08", StringComparison.Ordinal) || server.SqlState.StartsWith("53", StringComparison.Ordinal)
            || server.SqlState.StartsWith("57P", StringComparison.Ordinal),
        NpgsqlException or IOException or SocketException or TimeoutException or ObjectDisposedException => true,
        InvalidOperationException broken => broken.Message.Contains("onnection", StringComparison.Ordinal),
        _ => false,
    };

    [GeneratedRegex(@"^COPY .*?, line (\d+)")]
    private static partial Regex CopyLine();

    [GeneratedRegex(@"^COPY .*?, line \d+, column (.+?)(:|$)", RegexOptions.Multiline)]
    private static partial Regex CopyColumn();
}
