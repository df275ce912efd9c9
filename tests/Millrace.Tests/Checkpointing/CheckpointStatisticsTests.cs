using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;

namespace Millrace.Tests.Checkpointing;

/// <summary>What <see cref="JobClient.GetCheckpoints"/> and <see cref="JobClient.GetFailures"/> tell.</summary>
public sealed class CheckpointStatisticsTests
{
    private readonly VirtualRun _run = new();

    [Fact]
    public void Statistics_OfCompletedCheckpoints_HaveEverySubtask()
    {
        _run.Start(Counting(), "statistics");
        _run.RunTo(25);
        var statistics = CheckpointSummaries.From(_run.Execution);
        Assert.Equal((2, 0, 2, 0, 0), (statistics.Triggered, statistics.InProgress, statistics.Completed, statistics.Failed, statistics.Restored));
        Assert.Equal([1, 2], statistics.History.Select(checkpoint => checkpoint.Id));

        var latest = statistics.LatestCompleted!;
        Assert.Equal((2, CheckpointKind.Checkpoint, CheckpointState.Completed, "statistics/chk-2"), (latest.Id, latest.Kind, latest.State, latest.Path));
        Assert.InRange(latest.Duration!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal((3, 3), (latest.Subtasks, latest.AcknowledgedSubtasks));
        Assert.Equal(["Generator", "count → Discard"], latest.Tasks.Select(task => task.Name));
        Assert.Equal(["count", "Discard"], latest.Tasks[1].Operators);
        Assert.Equal([0, 1], latest.Tasks[1].Subtasks.Select(subtask => subtask.Index));
        Assert.All(latest.Tasks.SelectMany(task => task.Subtasks), subtask =>
        {
            Assert.InRange(subtask.AcknowledgedAt, latest.BeganAt, latest.BeganAt + subtask.Duration);
            Assert.True(subtask.SyncDuration >= TimeSpan.Zero && subtask.AsyncDuration >= TimeSpan.Zero && subtask.StartDelay >= TimeSpan.Zero && subtask.Alignment >= TimeSpan.Zero);
        });
        Assert.True(latest.Tasks[1].StateSize > 0, "The counters are state.");
        Assert.Equal(latest.StateSize, latest.Tasks.Sum(task => task.StateSize));
        Assert.Equal(latest.WrittenSize, latest.Tasks.Sum(task => task.WrittenSize));
        Assert.Equal(0, latest.InFlightSize);
    }

    [Fact]
    public void Statistics_OfWriting_CountTheWaitForAThread()
    {
        _run.Start(Counting(), "statistics");
        _run.RunTo(5);
        _run.BackgroundDelay = () => TimeSpan.FromSeconds(2);
        _run.RunTo(25);
        var subtasks = CheckpointSummaries.From(_run.Execution).LatestCompleted!.Tasks.SelectMany(task => task.Subtasks);
        Assert.All(subtasks, subtask => Assert.InRange(subtask.AsyncDuration, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3)));
    }

    [Fact]
    public void Statistics_OfASavepointAndOfAFailedCheckpoint_AreApart()
    {
        _run.Start(Counting(options => options.TolerableFailures = 10), "statistics");
        _run.RunTo(15);
        _run.Await(_run.Execution.RequestAsync(SnapshotKind.CanonicalSavepoint, "savepoints/one"));
        _run.Disk.Faults.FailureRate = 1;
        _run.RunTo(25);
        var statistics = CheckpointSummaries.From(_run.Execution);
        Assert.Equal((3, 2, 1), (statistics.Triggered, statistics.Completed, statistics.Failed));
        Assert.Equal((1, CheckpointKind.Checkpoint), (statistics.LatestCompleted!.Id, statistics.LatestCompleted.Kind));
        Assert.Equal((2, CheckpointKind.Savepoint, "savepoints/one"), (statistics.LatestSavepoint!.Id, statistics.LatestSavepoint.Kind, statistics.LatestSavepoint.Path));
        Assert.Equal((3, CheckpointState.Failed), (statistics.LatestFailed!.Id, statistics.LatestFailed.State));
        Assert.NotEmpty(statistics.LatestFailed.FailureReason!);
        Assert.Null(statistics.LatestFailed.Path);
    }

    [Fact]
    public void Failure_AndWhatItLedTo_AreRemembered()
    {
        bool fails = false;
        var env = _run.Env(parallelism: 2);
        env.FromGenerator(n => n, 200, recordsPerSecond: 1).Parallelism(1).KeyBy(n => n % 7).Process(() => new Counter(() => fails)).Name("count").Discard();
        _run.Start(env, "failures");
        _run.RunTo(15);
        fails = true;
        _run.RunUntil(() => _run.Execution.Failures.Restarts == 1);
        fails = false;
        var failedAt = _run.Now;
        _run.RunTo(30);

        var failures = JobFailures.From(_run.Execution);
        var failure = Assert.Single(failures.History);
        Assert.Equal((1, 1, JobFailureOutcome.Restart), (failures.Total, failures.Restarts, failure.Outcome));
        Assert.Contains("told to fail", failure.Cause.Message, StringComparison.Ordinal);
        Assert.StartsWith("count → Discard (", failure.Subtask, StringComparison.Ordinal);
        Assert.Equal(["Generator (1/1)", "count → Discard (1/2)", "count → Discard (2/2)"], failure.Restarted);
        Assert.InRange(failure.Delay, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(1.1));
        Assert.InRange(failure.Time, failedAt - TimeSpan.FromSeconds(1), failedAt);

        var statistics = CheckpointSummaries.From(_run.Execution);
        Assert.Equal((1, "failures/chk-1", CheckpointKind.Checkpoint), (statistics.Restored, statistics.LatestRestored!.Path, statistics.LatestRestored.Kind));
        Assert.True(statistics.LatestRestored.RestoredAt > failure.Time);
    }

    [Fact]
    public void Statistics_OfARunThatBeganWithASavepoint_NameIt()
    {
        _run.Start(Counting(), "first");
        _run.RunTo(5);
        _run.Await(_run.Execution.RequestAsync(SnapshotKind.CanonicalSavepoint, "savepoints/one", StopMode.Suspend));
        Assert.Equal(JobState.Finished, _run.Await(_run.Execution.Completion).State);
        _run.Start(Counting(options => options.RestoreFrom = new RestoreOptions("savepoints/one")), "second");
        _run.RunUntil(() => _run.Execution.State == JobState.Running && _run.Execution.CheckpointHistory!.Current.Counts.Restored == 1);
        var restored = CheckpointSummaries.From(_run.Execution).LatestRestored!;
        Assert.Equal(("savepoints/one", CheckpointKind.Savepoint), (restored.Path, restored.Kind));
    }

    [Fact]
    public async Task Client_OfAJobWithoutCheckpoints_HasNone()
    {
        var env = new StreamExecutionEnvironment();
        env.FromSequence(1, 10).Discard();
        await using var client = env.Start("none");
        await client.Completion;
        Assert.Equal(0, client.GetCheckpoints().Triggered);
        Assert.Empty(client.GetCheckpoints().History);
        Assert.Empty(client.GetFailures().History);
    }

    private StreamExecutionEnvironment Counting(Action<CheckpointOptions>? configure = null)
    {
        var env = _run.Env(configure, parallelism: 2);
        env.FromGenerator(n => n, 200, recordsPerSecond: 1).Parallelism(1).KeyBy(n => n % 7).Process(() => new Counter(() => false)).Name("count").Discard();
        return env;
    }
}
