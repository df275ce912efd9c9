using System.Globalization;
using Npgsql;

namespace Millrace.Connectors;

/// <summary>Writes records into a table of PostgreSQL, exactly once or at least once, as new rows or as upserts.</summary>
/// <remarks>
/// <para>Safe for use by several threads, as all sinks are: the writers and committers that it makes are not.</para>
/// <para>
/// Each subtask holds one connection to the server while it runs, and a second one for a moment at each commit. See docs/reference/postgres.md for what each
/// <see cref="PostgresDelivery"/> promises and what to do about transactions that were left behind.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// var table = PostgresTable&lt;Result&gt;.Named("public.results").Column("id", r => r.Id).Column("amount", r => r.Amount);
/// results.SinkTo(new PostgresSink&lt;Result&gt;("Host=db;Database=shop;Username=job", table));
/// </code>
/// </example>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class PostgresSink<T> : CommittingSink<T, PostgresTransaction>
{
    // Two connections a subtask; Npgsql's own limit of 100 would stall a sink of 51 subtasks.
    private const int MaxPoolSize = 1_000;
    private readonly Lazy<NpgsqlDataSource> _source;
    private long _skipped;

    /// <summary>Creates a sink.</summary>
    /// <param name="connectionString">How to reach the server, as Npgsql takes it.</param>
    /// <param name="table">The table and its columns. Not changed any more afterwards.</param>
    /// <param name="options">Options; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The connection string cannot be read, or an option is out of its range.</exception>
    /// <exception cref="ConnectorException">MR7206: the mapping does not fit itself.</exception>
    public PostgresSink(string connectionString, PostgresTable<T> table, PostgresSinkOptions? options = null)
        : this(ReadConnectionString(connectionString), table, options)
    {
    }

    /// <summary>Creates a sink over a data source, for example one that takes its password from elsewhere.</summary>
    /// <param name="source">Gives connections; not disposed by the sink. Its pool must have room for two a subtask.</param>
    /// <param name="table">The table and its columns. Not changed any more afterwards.</param>
    /// <param name="options">Options; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="ConnectorException">MR7206: the mapping does not fit itself.</exception>
    public PostgresSink(NpgsqlDataSource source, PostgresTable<T> table, PostgresSinkOptions? options = null)
        : this(new Lazy<NpgsqlDataSource>(source ?? throw new ArgumentNullException(nameof(source))), table, options)
    {
    }

    private PostgresSink(Lazy<NpgsqlDataSource> source, PostgresTable<T> table, PostgresSinkOptions? options)
    {
        ArgumentNullException.ThrowIfNull(table);
        _source = source;
        Table = table;
        Options = options ?? new PostgresSinkOptions();
        Options.Validate();
        StagingSchema = Options.StagingSchema;
        if (table.Columns.Count == 0)
        {
            throw new ConnectorException(PostgresErrors.Mapping, $"The mapping of table {table.DisplayName} has no columns: add them with {nameof(PostgresTable<T>.Column)}.");
        }

        if (table.KeyColumns.Count > 0 && Options.Delivery == PostgresDelivery.AtLeastOnce
            && table.Columns.FirstOrDefault(column => PostgresTypes.IsArray(column.Type)) is { } array)
        {
            throw new ConnectorException(
                PostgresErrors.Mapping,
                $"The mapping of table {table.DisplayName} has a key and the array column '{array.Name}', which {nameof(PostgresDelivery)}.{nameof(PostgresDelivery.AtLeastOnce)} cannot send: "
                + $"it sends columns as arrays, and those of arrays lose their bounds. Use {nameof(PostgresDelivery)}.{nameof(PostgresDelivery.ExactlyOnceStaged)}, or send the array as jsonb.");
        }
    }

    /// <summary>How many records were left out so far because the server refused them, by all subtasks in this process. See <see cref="PostgresSinkOptions.OnError"/>.</summary>
    public long SkippedRows => Interlocked.Read(ref _skipped);

    internal PostgresTable<T> Table { get; }

    internal PostgresSinkOptions Options { get; }

    internal NpgsqlDataSource DataSource => _source.Value;

    /// <summary>Where staging tables are, once that is known.</summary>
    internal string? StagingSchema { get; set; }

    /// <summary>Whether rows that wait for their checkpoint are in prepared transactions; otherwise they are in a staging table.</summary>
    internal bool UsesPreparedTransactions => Options.Delivery == PostgresDelivery.ExactlyOnce && Table.KeyColumns.Count == 0;

    internal string SessionSettings => string.Create(CultureInfo.InvariantCulture, $"set lock_timeout = {(long)Options.LockTimeout.TotalMilliseconds}");

    /// <summary>Checks that the server answers and is set up for what the sink is to do, and that the table fits the mapping. Writes nothing.</summary>
    /// <exception cref="ConnectorException">
    /// MR7201: the server does not answer. MR7202: the table does not fit. MR7203: the server takes no prepared transactions. MR7206: there is no index for the key.
    /// </exception>
    // The graph is built on the user's thread and asks in one call; on the pool, because that thread may have a context that would wait for itself.
    public override void Validate() => Task.Run(() => ValidateAsync(CancellationToken.None)).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override CommittingSinkWriter<T, PostgresTransaction> CreateWriter(SinkWriterContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new PostgresSinkWriter<T>(context, this);
    }

    /// <inheritdoc/>
    public override Committer<PostgresTransaction> CreateCommitter(SinkWriterContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new PostgresCommitter<T>(context, this);
    }

    /// <summary>Whether records that the server refuses are left out: the sink's policy says so, or its options.</summary>
    internal bool LeavesOut(SinkWriterContext context) => context.Errors.LeavesOut || Options.OnError == PostgresOnError.Skip;

    internal void CountSkipped(long rows) => Interlocked.Add(ref _skipped, rows);

    /// <summary>The table as it is, after it was created where it is to be.</summary>
    internal async Task<TargetTable> LoadTargetAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var target = await TargetTable.LoadAsync(connection, Table, cancellationToken).ConfigureAwait(false);
        if (target is null && Options.CreateTableIfMissing)
        {
            string columns = string.Join(", ", Table.Columns.Select(column => $"{SqlText.Quote(column.Name)} {PostgresTypes.SqlName(column.Type)}"));
            string key = Table.KeyColumns.Count == 0 ? "" : $", primary key ({SqlText.List(Table.KeyColumns)})";
            await Staging.ExecuteLockedAsync(connection, $"create table if not exists {Table.QuotedName} ({columns}{key})", cancellationToken).ConfigureAwait(false);
            target = await TargetTable.LoadAsync(connection, Table, cancellationToken).ConfigureAwait(false);
        }

        return target ?? throw TargetTable.Missing(Table.DisplayName);
    }

    private static Lazy<NpgsqlDataSource> ReadConnectionString(string connectionString)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        if (!settings.ContainsKey("Maximum Pool Size"))
        {
            settings.MaxPoolSize = MaxPoolSize;
        }

        // Only when it is used: the graph is built in processes that never write.
        return new Lazy<NpgsqlDataSource>(() => NpgsqlDataSource.Create(settings));
    }

    private async Task ValidateAsync(CancellationToken cancellationToken)
    {
        try
        {
            var connection = await DataSource.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                if (await TargetTable.LoadAsync(connection, Table, cancellationToken).ConfigureAwait(false) is null && !Options.CreateTableIfMissing)
                {
                    throw TargetTable.Missing(Table.DisplayName);
                }

                if (UsesPreparedTransactions)
                {
                    await CheckPreparedTransactionsAsync(connection, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (Exception error)
        {
            throw PostgresErrors.Translate(error, Table.DisplayName, $"connecting to {Server()}");
        }
    }

    /// <summary>Where the table is, for messages: of all that the connection string says no more than that, since there may be secrets in it.</summary>
    private string Server()
    {
        var settings = new NpgsqlConnectionStringBuilder(DataSource.ConnectionString);
        return $"database {settings.Database ?? settings.Username} on {settings.Host}:{settings.Port}";
    }

    private async Task CheckPreparedTransactionsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand("show max_prepared_transactions", connection);
        await using (command.ConfigureAwait(false))
        {
            if ((string?)await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) == "0")
            {
                throw PostgresErrors.NoPreparedTransactions(Table.DisplayName, null);
            }
        }
    }
}
