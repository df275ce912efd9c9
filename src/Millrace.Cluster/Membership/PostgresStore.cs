using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Millrace.Cluster.Coordination;
using Npgsql;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService;

namespace Millrace.Cluster.Membership;

/// <summary>Membership and records in PostgreSQL, in a schema of their own.</summary>
internal sealed class PostgresStore : IMembershipStore, IAsyncDisposable
{
    private const string Schema = "millrace";

    // Any number will do, as long as all workers take the same.
    private const long SchemaLock = 0x4d696c6c72616365;

    private readonly NpgsqlDataSource _source;

    public PostgresStore(string connectionString, string clusterId)
    {
        NpgsqlConnectionStringBuilder builder;
        try
        {
            // The provider asks for its statements by a name without a schema.
            builder = new NpgsqlConnectionStringBuilder(connectionString) { SearchPath = Schema };
        }
        catch (ArgumentException error)
        {
            throw new MillraceException("MR6001", $"Millrace:Cluster:Membership:ConnectionString is none of PostgreSQL: {error.Message}", error);
        }

        builder.ApplicationName ??= "millrace";
        _source = NpgsqlDataSource.Create(builder);
        Description = $"PostgreSQL at {builder.Host}:{builder.Port}, database {builder.Database}, schema {Schema}";
        Records = new PostgresJobRecords(_source, clusterId);
    }

    public string Description { get; }

    public IJobRecordStore Records { get; }

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        try
        {
            var connection = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using var _ = connection.ConfigureAwait(false);
            var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using var __ = transaction.ConfigureAwait(false);

            // "If not exists" alone is no protection: two that see nothing both create.
            await ExecuteAsync(connection, $"select pg_advisory_xact_lock({SchemaLock})", cancellationToken).ConfigureAwait(false);
            await ExecuteAsync(connection, await ReadScriptAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (NpgsqlException error)
        {
            throw new MillraceException("MR6003", $"{Description}, through which workers are to find each other, cannot be used: {error.Message}", error);
        }
    }

    public IMembershipTable CreateTable(ClusterOptions cluster, IServiceProvider services) => new AdoNetClusteringTable(
        services,
        Options.Create(cluster),
        Options.Create(new AdoNetClusteringSiloOptions { Invariant = "Npgsql", DataSource = _source }),
        (services.GetService(typeof(ILoggerFactory)) as ILoggerFactory ?? NullLoggerFactory.Instance).CreateLogger<AdoNetClusteringTable>());

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static async Task<string> ReadScriptAsync(CancellationToken cancellationToken)
    {
        var stream = typeof(PostgresStore).Assembly.GetManifestResourceStream(typeof(PostgresStore), "PostgresSchema.sql")!;
        await using var _ = stream.ConfigureAwait(false);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string statements, CancellationToken cancellationToken)
    {
        // The statements within the script have parameters that are not meant for it: none are given, so Npgsql leaves the text alone.
        var command = connection.CreateCommand();
        await using var _ = command.ConfigureAwait(false);
        command.CommandText = statements;
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
