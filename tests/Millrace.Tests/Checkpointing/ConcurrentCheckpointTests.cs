using Millrace.Runtime.Checkpointing;

namespace Millrace.Tests.Checkpointing;

/// <summary>Checkpoints that are under way at the same time.</summary>
public sealed class ConcurrentCheckpointTests
{
    private readonly VirtualRun _run = new();

    [Fact]
    public void A_savepoint_that_fails_leaves_the_checkpoint_before_it_alone()
    {
        var env = _run.Env(
            options =>
            {
                options.Interval = null;
                options.MaxConcurrent = 2;
            },
            parallelism: 2);
        env.FromGenerator(n => n, 2_000, recordsPerSecond: 10).KeyBy(n => n % 7).Process(() => new Counter(() => false)).Discard();
        var job = _run.Start(env, "concurrent");
        _run.RunTo(1);
        _run.Await(job.RequestAsync(SnapshotKind.CanonicalSavepoint, "savepoints/taken"));
        for (int round = 0; round < 20; round++)
        {
            var checkpoint = job.RequestAsync(SnapshotKind.Checkpoint);
            var savepoint = job.RequestAsync(SnapshotKind.CanonicalSavepoint, "savepoints/taken");
            _run.RunUntil(() => checkpoint.IsCompleted && savepoint.IsCompleted);
            Assert.Contains("MR4205", savepoint.Exception!.InnerException!.Message, StringComparison.Ordinal);
            Assert.True(checkpoint.IsCompletedSuccessfully, $"Round {round}: {checkpoint.Exception?.InnerException?.Message}");
        }

        Assert.Equal(0, JobFailures.From(job).Total);
    }
}
