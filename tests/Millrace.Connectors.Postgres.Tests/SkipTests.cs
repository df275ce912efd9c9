using System.Collections.Concurrent;
using Millrace.Checkpointing;

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
    [MemberData(nameof(Modes))]
    public async Task Refused_records_are_dead_letters_where_the_job_wants_them(PostgresDelivery delivery, bool key)
    {
        string table = await Tables.CreateAsync(server, "id bigint primary key, subtask int, text varchar(3), amount float8");
        var mapping = Tables.Mapping(table);
        if (key)
        {
            mapping.Key("id");
        }

        // Refused by the server in one case, and by the mapping in the other.
        OutputTag<DeadLetter<Row>> refused = new("refused");
        var target = new PostgresSink<Row>(server.Source, mapping, new PostgresSinkOptions { Delivery = delivery, BatchSize = 64 });
        var env = new StreamExecutionEnvironment { Options = { Parallelism = 2 } };
        var folder = Directory.CreateTempSubdirectory("millrace-test-");
        env.Options.Checkpoints.Storage = new DirectoryCheckpointStorage(folder.FullName);
        var sink = env.FromSequence(0, 999).Map(id => new Row(id, Text: id % 100 == 7 ? "much too long" : id % 100 == 8 ? "\0" : "ok")).SinkTo(target).Name("rows").OnError(ErrorPolicy.ToSideOutput(refused));
        var letters = new ConcurrentQueue<DeadLetter<Row>>();
        sink.GetSideOutput(refused).ForEach(letters.Enqueue);
        var result = await env.ExecuteAsync(table, TestContext.Current.CancellationToken);
        Assert.Equal(980, await server.QueryAsync<long>($"select count(*) from {table}"));
        Assert.Equal(Enumerable.Range(0, 1000).Where(id => id % 100 is 7 or 8), letters.Select(letter => (int)letter.Record!.Id).Order());
        Assert.All(letters, letter => Assert.Equal(("rows", FailureStage.Write), (letter.Operator, letter.Stage)));
        Assert.All(letters, letter => Assert.Contains(letter.Record!.Id % 100 == 7 ? "22001" : "22021", letter.Message, StringComparison.Ordinal));
        Assert.Equal(20, result.Metrics.RecordsInErrors);
        Assert.Equal(20, target.SkippedRows);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_policy_of_the_job_goes_for_what_is_found_out_at_the_commit_too()
    {
        string table = await Tables.CreateAsync(server);
        await server.ExecuteAsync($"insert into {table} values (3), (4)");
        OutputTag<DeadLetter<Row>> refused = new("refused");
        var target = new PostgresSink<Row>(server.Source, Tables.Mapping(table), new PostgresSinkOptions { Delivery = PostgresDelivery.ExactlyOnceStaged });
        var env = new StreamExecutionEnvironment();
        var folder = Directory.CreateTempSubdirectory("millrace-test-");
        env.Options.Checkpoints.Storage = new DirectoryCheckpointStorage(folder.FullName);
        var sink = env.FromSequence(0, 9).Map(id => new Row(id)).SinkTo(target).OnError(ErrorPolicy.ToSideOutput(refused));
        var letters = new ConcurrentQueue<DeadLetter<Row>>();
        sink.GetSideOutput(refused).ForEach(letters.Enqueue);
        await env.ExecuteAsync(table, TestContext.Current.CancellationToken);
        Assert.Equal(10, await server.QueryAsync<long>($"select count(*) from {table}"));
        Assert.Equal(2, target.SkippedRows);
        Assert.Empty(letters);
        folder.Delete(recursive: true);
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
