using Npgsql;

namespace Millrace.Connectors;

/// <summary>
/// Removes what attempts that are over have left on the server: sessions with open transactions, and prepared transactions of checkpoints that nobody will restore.
/// Each subtask sees to those of the former subtasks whose index modulo the parallelism is its own.
/// </summary>
internal sealed class DeadTransactions(SinkWriterContext context, string prefix)
{
    // What this role may not remove: said once, and not at every checkpoint.
    private readonly HashSet<string> _refused = [];
    private readonly string _session = $"millrace:{TransactionName.Hash(prefix)}:";

    /// <summary>What the writer's session calls itself, so that a later attempt finds it.</summary>
    internal string SessionName => $"{_session}{context.SubtaskIndex}:{context.Epoch}";

    /// <summary>Ends the sessions of older attempts. A process that only seems dead could otherwise hold locks, or prepare something that nobody expects any more.</summary>
    internal async Task DisconnectAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(
            """
            select epoch, pg_terminate_backend(pid, 5000) from (
                select pid, split_part(application_name, ':', 3)::int as subtask, split_part(application_name, ':', 4)::bigint as epoch from pg_stat_activity
                where starts_with(application_name, $1) and datname = current_database() and usename = current_user and pid <> pg_backend_pid() offset 0) as sessions
            where subtask % $2 = $3 and epoch < $4
            """,
            connection)
        {
            Parameters = { new() { Value = _session }, new() { Value = context.Parallelism }, new() { Value = context.SubtaskIndex }, new() { Value = context.Epoch } },
        };
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    Log.Disconnected(context.Logger, reader.GetInt64(0));
                }
            }
        }
    }

    /// <summary>Rolls back prepared transactions. The connection must not be in a transaction.</summary>
    internal async Task RollBackPreparedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        foreach (string name in await FindAsync(connection, "select gid from pg_prepared_xacts where database = current_database() and starts_with(gid, $1)", cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await Staging.ExecuteAsync(connection, $"rollback prepared {SqlText.Literal(name)}", cancellationToken).ConfigureAwait(false);
                Log.RolledBack(context.Logger, name);
            }
            catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.UndefinedObject or PostgresErrorCodes.ObjectNotInPrerequisiteState)
            {
                // Somebody else has rolled it back or is doing so.
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                Refuse(name, error);
            }
        }
    }

    /// <summary>Removes rows that are prepared in staging tables. The connection must not be in a transaction.</summary>
    internal async Task RemoveStagedAsync(NpgsqlConnection connection, string ledger, CancellationToken cancellationToken)
    {
        // Where nothing was ever staged there is no ledger. A role that cannot change it has put nothing into it.
        if (!await MayTakeAsync(connection, ledger, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        foreach (string name in await FindAsync(connection, $"select name from {ledger} where starts_with(name, $1)", cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await RemoveStagedAsync(connection, ledger, name, cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                Refuse(name, error);
            }
        }
    }

    private static async Task<bool> MayTakeAsync(NpgsqlConnection connection, string ledger, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(
            "select coalesce(has_table_privilege(to_regclass($1), 'select') and has_table_privilege(to_regclass($1), 'delete'), false)", connection)
        {
            Parameters = { new() { Value = ledger } },
        };
        await using (command.ConfigureAwait(false))
        {
            try
            {
                return (bool)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                // It may not even look into the schema.
                return false;
            }
        }
    }

    private async Task RemoveStagedAsync(NpgsqlConnection connection, string ledger, string name, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            if (await Staging.TakeAsync(connection, ledger, name, cancellationToken).ConfigureAwait(false) is { } entry)
            {
                await Staging.ExecuteAsync(
                    connection, $"delete from {entry.StagingTable} where mr_epoch = {entry.Epoch} and mr_batch = {entry.Batch}", cancellationToken).ConfigureAwait(false);
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                Log.RolledBack(context.Logger, name);
            }
        }
    }

    private void Refuse(string name, PostgresException error)
    {
        if (_refused.Add(name))
        {
            Log.NotRolledBack(context.Logger, name, PostgresErrors.Describe(error));
        }
    }

    private async Task<List<string>> FindAsync(NpgsqlConnection connection, string query, CancellationToken cancellationToken)
    {
        List<string> found = [];
        var command = new NpgsqlCommand(query, connection) { Parameters = { new() { Value = prefix } } };
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    string name = reader.GetString(0);
                    if (TransactionName.TryParse(name, prefix, out var parsed) && parsed.IsLeftTo(context) && !_refused.Contains(name))
                    {
                        found.Add(name);
                    }
                }
            }
        }

        return found;
    }
}
