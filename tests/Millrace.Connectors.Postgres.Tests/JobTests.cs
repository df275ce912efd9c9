namespace Millrace.Connectors.Tests;

/// <summary>The sink at the end of a job of the engine.</summary>
public sealed class JobTests(Server server)
{
    [Theory]
    [InlineData(PostgresDelivery.ExactlyOnce)]
    [InlineData(PostgresDelivery.ExactlyOnceStaged)]
    [InlineData(PostgresDelivery.AtLeastOnce)]
    public async Task A_bounded_job_leaves_all_its_rows_and_nothing_else(PostgresDelivery delivery)
    {
        string table = await Tables.CreateAsync(server);
        var env = new StreamExecutionEnvironment();
        env.FromSequence(1, 20_000).Rebalance().Map(id => new Row(id, Text: $"{id}"))
            .SinkTo(new PostgresSink<Row>(server.ConnectionString, Tables.Mapping(table), new PostgresSinkOptions { Delivery = delivery })).Name("rows").Uid("rows");
        await env.ExecuteAsync(table, TestContext.Current.CancellationToken);
        Assert.Equal(20_000, await server.QueryAsync<long>($"select count(*) from {table}"));
        Assert.Equal(20_000L * 20_001 / 2, (long)await server.QueryAsync<decimal>($"select sum(text::bigint) from {table}"));
        Assert.Equal(0, await server.QueryAsync<long>($"select count(*) from pg_prepared_xacts where gid like 'millrace:{table}:%'"));
    }

    [Fact]
    public async Task A_job_whose_table_is_missing_is_refused_before_it_runs()
    {
        var env = new StreamExecutionEnvironment();
        env.FromSequence(1, 10).Map(id => new Row(id)).SinkTo(new PostgresSink<Row>(server.ConnectionString, Tables.Mapping("no_such_table"))).Name("rows");
        var error = await Assert.ThrowsAnyAsync<MillraceException>(() => env.ExecuteAsync("refused", TestContext.Current.CancellationToken));
        Assert.Contains("no_such_table", error.ToString(), StringComparison.Ordinal);
    }
}
