namespace Millrace.Connectors.Tests;

/// <summary>Records that the server refuses are left out, and no others.</summary>
public sealed class SkipTests(Server server)
{
    public static TheoryData<PostgresDelivery, bool> Modes => new()
    {
        { PostgresDelivery.ExactlyOnce, false },
        { PostgresDelivery.AtLeastOnce, false },
        { PostgresDelivery.AtLeastOnce, true },
        { PostgresDelivery.ExactlyOnceStaged, false },
    };

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task Refused_records_are_skipped_and_counted(PostgresDelivery delivery, bool key)
    {
        string table = await Tables.CreateAsync(server, "id bigint primary key, subtask int, text varchar(3), amount float8");
        var mapping = Tables.Mapping(table);
        if (key)
        {
            mapping.Key("id");
        }

        var sink = new PostgresSink<Row>(server.Source, mapping, new PostgresSinkOptions { Delivery = delivery, OnError = PostgresOnError.Skip, BatchSize = 64 });
        await using var job = new SinkJob<Row>(sink, table);
        await job.StartAsync(1);
        await job.WriteAsync(0, [.. Enumerable.Range(0, 200).Select(id => new Row(id, Text: id % 50 == 7 ? "much too long" : "ok"))]);
        await job.CheckpointAsync();
        Assert.Equal(196, await server.QueryAsync<long>($"select count(*) from {table}"));
        Assert.Equal(4, sink.SkippedRows);
    }

    [Theory]
    [InlineData(PostgresDelivery.ExactlyOnce)]
    [InlineData(PostgresDelivery.ExactlyOnceStaged)]
    public async Task Rows_that_are_there_already_are_skipped(PostgresDelivery delivery)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key: false, batchSize: 10, onError: PostgresOnError.Skip);
        await server.ExecuteAsync($"insert into {scene.Table} values (3), (4)");
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, [.. Enumerable.Range(0, 25).Select(id => new Row(id % 20))]);
        await scene.Job.CheckpointAsync();
        Assert.Equal(20, (await scene.IdsAsync()).Count);
        Assert.Equal(7, scene.Sink.SkippedRows);
        await scene.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_checkpoint_of_nothing_but_refused_records_prepares_nothing()
    {
        await using var scene = await Scene.CreateAsync(server, PostgresDelivery.ExactlyOnce, key: false, onError: PostgresOnError.Skip);
        await server.ExecuteAsync($"insert into {scene.Table} values (3)");
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(3));
        await scene.Job.PrepareAsync();
        Assert.Equal(0, await scene.LeftAsync());
    }
}
