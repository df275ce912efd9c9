using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Millrace.Connectors.Tests;

/// <summary>Rows that are visible as soon as they are sent.</summary>
public sealed class AtLeastOnceTests(Server server)
{
    [Fact]
    public async Task Full_batches_are_visible_at_once_and_the_rest_at_the_barrier()
    {
        await using var scene = await Scene.CreateAsync(server, PostgresDelivery.AtLeastOnce, key: false, batchSize: 3);
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(1), new Row(2), new Row(3), new Row(4));
        Assert.Equal([1, 2, 3], await scene.IdsAsync());
        await scene.Job.PrepareAsync();
        Assert.Equal([1, 2, 3, 4], await scene.IdsAsync());
        Assert.Equal(0, await scene.LeftAsync());
    }

    [Fact]
    public async Task A_batch_that_does_not_become_full_is_sent_by_the_clock()
    {
        string table = await Tables.CreateAsync(server);
        var clock = new FakeTimeProvider();
        var sink = new PostgresSink<Row>(server.ConnectionString, Tables.Mapping(table), new PostgresSinkOptions { Delivery = PostgresDelivery.AtLeastOnce });
        var writer = sink.CreateWriter(new SinkWriterContext("job", "sink", "uid", 0, 1, clock, NullLogger.Instance));
        try
        {
            await writer.WriteAsync(new SinkBatch<Row>(new[] { new Row(1) }, new long[1]), TestContext.Current.CancellationToken);
            Assert.Equal(0, await server.QueryAsync<long>($"select count(*) from {table}"));
            clock.Advance(TimeSpan.FromSeconds(1));
            while (await server.QueryAsync<long>($"select count(*) from {table}") == 0)
            {
                await Task.Yield();
            }
        }
        finally
        {
            await writer.CloseAsync();
        }
    }

    [Fact]
    public async Task An_error_of_the_clock_comes_out_of_the_next_call()
    {
        string table = await Tables.CreateAsync(server);
        await server.ExecuteAsync($"insert into {table} values (1)");
        var clock = new FakeTimeProvider();
        var sink = new PostgresSink<Row>(server.ConnectionString, Tables.Mapping(table), new PostgresSinkOptions { Delivery = PostgresDelivery.AtLeastOnce });
        var writer = sink.CreateWriter(new SinkWriterContext("job", "sink", "uid", 0, 1, clock, NullLogger.Instance));
        try
        {
            await writer.WriteAsync(new SinkBatch<Row>(new[] { new Row(1, Text: "the bad one") }, new long[1]), TestContext.Current.CancellationToken);
            clock.Advance(TimeSpan.FromSeconds(1));
            var error = await Assert.ThrowsAsync<ConnectorException>(async () => await writer.FlushAsync(false, TestContext.Current.CancellationToken));
            Assert.Equal("MR7204", error.Code);
            Assert.Contains("the bad one", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            await writer.CloseAsync();
        }
    }
}
