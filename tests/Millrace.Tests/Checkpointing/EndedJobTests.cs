using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Coordination;
using Millrace.Testing;
using StoredNames = Millrace.Runtime.Checkpointing.Storage.CheckpointNames;

namespace Millrace.Tests.Checkpointing;

/// <summary>A job whose log says that it has ended does not begin anew by itself: what its sinks have is there once.</summary>
public sealed class EndedJobTests
{
    private const int Count = 40;
    private readonly List<string> _numbers = [.. Enumerable.Range(0, Count).Select(number => $"{number}")];

    [Fact]
    public void A_job_that_has_finished_is_not_run_again()
    {
        var world = new World(seed: 1);
        var outcome = world.RunToTheEnd();
        Assert.Equal((JobState.Finished, null), (outcome.State, outcome.FinishedBefore));
        var files = world.Run.Disk.Names;
        world.Run.RunTo(1_000);
        for (int start = 0; start < 3; start++)
        {
            world.Run.Kill();
            var execution = world.Start();
            outcome = world.Run.Await(execution.Completion);
            Assert.Equal((JobState.Finished, JobState.Finished, null), (outcome.State, execution.State, outcome.Error));
            Assert.InRange(outcome.FinishedBefore!.Value, world.Run.Now - TimeSpan.FromSeconds(1_000), world.Run.Now - TimeSpan.FromSeconds(900));
            Assert.Empty(execution.Subtasks);
            Assert.Equal(files, world.Run.Disk.Names);
        }

        Assert.Equal(_numbers, world.Results());
    }

    [Fact]
    public void A_finished_job_runs_again_when_it_is_told_to()
    {
        var world = new World(seed: 1);
        world.RunToTheEnd();
        world.Run.Kill();
        var outcome = world.Run.Await(world.Start(options => options.RunFinishedAgain = true).Completion);
        Assert.Equal((JobState.Finished, null), (outcome.State, outcome.FinishedBefore));
        Assert.True(world.HasRepeated);
        Assert.Equal(_numbers, world.Results(mayRepeat: true));
    }

