using Npgsql;
using NpgsqlTypes;

namespace Millrace.Connectors;

/// <summary>Sends batches of records. Not safe for use by several threads.</summary>
internal abstract class RowLoader<T>
{
    /// <summary>Sends a batch as one statement.</summary>
    internal abstract Task LoadAsync(NpgsqlConnection connection, ReadOnlyMemory<T> records, CancellationToken cancellationToken);
}

/// <summary>Sends batches by binary COPY.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class CopyLoader<T> : RowLoader<T>
{
    private readonly PostgresColumn<T>[] _columns;
    private readonly string _statement;
    private readonly StagingTag? _tag;

    internal CopyLoader(string table, PostgresTable<T> mapping, StagingTag? tag)
    {
        _columns = [.. mapping.Columns];
        _tag = tag;
        string own = tag is null ? "" : $"{Staging.TagColumns}, ";
        _statement = $"copy {table} ({own}{SqlText.List(_columns.Select(column => column.Name))}) from stdin (format binary)";
    }

    internal override async Task LoadAsync(NpgsqlConnection connection, ReadOnlyMemory<T> records, CancellationToken cancellationToken)
    {
        var importer = await connection.BeginBinaryImportAsync(_statement, cancellationToken).ConfigureAwait(false);

        // Without Complete it cancels the COPY, so that a failure leaves nothing of the batch.
        await using (importer.ConfigureAwait(false))
        {
            // The asynchronous calls take 1.7 times as long, since each value is one. These may block in the socket, for which the engine's threads are too few.
            await Task.Run(() => Write(importer, records.Span, cancellationToken), cancellationToken).ConfigureAwait(false);
            await importer.CompleteAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void Write(NpgsqlBinaryImporter importer, ReadOnlySpan<T> records, CancellationToken cancellationToken)
    {
        for (int i = 0; i < records.Length; i++)
        {
            if (i % 512 == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            importer.StartRow();
            if (_tag is not null)
            {
                importer.Write(_tag.Epoch, NpgsqlDbType.Bigint);
                importer.Write(_tag.Batch, NpgsqlDbType.Bigint);
                importer.Write(_tag.NextSequence++, NpgsqlDbType.Bigint);
            }

            T record = records[i];
            try
            {
                foreach (var column in _columns)
                {
                    column.Write(importer, record);
                }
            }
            catch (Exception error) when (PostgresErrors.IsOfTheData(error))
            {
                throw new RecordException(i, error);
            }
        }
    }
}

/// <summary>Sends batches as arrays that are inserted or replace what has their key. The last record of a key wins.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class UpsertLoader<T> : RowLoader<T>
{
    private readonly PostgresColumn<T>[] _columns;
    private readonly NpgsqlParameter[] _parameters;
    private readonly string _statement;

    internal UpsertLoader(PostgresTable<T> mapping)
    {
        _columns = [.. mapping.Columns];
        _parameters = [.. _columns.Select(column => column.CreateParameter())];
        string[] names = [.. _columns.Select(column => column.Name)];
        string columns = SqlText.List(names);
        string key = SqlText.List(mapping.KeyColumns);
        string arrays = string.Join(", ", _columns.Select((column, i) => $"${i + 1}::{PostgresTypes.SqlName(column.Type)}[]"));

        // The server decides what is the same key: it knows collations and scales. And since every writer locks rows in the order of keys, no two wait for each other.
        _statement = $"insert into {mapping.QuotedName} ({columns}) select {columns} from (select distinct on ({key}) * from unnest({arrays}) with ordinality as batch({columns}, mr_sequence) "
            + $"order by {key}, mr_sequence desc) as latest{SqlText.OnConflict(names, mapping.KeyColumns)}";
    }

    internal override async Task LoadAsync(NpgsqlConnection connection, ReadOnlyMemory<T> records, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(_statement, connection);
        await using (command.ConfigureAwait(false))
        {
            for (int i = 0; i < _columns.Length; i++)
            {
                _columns[i].Fill(_parameters[i], records.Span);
                command.Parameters.Add(_parameters[i]);
            }

            try
            {
                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                command.Parameters.Clear();
            }
        }
    }
}

/// <summary>A record that cannot be sent.</summary>
internal sealed class RecordException(int index, Exception error) : Exception(error.Message, error)
{
    /// <summary>Which record of the batch.</summary>
    internal int Index => index;
}
