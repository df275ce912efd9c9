using NpgsqlTypes;

namespace Millrace.Connectors;

/// <summary>A table, and which of its columns are written with what. Not safe for use by several threads while it is built.</summary>
/// <example>
/// <code>
/// var results = PostgresTable&lt;Result&gt;.Named("public.results")
///     .Column("id", r => r.Id)
///     .Column("amount", r => r.Amount)
///     .Column("details", r => r.Json, NpgsqlDbType.Jsonb)
///     .Key("id");
/// </code>
/// </example>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class PostgresTable<T>
{
    private readonly List<PostgresColumn<T>> _columns = [];
    private readonly List<string> _key = [];

    private PostgresTable(string? schema, string table)
    {
        Schema = schema;
        Table = table;
    }

    /// <summary>The schema; <see langword="null"/> where the server's search path finds the table.</summary>
    public string? Schema { get; }

    /// <summary>The name of the table.</summary>
    public string Table { get; }

    internal IReadOnlyList<PostgresColumn<T>> Columns => _columns;

    internal IReadOnlyList<string> KeyColumns => _key;

    internal string QuotedName => Schema is null ? SqlText.Quote(Table) : $"{SqlText.Quote(Schema)}.{SqlText.Quote(Table)}";

    internal string DisplayName => Schema is null ? Table : $"{Schema}.{Table}";

    /// <summary>Begins the description of a table.</summary>
    /// <param name="name">The table, or schema and table with a dot between. Letter case counts: PostgreSQL folds unquoted names to lower case, so that is how most are written.</param>
    /// <returns>The table, without columns.</returns>
    /// <exception cref="ArgumentException">There is no name on one side of the dot.</exception>
    public static PostgresTable<T> Named(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        if (dot == 0 || dot == name.Length - 1)
        {
            throw new ArgumentException($"'{name}' is no name of a table: give 'table' or 'schema.table'.", nameof(name));
        }

        return dot < 0 ? new PostgresTable<T>(null, name) : new PostgresTable<T>(name[..dot], name[(dot + 1)..]);
    }

    /// <summary>Adds a column.</summary>
    /// <typeparam name="TValue">The type of its values. A <see langword="null"/> is written as NULL.</typeparam>
    /// <param name="name">The column's name, in its letter case.</param>
    /// <param name="value">Gives a record's value. Called once a record, by one thread at a time; must not change the record.</param>
    /// <param name="type">The type that is sent; it must be that of the column. <see langword="null"/>: as the type of the values says, for example <c>bigint</c> for <see cref="long"/>.</param>
    /// <returns>This table.</returns>
    /// <exception cref="ConnectorException">MR7206: the column is there already, or there is no type for the values.</exception>
    public PostgresTable<T> Column<TValue>(string name, Func<T, TValue> value, NpgsqlDbType? type = null)
    {
        NpgsqlDbType sent = Check(name, value, typeof(TValue), type);
        _columns.Add(new ValueColumn<T, TValue>(name, sent, InUtc(value, sent)));
        return this;
    }

    /// <summary>Adds a column of nullable values.</summary>
    /// <typeparam name="TValue">The type of its values.</typeparam>
    /// <param name="name">The column's name, in its letter case.</param>
    /// <param name="value">Gives a record's value; <see langword="null"/> is written as NULL. Called once a record, by one thread at a time; must not change the record.</param>
    /// <param name="type">The type that is sent; it must be that of the column. <see langword="null"/>: as the type of the values says, for example <c>bigint</c> for <see cref="long"/>.</param>
    /// <returns>This table.</returns>
    /// <exception cref="ConnectorException">MR7206: the column is there already, or there is no type for the values.</exception>
    public PostgresTable<T> Column<TValue>(string name, Func<T, TValue?> value, NpgsqlDbType? type = null)
        where TValue : struct
    {
        NpgsqlDbType sent = Check(name, value, typeof(TValue), type);
        _columns.Add(new NullableColumn<T, TValue>(name, sent, InUtc(value, sent)));
        return this;
    }

    /// <summary>Makes rows replace those with the same key. The table needs a primary key or unique index over exactly these columns.</summary>
    /// <param name="columns">Columns that were added before.</param>
    /// <returns>This table.</returns>
    /// <exception cref="ConnectorException">MR7206: there is no such column, or there is a key already.</exception>
    public PostgresTable<T> Key(params string[] columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentOutOfRangeException.ThrowIfZero(columns.Length, nameof(columns));
        if (_key.Count > 0)
        {
            throw Wrong($"has a key already ({string.Join(", ", _key)}): give all its columns in one call of {nameof(Key)}.");
        }

        foreach (string column in columns)
        {
            if (_columns.All(known => known.Name != column))
            {
                throw Wrong($"has no column '{column}' for its key: add it with {nameof(Column)} first.");
            }

            if (_key.Contains(column))
            {
                throw Wrong($"names the column '{column}' twice in its key.");
            }

            _key.Add(column);
        }

        return this;
    }

    private static Func<T, TValue> InUtc<TValue>(Func<T, TValue> value, NpgsqlDbType type) => (Func<T, TValue>)(object)(value switch
    {
        Func<T, DateTimeOffset> offset => new Func<T, DateTimeOffset>(record => offset(record).ToUniversalTime()),
        Func<T, DateTimeOffset?> offset => new Func<T, DateTimeOffset?>(record => offset(record)?.ToUniversalTime()),
        Func<T, DateTime> time when type == NpgsqlDbType.TimestampTz => new Func<T, DateTime>(record => InUtc(time(record))),
        Func<T, DateTime?> time when type == NpgsqlDbType.TimestampTz => new Func<T, DateTime?>(record => time(record) is { } present ? InUtc(present) : null),
        Func<T, DateTime> time when type == NpgsqlDbType.Timestamp => new Func<T, DateTime>(record => DateTime.SpecifyKind(time(record), DateTimeKind.Unspecified)),
        Func<T, DateTime?> time when type == NpgsqlDbType.Timestamp => new Func<T, DateTime?>(
            record => time(record) is { } present ? DateTime.SpecifyKind(present, DateTimeKind.Unspecified) : null),
        _ => value,
    });

    // A time without a kind is UTC, as all times of the engine are.
    private static DateTime InUtc(DateTime time) => time.Kind == DateTimeKind.Local ? time.ToUniversalTime() : DateTime.SpecifyKind(time, DateTimeKind.Utc);

    private NpgsqlDbType Check(string name, Delegate value, Type clrType, NpgsqlDbType? type)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(value);
        if (_columns.Any(known => known.Name == name))
        {
            throw Wrong($"has the column '{name}' twice.");
        }

        NpgsqlDbType sent = type ?? PostgresTypes.Infer(clrType) ?? throw Wrong(
            $"cannot tell what type the column '{name}' has, whose values are of {clrType.Name}: convert the value in its lambda, for example to long or string, or give the type.");
        return PostgresTypes.IsKnown(sent) ? sent : throw Wrong($"has the column '{name}' with the type {sent}, which the sink does not support.");
    }

    private ConnectorException Wrong(string what) => new(PostgresErrors.Mapping, $"The mapping of table {DisplayName} {what}");
}
