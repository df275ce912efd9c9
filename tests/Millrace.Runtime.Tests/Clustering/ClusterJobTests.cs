using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Tests.Checkpointing.Storage;

namespace Millrace.Runtime.Tests.Clustering;

/// <summary>A coordinator and workers that know each other by connections alone, on one thread and a seed.</summary>
public sealed class ClusterJobTests
{
    [Fact]
    public void A_job_waits_for_slots_and_runs_when_there_are_enough()
    {
        List<int> results = [];
        var cluster = new ClusterRig(seed: 1, () => Squares(results, parallelism: 4));
        cluster.Start("a", slots: 2);
        var execution = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(20));
        Assert.Equal(JobState.Running, execution.State);
        Assert.Equal(1, cluster.TimesWithoutRoom);
        Assert.Empty(results);

        cluster.Start("b", slots: 2);
        var outcome = cluster.RunToEnd(execution);
        Assert.Equal((JobState.Finished, null), (outcome.State, outcome.Error));
        Assert.Equal(Enumerable.Range(0, 1_000).Select(n => n * n), results.Order());
    }

    [Fact]
    public void A_worker_with_another_graph_refuses_and_names_the_operator()
    {
        int built = 0;
        var cluster = new ClusterRig(seed: 1, () => Squares([], parallelism: 2, name: built++ == 0 ? "Square" : "Cube"));
        cluster.Start("a", slots: 2);
        var outcome = cluster.RunToEnd(cluster.Lead(term: 1));
        Assert.Equal(JobState.Failed, outcome.State);
        Assert.Contains("MR6204: Worker a", outcome.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("where it has operator 'Cube'", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Contains("there is 'Square'", outcome.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_coordinator_of_a_lesser_term_is_refused_and_a_greater_one_takes_over()
    {
        var cluster = new ClusterRig(seed: 1, () => Squares([], parallelism: 2, isEndless: true));
        cluster.Start("a", slots: 2);
        var second = cluster.Lead(term: 2);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.All(Topology(second).Subtasks, subtask => Assert.Equal(SubtaskState.Running, second.StateOf(subtask)));

        var first = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.Contains("MR6205: The coordinator of job 'squares' with term 1 is over: one with term 2 leads.", first.Failures.Records[0].Error.Message, StringComparison.Ordinal);
        Assert.All(Topology(second).Subtasks, subtask => Assert.Equal(SubtaskState.Running, second.StateOf(subtask)));

        var third = cluster.Lead(term: 3);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.All(Topology(third).Subtasks, subtask => Assert.Equal(SubtaskState.Running, third.StateOf(subtask)));
        Assert.Contains("MR6201: Worker a (simulated:0) is lost, and with it the subtasks that ran there: the other end broke it", second.Failures.Records[0].Error.Message, StringComparison.Ordinal);

        static JobTopology Topology(JobExecution execution) => JobTopology.Of(execution.Job);
    }

    [Fact]
    public void A_lost_worker_s_subtasks_move_to_others()
    {
        var cluster = new ClusterRig(seed: 1, () => Squares([], parallelism: 2, isEndless: true));
        cluster.Start("a", slots: 1);
        cluster.Start("b", slots: 1);
        cluster.Start("c", slots: 1);
        var execution = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(["a", "b"], cluster.Hosts[^1].Placement.Values.Select(worker => worker.Name).Distinct().Order());

        cluster.Kill("a");
        cluster.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal(["b", "c"], cluster.Hosts[^1].Placement.Values.Select(worker => worker.Name).Distinct().Order());
        Assert.Equal(JobState.Running, execution.State);
        Assert.Contains("MR6201: Worker a (simulated:0) is lost", execution.Failures.Records[0].Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_suspended_execution_leaves_nothing_behind_on_workers()
    {
        var cluster = new ClusterRig(seed: 1, () => Squares([], parallelism: 2, isEndless: true));
        cluster.Start("a", slots: 2);
        var execution = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        execution.Suspend();
        Assert.Equal(JobState.Suspended, cluster.RunToEnd(execution).State);
        cluster.Hosts[^1].Dispose();
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.True(cluster.Workers[0].CloseAsync().IsCompletedSuccessfully);
    }

    [Fact]
    public void An_execution_that_is_being_cancelled_is_not_suspended_any_more()
    {
        var cluster = new ClusterRig(seed: 1, () => Squares([], parallelism: 2, isEndless: true));
        cluster.Start("a", slots: 2);
        var execution = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(1));

        // Whoever suspends it would have it go on elsewhere, and the user has said that it is to end.
        execution.Cancel();
        execution.Suspend();
        Assert.Equal(JobState.Canceled, cluster.RunToEnd(execution).State);
    }

    [Fact]
    public void A_worker_ends_the_subtasks_of_a_coordinator_that_is_lost()
    {
        List<int> results = [];
        var cluster = new ClusterRig(seed: 1, () => Squares(results, parallelism: 2, isEndless: true));
        cluster.Start("a", slots: 2);
        cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(5));
        Assert.NotEmpty(results);

        // Another coordinator may give the same splits to other workers at any moment.
        cluster.Kill("coordinator 1");
        cluster.RunFor(TimeSpan.FromSeconds(1));
        int before = results.Count;
        cluster.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal(before, results.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_worker_that_leaves_goes_on_until_it_is_let_go(bool isReadyAtOnce)
    {
        List<WorkerInfo> leaving = [];
        List<int> results = [];
        var cluster = new ClusterRig(seed: 1, () => Squares(results, parallelism: 2, isEndless: true)) { Leaving = isReadyAtOnce ? null : leaving.Add };
        cluster.Start("a", slots: 1);
        cluster.Start("b", slots: 1);
        cluster.Start("c", slots: 1);
        var execution = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(["a", "b"], Workers());
        var left = cluster.Workers[0].LeaveAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        cluster.RunFor(TimeSpan.FromSeconds(10));
        if (!isReadyAtOnce)
        {
            Assert.Equal(["a", "b"], Workers());
            int before = results.Count;
            cluster.RunFor(TimeSpan.FromSeconds(1));
            Assert.True(results.Count > before);
            Assert.False(left.IsCompleted);
            cluster.Hosts[^1].LetGo(Assert.Single(leaving));
            cluster.RunFor(TimeSpan.FromSeconds(10));
        }

        // It is still alive, and what is lost on others does not come to it.
        Assert.Equal(["b", "c"], Workers());

        // Nothing in the simulation is left to happen, but what waits for it goes on in a thread of its own.
        await left.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal(0, execution.Failures.Failures);
        cluster.Kill("b");
        cluster.RunFor(TimeSpan.FromSeconds(20));
        Assert.DoesNotContain("a", Workers());
        Assert.Equal(1, cluster.TimesWithoutRoom);

        IEnumerable<string> Workers() => cluster.Hosts[^1].Placement.Values.Select(worker => worker.Name).Distinct().Order();
    }

    [Fact]
    public void A_worker_refuses_what_another_job_leaves_no_slots_for_and_takes_it_when_that_has_ended()
    {
        var cluster = new ClusterRig(seed: 1, () => Squares([], parallelism: 2, isEndless: true));
        cluster.Start("a", slots: 3);
        var first = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        var second = cluster.Lead(term: 1, job: "others");
        cluster.RunFor(TimeSpan.FromSeconds(5));
        Assert.Contains(
            "MR6209: Worker a (simulated:0) refuses subtasks of job 'others' that need 2 slots: it offers 3, and in use are 2 by job 'squares'.", second.Failures.Records[0].Error.Message, StringComparison.Ordinal);
        Assert.Empty(first.Failures.Records);

        first.Cancel();
        cluster.RunFor(TimeSpan.FromSeconds(5));
        Assert.All(JobTopology.Of(second.Job).Subtasks, subtask => Assert.Equal(SubtaskState.Running, second.StateOf(subtask)));

        // What a coordinator that is over has left makes way for the next one of the same job, and for nobody else.
        var third = cluster.Lead(term: 2, job: "others");
        cluster.RunFor(TimeSpan.FromSeconds(5));
        Assert.All(JobTopology.Of(third.Job).Subtasks, subtask => Assert.Equal(SubtaskState.Running, third.StateOf(subtask)));
        Assert.Empty(third.Failures.Records);
    }

    [Fact]
    public void What_is_refused_counts_for_no_failure_and_leaves_nothing_behind()
    {
        List<string> reasons = [];
        JobExecution? second = null;
        var cluster = new ClusterRig(seed: 1, () => Squares([], parallelism: 2, isEndless: true))
        {
            Refused = (_, reason) =>
            {
                reasons.Add(reason);
                second!.Suspend();
            },
        };
        cluster.Start("a", slots: 3);
        var first = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        second = cluster.Lead(term: 1, job: "others");
        Assert.Equal(JobState.Suspended, cluster.RunToEnd(second).State);
        Assert.All(reasons, reason => Assert.StartsWith("MR6209: ", reason, StringComparison.Ordinal));
        Assert.Empty(second.Failures.Records);

        // For a moment it is given nothing; it is alive all the same.
        Assert.Empty(cluster.Trusted[^1].Workers);
        cluster.RunFor(TimeSpan.FromSeconds(2));
        Assert.Equal("a", Assert.Single(cluster.Trusted[^1].Workers).Name);
        cluster.Hosts[^1].Dispose();
        first.Cancel();
        cluster.RunToEnd(first);
        cluster.Hosts[0].Dispose();
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.True(cluster.Workers[0].CloseAsync().IsCompletedSuccessfully);
    }

    [Fact]
    public void What_a_worker_says_of_an_earlier_attempt_is_passed_over()
    {
        var cluster = new ClusterRig(seed: 1, () => Squares([], parallelism: 1, isEndless: true));
        var worker = cluster.StartScripted("a", slots: 1);
        var execution = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        worker.ReportAll(SubtaskState.Running);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        worker.ReportAll(SubtaskState.Failed, new InvalidOperationException("the first attempt"));
        cluster.RunFor(TimeSpan.FromSeconds(5));
        Assert.Equal(2, worker.Plans[^1].Attempt);
        worker.ReportAll(SubtaskState.Running);
        cluster.RunFor(TimeSpan.FromSeconds(1));

        var late = worker.Plans[^1].Placement[0].Subtask;
        worker.Send(new ControlMessage.StateChanged(late, 1, SubtaskState.Failed, new InvalidOperationException("late")));
        worker.Send(new ControlMessage.StateChanged(late, 1, SubtaskState.Finished, null));
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(SubtaskState.Running, execution.StateOf(late));
        Assert.DoesNotContain(execution.Failures.Records, record => record.Error.Message.Contains("late", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_drain_does_not_overtake_a_checkpoint_that_began_before(ulong seed)
    {
        var cluster = new ClusterRig(seed, () => Squares([], parallelism: 1, isEndless: true, storage: new MemoryCheckpointStorage()));
        var worker = cluster.StartScripted("a", slots: 1);
        var execution = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        worker.ConnectReaders();
        worker.ReportAll(SubtaskState.Running);
        cluster.RunFor(TimeSpan.FromSeconds(1));

        // With the end of the input in it, a job that goes on from the checkpoint would read nothing any more.
        _ = execution.RequestAsync(SnapshotKind.Checkpoint);
        _ = execution.RequestAsync(SnapshotKind.CanonicalSavepoint, "savepoints", StopMode.Drain);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal([typeof(ControlMessage.TriggerReader), typeof(ControlMessage.Drain)], worker.Orders.Where(order => order is ControlMessage.TriggerReader or ControlMessage.Drain).Select(order => order.GetType()));
    }

    private static StreamExecutionEnvironment Squares(List<int> results, int parallelism, string name = "Square", bool isEndless = false, MemoryCheckpointStorage? storage = null)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions
        {
            Parallelism = parallelism,
            BatchSize = 8,
            RestartStrategy = isEndless ? RestartStrategy.FixedDelay(100, TimeSpan.FromSeconds(1)) : null,
            Checkpoints = new CheckpointOptions { Storage = storage },
        });
        env.FromGenerator(i => (int)i, isEndless ? 1_000_000_000 : 1_000, recordsPerSecond: isEndless ? 100 : null).KeyBy(n => n % 7).Reduce((_, n) => n).Map(n => n * n).Name(name).ForEach(results.Add);
        return env;
    }
}
