namespace Millrace.Connectors.Tests;

/// <summary>A table, a sink into it, and a job that writes to the sink.</summary>
internal sealed class Scene : IAsyncDisposable
{
    private readonly Server _server;

    private Scene(Server server, string table, PostgresSink<Row> sink, SinkJob<Row> job)
    {
        _server = server;
        Table = table;
        Sink = sink;
        Job = job;
    }

    internal string Table { get; }

    internal PostgresSink<Row> Sink { get; }

    internal SinkJob<Row> Job { get; }

    internal static async Task<Scene> CreateAsync(
        Server server, PostgresDelivery delivery, bool key, int batchSize = 3, bool checkpoints = true, PostgresOnError onError = PostgresOnError.Fail)
    {
        string table = await Tables.CreateAsync(server);
        var mapping = Tables.Mapping(table);
        if (key)
        {
            mapping.Key("id");
        }

        var sink = new PostgresSink<Row>(
            server.Source, mapping, new PostgresSinkOptions { Delivery = delivery, BatchSize = batchSize, LockTimeout = TimeSpan.FromSeconds(10), OnError = onError });
        sink.Validate();
        return new Scene(server, table, sink, new SinkJob<Row>(sink, $"job-{table}", checkpoints));
    }

    internal Task<List<long>> IdsAsync() => _server.ListAsync<long>($"select id from {Table} order by id");

    /// <summary>How many transactions are prepared and neither committed nor rolled back.</summary>
    internal async Task<long> LeftAsync()
    {
        long left = await _server.QueryAsync<long>($"select count(*) from pg_prepared_xacts where gid like 'millrace:{Job.JobId}:%'");
        if (await _server.QueryAsync<bool>("select to_regclass('public.millrace_ledger') is not null"))
        {
            left += await _server.QueryAsync<long>($"select count(*) from public.millrace_ledger where name like 'millrace:{Job.JobId}:%'");
        }

        return left;
    }

    internal async Task AssertNothingIsLeftAsync()
    {
        Assert.Equal(0, await LeftAsync());

        // Staging tables of all tests: those of this one are found by their columns alone, and all must be empty where nothing is prepared.
        string prefix = TransactionNamePrefix();
        string hash = TransactionName.Hash($"{prefix}\"{Table}\" \"id\" bigint, \"subtask\" integer, \"text\" text, \"amount\" double precision");
        foreach (string staging in await _server.ListAsync<string>($"select relname::text from pg_class where relname like 'millrace\\_staging\\_{hash}\\_%'"))
        {
            Assert.Equal(0, await _server.QueryAsync<long>($"select count(*) from {staging}"));
        }
    }

    public ValueTask DisposeAsync() => Job.DisposeAsync();

    private string TransactionNamePrefix() => $"millrace:{Job.JobId}:the%3asink%2f1:";
}