    [Fact]
    public void The_end_is_recorded_when_everything_is_committed()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            var world = new World(seed);
            world.Start();
            world.Run.RunUntil(() => world.Head().Ended is not null);
            Assert.Equal(JobState.Finished, world.Head().Ended);
            Assert.False(world.Run.Execution.Completion.IsCompleted);
            Assert.Equal(_numbers, world.Results());
            world.Run.Kill();
            Assert.NotNull(world.RunToTheEnd().FinishedBefore);
            Assert.Equal(_numbers, world.Results());
        }
    }

    /// <summary>The process dies at every step from the end of the input to the end of the job, and once more behind it.</summary>
    [Fact]
    public void Killed_anywhere_around_its_end_it_writes_everything_once()
    {
        int wentOn = 0;
        for (int steps = 0; ; steps++)
        {
            var world = new World(seed: steps);
            world.Start();
            world.Run.RunUntil(() => world.Head().Retained.Count > 3);
            world.Run.RunTo(Count - 2);
            int left = steps * 5;
            world.Run.RunUntil(() => left-- <= 0 || world.Run.Execution.Completion.IsCompleted);
            bool hasEnded = world.Run.Execution.Completion.IsCompleted;
            world.Run.Kill();
            var outcome = world.RunToTheEnd();
            Assert.Equal(JobState.Finished, outcome.State);
            Assert.Equal(_numbers, world.Results());
            wentOn += outcome.FinishedBefore is null ? 1 : 0;
            if (hasEnded)
            {
                break;
            }
        }

        Assert.True(wentOn > 5, $"Killed {wentOn} times before its end.");
    }

    /// <summary>The process dies at every step from the request to the end: the log knows the savepoint before anything is committed with it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Stopped_with_a_savepoint_it_goes_on_from_there_wherever_it_was_killed(bool drain)
    {
        int fromSavepoint = 0;
        int behindTheEntry = 0;
        for (int steps = 0; ; steps++)
        {
            var world = new World(seed: steps);
            world.Start();
            world.Run.RunTo(15.5);
            world.Run.Execution.Request(SnapshotKind.CanonicalSavepoint, "saved", drain ? StopMode.Drain : StopMode.Suspend, (_, _) => { });
            int left = steps;
            world.Run.RunUntil(() => left-- <= 0 || world.Run.Execution.Completion.IsCompleted);
            bool hasEnded = world.Run.Execution.Completion.IsCompleted;
            bool isSuspended = world.Head().Savepoint is not null;
            world.Run.Kill();
            var outcome = world.RunToTheEnd();
            Assert.Equal((JobState.Finished, null), (outcome.State, outcome.FinishedBefore));
            fromSavepoint += isSuspended ? 1 : 0;
            behindTheEntry += isSuspended && !hasEnded ? 1 : 0;

            // What was drained has come to its end: there is nothing to go on with.
            var expected = isSuspended && drain ? _numbers.Take(world.Results().Count) : _numbers;
            Assert.Equal(expected, world.Results());
            if (isSuspended)
            {
                Assert.Equal("saved", CheckpointSummaries.From(world.Run.Execution).LatestRestored?.Path);
                Assert.InRange(world.Results().Count, 15, Count);
            }

            if (hasEnded)
            {
                break;
            }
        }

        Assert.True(behindTheEntry > 3, $"Killed {behindTheEntry} times between the entry in the log and the end of the job.");
        Assert.Equal(behindTheEntry + 1, fromSavepoint);
    }

    /// <summary>A subtask fails while the stop is under way: whatever the log says by then is what the job restarts from.</summary>
    [Fact]
    public void A_failure_while_it_is_being_stopped_loses_nothing_and_repeats_nothing()
    {
        int late = 0;
        for (int steps = 0; steps < 150; steps++)
        {
            var world = new World(seed: steps, regions: 2);
            world.Start();
            world.Run.RunTo(15.5);
            Exception? refusal = null;
            string? savepoint = null;
            world.Run.Execution.Request(SnapshotKind.CanonicalSavepoint, "saved", StopMode.Suspend, (path, error) => (savepoint, refusal) = (path, error));
            int left = steps;
            world.Run.RunUntil(() => left-- <= 0 || world.Run.Execution.Completion.IsCompleted);
            world.Run.Execution.Subtasks.Values.First(subtask => subtask.Id.Index == 0).Mailbox.Post(static () => throw new IOException("The test has this subtask fail."));
            var outcome = world.Run.Await(world.Run.Execution.Completion);
            late += savepoint is not null && refusal is not null && outcome.State == JobState.Finished ? 1 : 0;
            if (savepoint is not null && refusal is null)
            {
                // Stopped, or failed on the way there: in both cases it goes on when it is started again.
                world.Run.Kill();
                outcome = world.RunToTheEnd();
            }

            Assert.Equal(JobState.Finished, outcome.State);
            Assert.Equal(_numbers, world.Results("0"));
            Assert.Equal(_numbers, world.Results("1"));
        }

        Assert.True(late > 0, "The failure came between the entry in the log and the coordinator's hearing of it.");
    }

    [Fact]
    public void A_savepoint_that_is_gone_is_said_and_nothing_begins_anew_before_that_is_wanted()
    {
        var world = new World(seed: 3);
        world.Start();
        world.Run.RunTo(15.5);
        world.Run.Await(world.Run.Execution.RequestAsync(SnapshotKind.CanonicalSavepoint, "saved", StopMode.Suspend));
        world.Run.Await(world.Run.Execution.Completion);
        world.Run.Storage.Delete(["saved/_metadata"], TestContext.Current.CancellationToken);
        var outcome = world.RunToTheEnd();
        Assert.Equal(JobState.Failed, outcome.State);
        Assert.Contains("MR4208", outcome.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("'saved'", outcome.Error.Message, StringComparison.Ordinal);

        outcome = world.Run.Await(world.Start(options => options.RestoreLatest = false).Completion);
        Assert.Equal(JobState.Finished, outcome.State);
        Assert.True(world.HasRepeated, "It has begun anew.");
    }

    [Fact]
    public void What_is_asked_for_goes_before_the_savepoint_that_it_was_stopped_with()
    {
        var world = new World(seed: 4);
        world.Start();
        world.Run.RunTo(5.5);
        world.Run.Await(world.Run.Execution.RequestAsync(SnapshotKind.CanonicalSavepoint, "first"));
        world.Run.RunTo(15.5);
        world.Run.Await(world.Run.Execution.RequestAsync(SnapshotKind.CanonicalSavepoint, "second", StopMode.Suspend));
        world.Run.Await(world.Run.Execution.Completion);
        world.Start(options => options.RestoreFrom = new RestoreOptions("first"));
        world.Run.RunUntil(() => world.Run.Execution.Subtasks.Count > 0);

        // A failure before its first checkpoint does not change that.
        world.Run.Execution.Subtasks.Values.First().Mailbox.Post(static () => throw new IOException("The test has this subtask fail."));
        Assert.Equal(JobState.Finished, world.Run.Await(world.Run.Execution.Completion).State);
        Assert.True(world.HasRepeated, "It went back to the first.");
        Assert.Equal(_numbers, world.Results(mayRepeat: true));
    }

    [Fact]
    public void What_was_asked_for_before_it_was_stopped_does_not_take_it_back()
    {
        var world = new World(seed: 5);
        world.Start();
        world.Run.RunTo(5.5);
        world.Run.Await(world.Run.Execution.RequestAsync(SnapshotKind.CanonicalSavepoint, "first", StopMode.Suspend));
        world.Run.Await(world.Run.Execution.Completion);
        void FromFirst(CheckpointOptions options) => options.RestoreFrom = new RestoreOptions("first/");
        world.Start(FromFirst);
        world.Run.RunTo(15.5);
        world.Run.Await(world.Run.Execution.RequestAsync(SnapshotKind.CanonicalSavepoint, "second", StopMode.Suspend));
        world.Run.Await(world.Run.Execution.Completion);

        // Twice, as a supervisor does that knows of no savepoint: killed before its first checkpoint it still knows.
        world.Start(FromFirst);
        world.Run.RunUntil(() => world.Run.Execution.Subtasks.Count > 0);
        world.Run.Kill();
        world.Run.Await(world.Start(FromFirst).Completion);
        Assert.Equal(_numbers, world.Results());
    }

    /// <summary>A job that counts, a number a second, into a sink that commits with checkpoints.</summary>
    private sealed class World(int seed, int regions = 1)
    {
        private readonly ResultStore _store = new();
        private readonly Random _random = new(seed);
        private int _starts;

        public VirtualRun Run { get; } = new();

        /// <summary>Whether something was committed again that had been committed before; only the later one counts then.</summary>
        public bool HasRepeated => _store.Violations.Any(violation => violation.Contains("is committed, but", StringComparison.Ordinal));

        public JobExecution Start(Action<CheckpointOptions>? configure = null)
        {
            var env = Run.Env(options =>
            {
                options.Interval = TimeSpan.FromSeconds(4);
                options.Retained = 5;
                configure?.Invoke(options);
            });
            env.Options.RestartStrategy = RestartStrategy.FixedDelay(3, TimeSpan.FromSeconds(1));
            var job = new JobUnderTest(env, _store, "", ++_starts, _random);
            for (int region = 0; region < regions; region++)
            {
                job.Capture(env.FromGenerator(index => index, Count, recordsPerSecond: 1).Uid($"numbers {region}").Parallelism(1), $"{region}");
            }

            return Run.Start(env, "job");
        }

        public JobOutcome RunToTheEnd() => Run.Await(Start().Completion);

        /// <summary>What the log says now.</summary>
        public LogState Head()
        {
            if (Run.Disk.Names.LastOrDefault(name => name.StartsWith("job/log/", StringComparison.Ordinal)) is not { } name)
            {
                return LogState.Empty;
            }

            return LogFormat.Read(Run.Disk.Get(name), new StoredNames("job").SequenceOf(name), name).State;
        }

        /// <summary>What is committed, in the order of the numbers; everything that belongs to somebody is.</summary>
        public List<string> Results(string sink = "0", bool mayRepeat = false)
        {
            var results = _store.Read();
            Assert.True(mayRepeat || _store.Violations.Count == 0, string.Join("; ", _store.Violations));
            return [.. results[sink].OrderBy(row => row.Length).ThenBy(row => row, StringComparer.Ordinal)];
        }
    }
}
