using System.Diagnostics;

namespace Millrace.Connectors.Tests;

/// <summary>Figures, printed and not asserted. Runs only when asked for: <c>-explicit only</c>.</summary>
public sealed class Throughput(Server server)
{
    private const int Rows = 1_000_000;
    private const int Engine = 1_024;

    [Theory(Explicit = true)]
    [InlineData(PostgresDelivery.ExactlyOnce, false)]
    [InlineData(PostgresDelivery.ExactlyOnceStaged, false)]
    [InlineData(PostgresDelivery.AtLeastOnce, false)]
    [InlineData(PostgresDelivery.ExactlyOnceStaged, true)]
    [InlineData(PostgresDelivery.AtLeastOnce, true)]
    public async Task Rows_of_four_columns_a_second(PostgresDelivery delivery, bool key)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key, batchSize: 5_000);
        await scene.Job.StartAsync(1);
        Row[][] batches = [.. Enumerable.Range(0, Rows / Engine).Select(batch => Enumerable.Range(batch * Engine, Engine).Select(id => new Row(id, id % 7, $"row {id}", id * 0.5)).ToArray())];
        await scene.Job.WriteAsync(0, new Row(-1));
        await scene.Job.CheckpointAsync();
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < batches.Length; i++)
        {
            await scene.Job.WriteAsync(0, batches[i]);
            if (i % 200 == 199)
            {
                await scene.Job.CheckpointAsync();
            }
        }

        await scene.Job.CheckpointAsync();
        TimeSpan taken = Stopwatch.GetElapsedTime(began);
        TestContext.Current.SendDiagnosticMessage($"{delivery}{(key ? " with a key" : "")}: {batches.Length * Engine / taken.TotalSeconds:N0} rows/s");
        Assert.Equal((batches.Length * Engine) + 1, (await scene.IdsAsync()).Count);
    }
}
