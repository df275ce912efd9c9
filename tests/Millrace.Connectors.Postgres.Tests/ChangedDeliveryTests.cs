using Microsoft.Extensions.Logging;
using Npgsql;

namespace Millrace.Connectors.Tests;

/// <summary>The program changes, and goes on from a checkpoint: what the former one prepared is committed or removed, whatever kind it is of.</summary>
public sealed class ChangedDeliveryTests(Server server)
{
    [Theory]
    [InlineData(PostgresDelivery.ExactlyOnce, PostgresDelivery.ExactlyOnceStaged)]
    [InlineData(PostgresDelivery.ExactlyOnce, PostgresDelivery.AtLeastOnce)]
    [InlineData(PostgresDelivery.ExactlyOnceStaged, PostgresDelivery.ExactlyOnce)]
    [InlineData(PostgresDelivery.ExactlyOnceStaged, PostgresDelivery.AtLeastOnce)]
    public async Task What_was_prepared_under_another_delivery_is_committed_or_removed(PostgresDelivery before, PostgresDelivery after)
    {
        await using var scene = await Scene.CreateAsync(server, before, key: false);
        await scene.Job.StartAsync(2);
        await scene.Job.WriteAsync(0, new Row(1));
        scene.Job.Complete(await scene.Job.PrepareAsync());
        await scene.Job.WriteAsync(0, new Row(2));
        await scene.Job.WriteAsync(1, new Row(3));
        await scene.Job.PrepareAsync();
        await scene.Job.CrashAsync();
        Assert.Equal(3, await scene.LeftAsync());

        scene.Job.ChangeSink(new PostgresSink<Row>(server.Source, Tables.Mapping(scene.Table), new PostgresSinkOptions { Delivery = after }));
        await scene.Job.StartAsync(1);
        Assert.Equal([1], await scene.IdsAsync());
        await scene.Job.WriteAsync(0, new Row(2), new Row(3));
        await scene.Job.CheckpointAsync();
        Assert.Equal([1, 2, 3], await scene.IdsAsync());
        await scene.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task What_the_role_may_not_roll_back_is_named_once_and_the_job_goes_on()
    {
        await using var scene = await Scene.CreateAsync(server, PostgresDelivery.ExactlyOnce, key: false);
        string role = $"r{Guid.NewGuid():N}"[..20];
        string left = $"millrace:{scene.Job.JobId}:the%3asink%2f1:0:0:1";
        await server.ExecuteAsync($"create role {role}; grant select, insert on {scene.Table} to {role}");
        await server.ExecuteAsync($"begin; select txid_current(); prepare transaction '{left}'");
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(server.ConnectionString) { Options = $"-c role={role}" });
        var logger = new ListLogger();
        scene.Job.Logger = logger;
        scene.Job.ChangeSink(new PostgresSink<Row>(source, Tables.Mapping(scene.Table)));
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(1));
        await scene.Job.CheckpointAsync();
        await scene.Job.CheckpointAsync();
        Assert.Equal([1], await scene.IdsAsync());
        Assert.Contains(left, Assert.Single(logger.Warnings), StringComparison.Ordinal);
        Assert.Equal(1, await scene.LeftAsync());

        await scene.Job.CrashAsync();
        await server.ExecuteAsync($"rollback prepared '{left}'");
        await server.ExecuteAsync($"drop owned by {role}; drop role {role}");
    }

    private sealed class ListLogger : ILogger
    {
        internal List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
            {
                lock (Warnings)
                {
                    Warnings.Add(formatter(state, exception));
                }
            }
        }
    }
}
