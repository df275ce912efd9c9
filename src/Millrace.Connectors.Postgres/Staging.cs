using Npgsql;

namespace Millrace.Connectors;

/// <summary>What tells the rows of one transaction in a staging table from the others.</summary>
internal sealed class StagingTag(long epoch)
{
    /// <summary>The attempt that wrote them.</summary>
    internal long Epoch => epoch;

    /// <summary>
    /// Changes with every transaction; the checkpoint is not known yet when the rows are written. It begins anywhere: a job whose checkpoints were deleted begins with epoch 1 again, and
    /// must not take rows that its former life has left.
    /// </summary>
    internal long Batch { get; set; } = BitConverter.ToInt64(Guid.NewGuid().ToByteArray()) & (long.MaxValue >> 1);

    /// <summary>The order of rows within a batch, which decides among rows of one key.</summary>
    internal long NextSequence { get; set; }
}

/// <summary>
/// The staging table of a subtask and the ledger of what is prepared in it. An entry of the ledger exists from the barrier to the commit; whoever removes it
/// may move its rows, in the same transaction. So a commit that is repeated finds no entry and does nothing.
/// </summary>
internal sealed class Staging
{
    internal const string TagColumns = "mr_epoch, mr_batch, mr_sequence";
    private const string Ledger = "millrace_ledger";

    private Staging(string schema, string table)
    {
        LedgerName = $"{SqlText.Quote(schema)}.{Ledger}";
        Table = table;
    }

    /// <summary>The ledger, quoted.</summary>
    internal string LedgerName { get; }

    /// <summary>The staging table, quoted.</summary>
    internal string Table { get; }

    /// <summary>Where the ledger of a table is.</summary>
    internal static string LedgerOf(string schema) => $"{SqlText.Quote(schema)}.{Ledger}";

    /// <summary>Creates what is missing.</summary>
    internal static async Task<Staging> CreateAsync<T>(
        NpgsqlConnection connection, PostgresTable<T> mapping, TargetTable target, string? schema, string prefix, int subtask, CancellationToken cancellationToken)
    {
        schema ??= target.Schema;
        string columns = string.Join(", ", mapping.Columns.Select(column => $"{SqlText.Quote(column.Name)} {target.TypeOf(column.Name)}"));

        // Another mapping has another table, so that what the old one prepared can still be committed.
        string hash = TransactionName.Hash($"{prefix}{mapping.QuotedName} {columns}");
        var staging = new Staging(schema, $"{SqlText.Quote(schema)}.millrace_staging_{hash}_{subtask}");
        await ExecuteLockedAsync(
            connection,
            $"""
            create table if not exists {staging.LedgerName} (name text primary key, staging text not null, epoch bigint not null, batch bigint not null,
                row_count bigint not null, prepared_at timestamptz not null default now());
            create table if not exists {staging.Table} (mr_epoch bigint not null, mr_batch bigint not null, mr_sequence bigint not null, {columns})
                with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
            """,
            cancellationToken).ConfigureAwait(false);
        return staging;
    }

    /// <summary>Executes statements that two sessions must not execute at once: "create if not exists" fails for one of them.</summary>
    internal static Task ExecuteLockedAsync(NpgsqlConnection connection, string statements, CancellationToken cancellationToken) =>

        // Several statements in one command are one transaction. The number is that of the sink's lock, and means nothing.
        ExecuteAsync(connection, $"select pg_advisory_xact_lock(7200720072007200); {statements}", cancellationToken);

    /// <summary>Executes statements without a result.</summary>
    internal static async Task<int> ExecuteAsync(NpgsqlConnection connection, string statements, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(statements, connection);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Notes what has been written under a name.</summary>
    internal async Task NoteAsync(NpgsqlConnection connection, string name, StagingTag tag, long rows, CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync(
                connection,
                $"insert into {LedgerName} (name, staging, epoch, batch, row_count) values ({SqlText.Literal(name)}, {SqlText.Literal(Table)}, {tag.Epoch}, {tag.Batch}, {rows})",
                cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw PostgresErrors.NameTaken(name, $"in {LedgerName}", error);
        }
    }

    /// <summary>The statement that moves the rows of a batch into the target.</summary>
    internal static string Move<T>(PostgresTable<T> mapping, string staging, IReadOnlyList<string> names, long epoch, long batch, bool skip)
    {
        string columns = SqlText.List(names);
        string key = SqlText.List(mapping.KeyColumns);
        string moved = $"with moved as (delete from {staging} where mr_epoch = {epoch} and mr_batch = {batch} returning *) insert into {mapping.QuotedName} ({columns}) ";
        return mapping.KeyColumns.Count == 0
            ? $"{moved}select {columns} from moved{(skip ? " on conflict do nothing" : "")}"
            : $"{moved}select {columns} from (select distinct on ({key}) * from moved order by {key}, mr_sequence desc) as latest{SqlText.OnConflict(names, mapping.KeyColumns)}";
    }

    /// <summary>Takes an entry out of the ledger, inside a transaction.</summary>
    /// <returns>Where its rows are; <see langword="null"/> where there is no such entry any more.</returns>
    internal static async Task<LedgerEntry?> TakeAsync(NpgsqlConnection connection, string ledger, string name, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand($"delete from {ledger} where name = $1 returning staging, epoch, batch, row_count", connection) { Parameters = { new() { Value = name } } };
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                return await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
                    ? new LedgerEntry(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3))
                    : null;
            }
        }
    }
}

/// <summary>An entry of the ledger.</summary>
/// <param name="StagingTable">Where the rows are, quoted.</param>
/// <param name="Epoch">The attempt that wrote them.</param>
/// <param name="Batch">The number of the batch in the attempt.</param>
/// <param name="Rows">How many they are.</param>
internal sealed record LedgerEntry(string StagingTable, long Epoch, long Batch, long Rows);
