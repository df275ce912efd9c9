using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Millrace.Checkpointing;
using Millrace.Cluster.Coordination;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;

namespace Millrace.Cluster.Tests.Coordination;

/// <summary>Coordinators of jobs that share the slots of a cluster, and what they do when the ledger or a worker says no. Whole jobs are in the tests of processes.</summary>
public sealed class SeveralJobsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(54));
    private readonly ScriptedCluster _cluster;
    private DirectoryCheckpointStorage? _storage;

    public SeveralJobsTests() => _cluster = new ScriptedCluster(_time);

    [Fact]
    public async Task A_job_for_which_another_leaves_too_little_waits_and_starts_when_that_ends()
    {
        _cluster.Start("a", 3);
        await using var one = Lead("one", 2);
        await RunsAsync("one", 2);
        await using var two = Lead("two", 2);
        await HoldsAsync(() => two.Status.Waiting?.Contains("of the others 'one' 2.", StringComparison.Ordinal) == true, () => two.Status.Waiting);
        Assert.Contains("Parallelism 2 needs 2 slots", two.Status.Waiting, StringComparison.Ordinal);
        one.Cancel();
        await one.Completion;
        await RunsAsync("two", 2);
        MustBeQuiet(two);
    }

    [Fact]
    public async Task A_reactive_job_shrinks_for_one_that_came_later_and_grows_when_that_is_gone()
    {
        _cluster.Start("a", 2);
        _cluster.Start("b", 2);
        await using var one = Lead("one", 1, Reactive());
        await RunsAsync("one", 4);
        await using var two = Lead("two", 3);
        await RunsAsync("two", 3);
        await RunsAsync("one", 1);
        Assert.Contains(one.Status.Decisions, decision => decision.Decision.Contains("since another job needs slots", StringComparison.Ordinal));
        two.Cancel();
        await two.Completion;
        await RunsAsync("one", 4);
        MustBeQuiet(one);
    }

    [Fact]
    public async Task Two_reactive_jobs_get_equal_shares()
    {
        _cluster.Start("a", 4);
        await using var one = Lead("one", 1, Reactive());
        await RunsAsync("one", 4);
        await using var two = Lead("two", 1, Reactive());
        await RunsAsync("two", 2);
        await RunsAsync("one", 2);
        MustBeQuiet(one, two);
    }

    [Fact]
    public async Task A_job_waits_for_the_first_answer_of_the_ledger_and_then_goes_by_the_last_one()
    {
        _cluster.Start("a", 2);
        _cluster.IsLedgerSilent = true;
        await using var one = Lead("one", 1);
        await HoldsAsync(() => one.Status.Waiting is not null, () => "");
        Assert.Equal("The slot ledger of the cluster has not said yet which slots the job may use.", one.Status.Waiting);
        _cluster.IsLedgerSilent = false;
        await RunsAsync("one", 1);

        _cluster.Start("b", 2);
        await RunAsync(TimeSpan.FromSeconds(3));
        _cluster.IsLedgerSilent = true;
        await RunAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((1, JobState.Running), (_cluster.Running("one"), one.Status.State));

        // Not even the loss of its worker: the other one was granted as well.
        _cluster.Kill("a");
        await HoldsAsync(() => one.Status.Subtasks is [{ Worker: "b", State: "Running" }], () => one.Status.ToString());
        _cluster.IsLedgerSilent = false;
    }

    [Fact]
    public async Task A_worker_that_refuses_is_done_without_for_a_moment_and_nothing_counts_as_a_failure()
    {
        _cluster.Start("a", 1);
        _cluster.Refuses = ("a", "one");
        await using var one = Lead("one", 1);
        await HoldsAsync(() => _cluster.Refusals >= 2, () => one.Status.ToString());
        Assert.Contains(one.Status.Decisions, decision => decision.Decision.Contains("No room. MR6209: Worker a (127.0.0.1:1) refuses subtasks of job 'one' that need 1 slot: it offers 1, and in use are 1 by job 'somebody'.", StringComparison.Ordinal));

        // There is room elsewhere.
        _cluster.Start("b", 1);
        await RunsAsync("one", 1);
        Assert.Equal("b", Assert.Single(one.Status.Subtasks).Worker);
        MustBeQuiet(one);
    }

    [Fact]
    public async Task What_a_job_lost_is_made_again_on_slots_that_no_other_has_without_stopping_the_rest()
    {
        _cluster.Start("a", 2);
        _cluster.Start("b", 1);
        _cluster.Start("c", 1);
        await using var one = Lead("one", 2, new SchedulerOptions { Placement = SlotPlacement.Pack });

        // It has both slots of the first worker: were the other one there already, that could be on this worker, and too few slots would be left without it.
        await RunsAsync("one", 2);
        await using var two = Lead("two", 1, new SchedulerOptions { Placement = SlotPlacement.Pack });
        await RunsAsync("two", 1);
        string before = Assert.Single(two.Status.Subtasks).Worker!;
        _cluster.Kill(before);
        await HoldsAsync(() => two.Status.Subtasks is [{ State: "Running" } subtask] && subtask.Worker != before, () => two.Status.ToString());
        Assert.Equal(1, two.Status.Restarts);
        await RunsAsync("one", 2);
        Assert.Empty(_cluster.Overcommitted);
    }

    [Fact]
    public async Task A_rescale_asks_for_the_slots_first()
    {
        _cluster.Start("a", 6);
        await using var one = Lead("one", 2, new SchedulerOptions { ScalingCooldown = TimeSpan.Zero });

        // Whoever asks while it is alone may use all, and the other waits for a moment: here that is not to be the first.
        await RunsAsync("one", 2);
        await using var two = Lead("two", 2);
        await RunsAsync("two", 2);
        await RunAsync(TimeSpan.FromSeconds(3));
        var rescale = one.RescaleAsync(4);
        await HoldsAsync(() => rescale.IsCompleted, () => one.Status.ToString());
        await rescale;
        await RunsAsync("one", 4);
        Assert.DoesNotContain(one.Status.Decisions, decision => decision.Decision.Contains("are available", StringComparison.Ordinal));
        MustBeQuiet(one, two);
    }

    [Fact]
    public async Task Jobs_that_come_and_go_leave_nothing_in_the_ledger()
    {
        _cluster.Start("a", 4);
        await using var stays = Lead("stays", 2);
        await RunsAsync("stays", 2);
        for (int i = 0; i < 40; i++)
        {
            await using var job = Lead($"job-{i}", 1 + (i % 2));
            if (i % 3 > 0)
            {
                await RunsAsync($"job-{i}", 1 + (i % 2));
            }

            job.Cancel();
            await job.Completion;
        }

        await HoldsAsync(() => _cluster.JobsInLedger is ["stays"], () => string.Join(' ', _cluster.JobsInLedger));
        MustBeQuiet(stays);

        // It goes on elsewhere, and its slots wait for it.
        await stays.DisposeAsync();
        Assert.Equal(["stays"], _cluster.JobsInLedger);
    }

    [Fact]
    public async Task Tasks_that_are_remembered_are_used_where_the_program_has_them_and_forgotten_where_it_has_others()
    {
        _cluster.Start("a", 4);
        var options = new AutoscalerOptions { Enabled = true };
        await using var same = Lead("same", 1, autoscaler: options, record: JobRecord.New with { Tasks = [1, 3] });
        await HoldsAsync(() => _cluster.Running("same") == 4, () => same.Status.ToString());
        Assert.Equal([1, 3], same.Status.Tasks.Select(task => task.Parallelism));
        same.Cancel();
        await same.Completion;

        // Of other programs: with more tasks, and with a task that could not have as many.
        foreach (int[] tasks in new[] { new[] { 1, 3, 2 }, [1, 129], [0, 1] })
        {
            await using var other = Lead("other", 1, autoscaler: options, record: JobRecord.New with { Tasks = tasks });
            await HoldsAsync(() => _cluster.Running("other") == 2, () => other.Status.ToString());
            Assert.Equal([1, 1], other.Status.Tasks.Select(task => task.Parallelism));
            other.Cancel();
            await other.Completion;
        }
    }

    [Fact]
    public async Task Bounds_of_a_task_hold_for_workers_that_come_for_a_rescale_and_for_the_next_coordinator()
    {
        _cluster.Start("a", 4);
        _cluster.Start("b", 4);
        var one = Lead("one", 2, Reactive(), hasTwoTasks: true);
        await RunsAsync("one", 1 + 8);
        Assert.Equal([new(1, 128), new(1, 128)], one.Status.Tasks.Select(task => task.Bounds!.Value));
        var bounds = one.FindTasks(new Dictionary<string, ParallelismBounds> { ["Reduce"] = new(2, 3) });
        var set = one.SetParallelismBoundsAsync(bounds);
        await HoldsAsync(() => set.IsCompleted, () => one.Status.ToString());
        await set;
        await RunsAsync("one", 1 + 3);
        Assert.Equal(new(2, 3), one.Status.Tasks[1].Bounds);
        Assert.Contains(one.Status.Decisions, decision => decision.Decision == "Bounds of parallelism. 'Reduce → Discard': 2 to 3.");

        var rescale = one.RescaleAsync(1);
        await HoldsAsync(() => rescale.IsCompleted, () => one.Status.ToString());
        await RunsAsync("one", 1 + 2);
        _cluster.Start("c", 4);
        await RunAsync(TimeSpan.FromSeconds(5));
        await RunsAsync("one", 1 + 2);
        MustBeQuiet(one);
        await one.DisposeAsync();

        // One goes on that knows of bounds for an operator which is not there any more.
        await using var next = Lead("one", 2, Reactive(), hasTwoTasks: true, record: new JobRecord(2, null, null, null) { Bounds = new Dictionary<string, ParallelismBounds>(bounds) { ["gone"] = new(1, 1) } });
        await RunsAsync("one", 1 + 3);
        var back = next.SetParallelismBoundsAsync(new Dictionary<string, ParallelismBounds>());
        await HoldsAsync(() => back.IsCompleted, () => next.Status.ToString());
        await RunsAsync("one", 1 + 12);
        MustBeQuiet(next);
    }

    [Fact]
    public async Task Bounds_of_a_task_hold_for_what_the_autoscaler_has_decided()
    {
        _cluster.Start("a", 4);
        IReadOnlyList<int>? remembered = null;
        await using var one = Lead("one", 1, autoscaler: new AutoscalerOptions { Enabled = true }, record: JobRecord.New with { Tasks = [1, 3] }, remember: tasks => remembered = tasks);
        await RunsAsync("one", 1 + 3);
        var set = one.SetParallelismBoundsAsync(one.FindTasks(new Dictionary<string, ParallelismBounds> { ["Reduce"] = new(1, 2) }));
        await HoldsAsync(() => set.IsCompleted, () => one.Status.ToString());
        await RunsAsync("one", 1 + 2);
        Assert.Equal([1, 2], remembered);
        Assert.Equal(2, one.Status.WantedSlots);
        MustBeQuiet(one);
    }

    [Theory]
    [InlineData(true, "b", "c")]
    [InlineData(false, "a", "b")]
    public async Task Subtasks_come_back_to_the_workers_that_they_had_under_the_coordinator_before(bool remembers, string first, string second)
    {
        string folder = Directory.CreateTempSubdirectory("millrace-placement-").FullName;
        _storage = new DirectoryCheckpointStorage(folder);
        var options = new SchedulerOptions { RemembersPlacement = remembers };
        _cluster.Start("c", 1);
        _cluster.Start("b", 1);
        await using (var one = Lead("one", 2, options))
        {
            await RunsAsync("one", 2);
            await HoldsAsync(() => !remembers || Directory.EnumerateFiles(folder, "_placement", SearchOption.AllDirectories).Any(), () => "Nothing was written.");
        }

        await RunsAsync("one", 0);
        _cluster.Start("a", 1);
        await using (var next = Lead("one", 2, options, record: new JobRecord(2, null, null, null)))
        {
            await RunsAsync("one", 2);
            Assert.Equal([first, second], next.Status.Subtasks.Select(subtask => subtask.Worker));
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Load_is_watched_on_when_a_rescale_does_not_come()
    {
        _cluster.Start("a", 1);
        _cluster.Start("b", 1);
        var second = TimeSpan.FromSeconds(1);
        await using var one = Lead(
            "one", 1, new SchedulerOptions { Placement = SlotPlacement.Pack, ScalingCooldown = TimeSpan.FromHours(1) },
            new AutoscalerOptions { Enabled = true, SampleInterval = second, MetricsWindow = 3 * second, StabilizationInterval = TimeSpan.Zero, CatchUpDuration = TimeSpan.Zero, UtilizationMax = 0.9 });
        await HoldsAsync(() => _cluster.Running("one") == 2, () => one.Status.ToString());

        // The second task has too much to do, and may not be rescaled yet.
        await MeasureUntilAsync(one, "The job is rescaled: ");
        await HoldsAsync(() => one.Status.Waiting?.Contains("ScalingCooldown", StringComparison.Ordinal) == true, () => one.Status.Waiting);
        string used = one.Status.Subtasks[0].Worker!;
        _cluster.Kill(used == "a" ? "b" : "a");
        await MeasureUntilAsync(one, "needs 2 slots and there are 1.");
        MustBeQuiet(one);
    }

    private async Task MeasureUntilAsync(JobMaster master, string decision)
    {
        long life = _time.GetUtcNow().ToUnixTimeMilliseconds();
        await HoldsAsync(
            () =>
            {
                long now = _time.GetUtcNow().ToUnixTimeMilliseconds();
                _cluster.Measure("one", subtask => subtask.Vertex == 0 ? new TaskCounts(now / 10, now - (now / 10), 0, now, now, 0) : new TaskCounts(now, 0, 0, now, now, 0));
                return master.Status.Decisions.Any(item => item.Decision.Contains(decision, StringComparison.Ordinal));
            },
            () => $"{life} {string.Join(" | ", master.Status.Decisions)}");
    }

    private static SchedulerOptions Reactive() => new()
    {
        Mode = SchedulerMode.Reactive,
        ScalingCooldown = TimeSpan.FromSeconds(1),
        ResourceStabilizationTimeout = TimeSpan.FromSeconds(1),
        RescaleStabilizationTimeout = TimeSpan.FromSeconds(1),
    };

    private JobMaster Lead(string job, int parallelism, SchedulerOptions? options = null, AutoscalerOptions? autoscaler = null, JobRecord? record = null, bool hasTwoTasks = false, Action<IReadOnlyList<int>>? remember = null) => new(
        job,
        record ?? new JobRecord(1, null, null, null),
        new Builder(job, parallelism, hasTwoTasks || autoscaler is not null, _storage),
        _cluster,
        _cluster,
        options ?? new SchedulerOptions(),
        autoscaler ?? new AutoscalerOptions(),
        _cluster,
        isOnlyJob: false,
        _time,
        NullLoggerFactory.Instance,
        tasks =>
        {
            remember?.Invoke(tasks);
            return Task.CompletedTask;
        });

    /// <summary>Nothing was started again because of a failure, and no worker had more than it offers.</summary>
    private void MustBeQuiet(params JobMaster[] masters)
    {
        Assert.All(masters, master => Assert.Equal((0, null), (master.Status.Restarts, master.Status.LastFailure)));
        Assert.Empty(_cluster.Overcommitted);
    }

    private Task RunsAsync(string job, int subtasks) => HoldsAsync(() => _cluster.Running(job) == subtasks, () => $"{_cluster.Running(job)} subtasks of {job} run instead of {subtasks}");

    private async Task RunAsync(TimeSpan span)
    {
        var until = _time.GetUtcNow() + span;
        await HoldsAsync(() => _time.GetUtcNow() >= until, () => "");
    }

    /// <summary>Lets time pass until something holds.</summary>
    private async Task HoldsAsync(Func<bool> holds, Func<string?> why)
    {
        long since = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < Patience, why());
            _time.Advance(TimeSpan.FromMilliseconds(50));

            // What is told to other threads takes real time.
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private sealed class Builder(string job, int parallelism, bool hasTwoTasks, DirectoryCheckpointStorage? storage) : IJobBuilder
    {
        public IReadOnlyList<string> Names => [job];

        public BuiltJob Build(string name, int? requested)
        {
            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = requested ?? parallelism, RestartStrategy = RestartStrategy.FixedDelay(10, TimeSpan.FromMilliseconds(100)) });
            env.Options.Checkpoints.Storage = storage;
            var numbers = env.FromSequence(1, 10);
            if (hasTwoTasks)
            {
                numbers.Parallelism(1).KeyBy(static n => n).Reduce(static (_, n) => n).Discard();
            }
            else
            {
                numbers.Discard();
            }

            return new BuiltJob(env.BuildJobGraph(name), new SerializerProvider(env.Serializers), env.LoggerFactory, null, null);
        }
    }
}
