using CsCheck;

namespace Millrace.Connectors.Tests;

/// <summary>Rows that replace those of the same key.</summary>
public sealed class UpsertTests(Server server)
{
    public static TheoryData<PostgresDelivery> Modes => [PostgresDelivery.ExactlyOnce, PostgresDelivery.ExactlyOnceStaged, PostgresDelivery.AtLeastOnce];

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task The_last_record_of_a_key_wins_within_batches_and_across_them(PostgresDelivery delivery)
    {
        _ = server.ConnectionString;
        await Gen.Int[0, 5].Array[0, 30].Array[1, 4].SampleAsync(
            async checkpoints =>
            {
                await using var scene = await Scene.CreateAsync(server, delivery, key: true, batchSize: 7);
                await scene.Job.StartAsync(1);
                Dictionary<long, string> expected = [];
                int number = 0;
                foreach (int[] keys in checkpoints)
                {
                    Row[] rows = [.. keys.Select(id => new Row(id, Text: $"{number++}"))];
                    foreach (var row in rows)
                    {
                        expected[row.Id] = row.Text!;
                    }

                    await scene.Job.WriteAsync(0, rows);
                    await scene.Job.CheckpointAsync();
                    Assert.Equal(expected.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}:{pair.Value}"),
                        await server.ListAsync<string>($"select id || ':' || text from {scene.Table} order by id"));
                }
            },
            iter: 20,
            threads: 1);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task Checkpoints_that_are_not_complete_do_not_stop_writes_of_the_same_key(PostgresDelivery delivery)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key: true, batchSize: 1);
        await scene.Job.StartAsync(2);
        for (int i = 0; i < 3; i++)
        {
            await scene.Job.WriteAsync(0, new Row(1, Text: $"a{i}"));
            await scene.Job.WriteAsync(1, new Row(2, Text: $"b{i}"));
            await scene.Job.PrepareAsync();
        }

        await scene.Job.CheckpointAsync();
        Assert.Equal(["a2", "b2"], await server.ListAsync<string>($"select text from {scene.Table} order by id"));
    }

    [Fact]
    public async Task At_least_once_with_a_key_becomes_what_it_would_be_without_the_crash()
    {
        await using var scene = await Scene.CreateAsync(server, PostgresDelivery.AtLeastOnce, key: true, batchSize: 2);
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(1, Text: "one"));
        await scene.Job.CheckpointAsync();
        await scene.Job.WriteAsync(0, new Row(2, Text: "two"), new Row(1, Text: "later"));
        await scene.Job.CrashAsync();
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(2, Text: "two"), new Row(1, Text: "later"));
        await scene.Job.CheckpointAsync();
        Assert.Equal(["later", "two"], await server.ListAsync<string>($"select text from {scene.Table} order by id"));
    }

    [Fact]
    public async Task A_key_of_several_columns_and_nothing_else_is_inserted_once()
    {
        string table = await Tables.CreateAsync(server, "\"A\" bigint not null, b text not null, unique (b, \"A\")");
        var mapping = PostgresTable<Row>.Named(table).Column("A", row => row.Id).Column("b", row => row.Text).Key("A", "b");
        foreach (var delivery in Enum.GetValues<PostgresDelivery>())
        {
            var sink = new PostgresSink<Row>(server.Source, mapping, new PostgresSinkOptions { Delivery = delivery });
            sink.Validate();
            await using var job = new SinkJob<Row>(sink, $"{table}{delivery}");
            await job.StartAsync(1);
            await job.WriteAsync(0, new Row(1, Text: "x"), new Row(1, Text: "y"), new Row(1, Text: "x"));
            await job.CheckpointAsync();
            Assert.Equal(["x", "y"], await server.ListAsync<string>($"select b from {table} order by b"));
        }
    }

    [Fact]
    public async Task Subtasks_that_upsert_the_same_keys_at_once_do_not_wait_for_each_other_for_ever()
    {
        await using var scene = await Scene.CreateAsync(server, PostgresDelivery.AtLeastOnce, key: true, batchSize: 200);
        await scene.Job.StartAsync(4);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async subtask =>
        {
            for (int round = 0; round < 10; round++)
            {
                // Each in another order.
                await scene.Job.WriteAsync(subtask, [.. Enumerable.Range(0, 200).Select(i => new Row(i * (7 + (2 * subtask)) % 200, subtask))]);
            }
        }));
        await scene.Job.CheckpointAsync();
        Assert.Equal(200, (await scene.IdsAsync()).Count);
    }
}
