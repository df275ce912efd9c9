using CsCheck;

namespace Millrace.Connectors.Tests;

/// <summary>Random lives of a job against a model.</summary>
public sealed class PropertyTests(Server server)
{
    private enum Step
    {
        Write,
        Prepare,
        Checkpoint,
        CompleteOnly,
        CommitOne,
        CommitUnheard,
        Crash,
        Freeze,
        Wake,
    }

    private static readonly Gen<(Step Step, int Number)[]> Lives = Gen.Frequency(
            (8, Gen.Const(Step.Write)), (2, Gen.Const(Step.Prepare)), (3, Gen.Const(Step.Checkpoint)), (2, Gen.Const(Step.CompleteOnly)), (2, Gen.Const(Step.CommitOne)),
            (1, Gen.Const(Step.CommitUnheard)), (2, Gen.Const(Step.Crash)), (1, Gen.Const(Step.Freeze)), (1, Gen.Const(Step.Wake)))
        .Select(Gen.Int[0, 1000]).Array[1, 30];

    [Theory]
    [InlineData(PostgresDelivery.ExactlyOnce, false)]
    [InlineData(PostgresDelivery.ExactlyOnceStaged, false)]
    [InlineData(PostgresDelivery.ExactlyOnceStaged, true)]
    public async Task Each_row_of_completed_checkpoints_is_there_once_and_nothing_else_whatever_happens(PostgresDelivery delivery, bool key)
    {
        _ = server.ConnectionString;
        await Lives.SampleAsync(life => LiveAsync(delivery, key, life), iter: 25, threads: 1);
    }

    private async Task LiveAsync(PostgresDelivery delivery, bool key, (Step Step, int Number)[] life)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key);
        var job = scene.Job;
        await job.StartAsync(2);

        // The source counts. The model is how far it was at each barrier: a restore takes it back.
        long next = 0;
        Dictionary<long, long> positions = [];
        foreach ((Step step, int number) in life)
        {
            switch (step)
            {
                case Step.Write:
                    var rows = Enumerable.Range(0, 1 + (number % 9)).Select(i => new Row(next + i, number, $"row {next + i}")).ToArray();
                    next += rows.Length;
                    await job.WriteAsync(number % job.Parallelism, rows);
                    break;
                case Step.Prepare:
                    positions[await job.PrepareAsync()] = next;
                    break;
                case Step.Checkpoint:
                case Step.CompleteOnly:
                    long checkpoint = await job.PrepareAsync();
                    positions[checkpoint] = next;
                    job.Complete(checkpoint);
                    if (step == Step.Checkpoint)
                    {
                        await job.CommitAllAsync();
                    }

                    break;
                case Step.CommitOne:
                case Step.CommitUnheard:
                    await job.CommitAsync(number % job.Parallelism, acknowledged: step == Step.CommitOne);
                    break;
                case Step.Crash:
                case Step.Freeze:
                    await job.CrashAsync(frozen: step == Step.Freeze);
                    await job.StartAsync(1 + (number % 4));
                    next = job.LastCompleted is { } restored ? positions[restored] : 0;

                    // All that the checkpoint has is committed before anybody writes.
                    Assert.Equal(next, (await scene.IdsAsync()).Count);
                    break;
                case Step.Wake:
                    await job.WakeAsync();
                    break;
            }

            long completed = job.LastCompleted is { } id ? positions[id] : 0;
            List<long> visible = await scene.IdsAsync();
            Assert.True(visible.Count == visible.Distinct().Count(), $"Twice in the table: {string.Join(", ", visible.GroupBy(it => it).Where(it => it.Count() > 1).Select(it => it.Key))}");
            Assert.True(visible.All(it => it < completed), $"Visible before its checkpoint is complete: {visible.LastOrDefault()} of {completed}");
        }

        await job.CheckpointAsync();
        Assert.Equal(Enumerable.Range(0, (int)next).Select(id => (long)id), await scene.IdsAsync());
        await scene.AssertNothingIsLeftAsync();
    }
}
