using Npgsql;

namespace Millrace.Connectors;

/// <summary>A table as the server's catalog describes it.</summary>
internal sealed class TargetTable
{
    private readonly Dictionary<string, Column> _columns = new(StringComparer.Ordinal);

    private TargetTable(string schema) => Schema = schema;

    /// <summary>The schema that it is in.</summary>
    internal string Schema { get; }

    /// <summary>Reads the catalog, and checks that the mapping fits.</summary>
    /// <returns>The table; <see langword="null"/> where there is none.</returns>
    /// <exception cref="ConnectorException">MR7202: it does not fit. MR7206: there is no index for the key.</exception>
    internal static async Task<TargetTable?> LoadAsync<T>(NpgsqlConnection connection, PostgresTable<T> mapping, CancellationToken cancellationToken)
    {
        TargetTable? table = null;
        var command = new NpgsqlCommand(
            """
            select n.nspname, a.attname, format_type(a.atttypid, a.atttypmod), coalesce(b.typname, t.typname), t.typtype = 'e', a.attnotnull
                and a.attidentity = '' and a.attgenerated = '' and not a.atthasdef, a.attgenerated <> '' or a.attidentity = 'a', c.relkind
            from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                join pg_type t on t.oid = a.atttypid left join pg_type b on b.oid = nullif(t.typbasetype, 0)
            where c.oid = to_regclass($1) order by a.attnum
            """,
            connection)
        {
            Parameters = { new() { Value = mapping.QuotedName } },
        };
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    table ??= new TargetTable(reader.GetString(0));
                    table._columns[reader.GetString(1)] = new Column(reader.GetString(2), reader.GetString(3), reader.GetBoolean(4), reader.GetBoolean(5), reader.GetBoolean(6));
                }
            }
        }

        if (table is not null)
        {
            table.Check(mapping);
            await CheckKeyAsync(connection, mapping, cancellationToken).ConfigureAwait(false);
        }

        return table;
    }

    /// <summary>The type of a column, as SQL says it, with its length or precision.</summary>
    internal string TypeOf(string column) => _columns[column].Type;

    /// <summary>That there is no table.</summary>
    internal static ConnectorException Missing(string table) => new(
        PostgresErrors.Table,
        $"There is no table {table} in the database. Names are taken in the letter case that they are given in, and without a schema they are looked for in the search path. "
        + $"Create it, or set {nameof(PostgresSinkOptions)}.{nameof(PostgresSinkOptions.CreateTableIfMissing)}.");

    private static async Task CheckKeyAsync<T>(NpgsqlConnection connection, PostgresTable<T> mapping, CancellationToken cancellationToken)
    {
        if (mapping.KeyColumns.Count == 0)
        {
            return;
        }

        var command = new NpgsqlCommand(
            """
            select 1 from pg_index i where i.indrelid = to_regclass($1) and i.indisunique and i.indimmediate and i.indpred is null and i.indexprs is null and $2 =
                (select array_agg(a.attname::text order by a.attname::text collate "C") from pg_attribute a
                 where a.attrelid = i.indrelid and a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
            """,
            connection)
        {
            Parameters = { new() { Value = mapping.QuotedName }, new() { Value = mapping.KeyColumns.Order(StringComparer.Ordinal).ToArray() } },
        };
        await using (command.ConfigureAwait(false))
        {
            if (await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is null)
            {
                string key = string.Join(", ", mapping.KeyColumns);
                throw new ConnectorException(
                    PostgresErrors.Mapping,
                    $"Table {mapping.DisplayName} has no primary key or unique index over exactly ({key}), which its rows are to be replaced by. "
                    + $"Create one: create unique index on {mapping.QuotedName} ({SqlText.List(mapping.KeyColumns)})");
            }
        }
    }

    private void Check<T>(PostgresTable<T> mapping)
    {
        foreach (var column in mapping.Columns)
        {
            if (!_columns.TryGetValue(column.Name, out Column? known))
            {
                throw Wrong($"has no column '{column.Name}'; it has {string.Join(", ", _columns.Keys)}. Names are taken in the letter case that they are given in.");
            }

            if (known.IsGenerated)
            {
                throw Wrong($"computes the column '{column.Name}' itself: leave it out of the mapping.");
            }

            if (!PostgresTypes.Fits(column.Type, known.BaseType, known.IsEnum))
            {
                throw Wrong(
                    $"has the column '{column.Name}' of type {known.Type}, but the mapping sends {PostgresTypes.SqlName(column.Type)}, and nothing converts it. "
                    + "Convert the value in the column's lambda, give the column's type in the mapping, or change the table.");
            }
        }

        string[] unfilled = [.. _columns.Where(column => column.Value.MustBeGiven && mapping.Columns.All(mapped => mapped.Name != column.Key)).Select(column => column.Key)];
        if (unfilled.Length > 0)
        {
            throw Wrong($"needs values for {string.Join(", ", unfilled)}, which may not be null and have no default: map them.");
        }

        ConnectorException Wrong(string what) => new(PostgresErrors.Table, $"Table {mapping.DisplayName} {what}");
    }

    private sealed record Column(string Type, string BaseType, bool IsEnum, bool MustBeGiven, bool IsGenerated);
}
