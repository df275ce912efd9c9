using Npgsql;

namespace Millrace.Connectors;

/// <summary>Commits prepared transactions, and moves staged rows into their table.</summary>
internal sealed class PostgresCommitter<T>(SinkWriterContext context, PostgresSink<T> sink) : Committer<PostgresTransaction>
{
    // The columns of staging tables that have been seen. Those of an earlier program may be others than today's.
    private readonly Dictionary<string, string[]> _columns = [];

    public override async ValueTask CommitAsync(IReadOnlyList<PostgresTransaction> committables, CancellationToken cancellationToken)
    {
        if (committables.Count == 0)
        {
            return;
        }

        string doing = "connecting to commit";
        try
        {
            var connection = await sink.DataSource.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                await Staging.ExecuteAsync(connection, sink.SessionSettings, cancellationToken).ConfigureAwait(false);
                foreach (var transaction in committables)
                {
                    doing = $"committing {transaction.Name} ({transaction.Rows} rows)";
                    await (transaction.Staged
                        ? MoveAsync(connection, transaction, cancellationToken)
                        : CommitPreparedAsync(connection, transaction, cancellationToken)).ConfigureAwait(false);
                }
            }
        }
        catch (Exception error)
        {
            throw PostgresErrors.Translate(error, sink.Table.DisplayName, doing);
        }
    }

    private async Task CommitPreparedAsync(NpgsqlConnection connection, PostgresTransaction transaction, CancellationToken cancellationToken)
    {
        try
        {
            await Staging.ExecuteAsync(connection, $"commit prepared {SqlText.Literal(transaction.Name)}", cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UndefinedObject)
        {
            Log.AlreadyCommitted(context.Logger, transaction.Name);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.ObjectNotInPrerequisiteState)
        {
            throw new ConnectorException(
                PostgresErrors.Locked, $"{transaction.Name} is being committed or rolled back by another session: {PostgresErrors.Describe(error)}.", isTransient: true, error);
        }
    }

    private async Task MoveAsync(NpgsqlConnection connection, PostgresTransaction transaction, CancellationToken cancellationToken)
    {
        if (sink.StagingSchema is null)
        {
            // The writer finds it out, but this committer may be there before any writer.
            var target = await TargetTable.LoadAsync(connection, sink.Table, cancellationToken).ConfigureAwait(false) ?? throw TargetTable.Missing(sink.Table.DisplayName);
            sink.StagingSchema = target.Schema;
        }

        var unit = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (unit.ConfigureAwait(false))
        {
            // Whoever else commits the same waits here, and then finds nothing.
            if (await Staging.TakeAsync(connection, Staging.LedgerOf(sink.StagingSchema), transaction.Name, cancellationToken).ConfigureAwait(false) is not { } entry)
            {
                Log.AlreadyCommitted(context.Logger, transaction.Name);
                return;
            }

            string[] columns = await ColumnsAsync(connection, entry.StagingTable, cancellationToken).ConfigureAwait(false);
            bool skip = sink.LeavesOut(context);
            int rows = await Staging.ExecuteAsync(
                connection, Staging.Move(sink.Table, entry.StagingTable, columns, entry.Epoch, entry.Batch, skip), cancellationToken).ConfigureAwait(false);
            await unit.CommitAsync(cancellationToken).ConfigureAwait(false);
            if (skip && sink.Table.KeyColumns.Count == 0 && rows < entry.Rows)
            {
                sink.CountSkipped(entry.Rows - rows);
                Log.SkippedAtCommit(context.Logger, entry.Rows - rows, transaction.Name, sink.Table.DisplayName);
            }
        }
    }

    private async Task<string[]> ColumnsAsync(NpgsqlConnection connection, string staging, CancellationToken cancellationToken)
    {
        if (!_columns.TryGetValue(staging, out string[]? columns))
        {
            var command = new NpgsqlCommand(
                "select array_agg(attname::text order by attnum) from pg_attribute where attrelid = $1::regclass and attnum > 3 and not attisdropped", connection)
            {
                Parameters = { new() { Value = staging } },
            };
            await using (command.ConfigureAwait(false))
            {
                _columns[staging] = columns = (string[])(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
            }
        }

        return columns;
    }
}
