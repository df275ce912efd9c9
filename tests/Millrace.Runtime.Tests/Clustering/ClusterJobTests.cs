using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Serialization;
using Millrace.Testing.Simulation;

namespace Millrace.Runtime.Tests.Clustering;

/// <summary>A coordinator and workers that know each other by connections alone, on one thread and a seed.</summary>
public sealed class ClusterJobTests
{
    [Fact]
    public void A_job_waits_for_slots_and_runs_when_there_are_enough()
    {
        List<int> results = [];
        var cluster = new Cluster(seed: 1, () => Squares(results, parallelism: 4));
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
        var cluster = new Cluster(seed: 1, () => Squares([], parallelism: 2, name: built++ == 0 ? "Square" : "Cube"));
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
        var cluster = new Cluster(seed: 1, () => Squares([], parallelism: 2, isEndless: true));
        cluster.Start("a", slots: 2);
        var second = cluster.Lead(term: 2);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.All(Topology(second).Subtasks, subtask => Assert.Equal(Millrace.Runtime.Tasks.SubtaskState.Running, second.StateOf(subtask)));

        var first = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.Contains("MR6205: The coordinator of job 'squares' with term 1 is over: one with term 2 leads.", first.Failures.Records[0].Error.Message, StringComparison.Ordinal);
        Assert.All(Topology(second).Subtasks, subtask => Assert.Equal(Millrace.Runtime.Tasks.SubtaskState.Running, second.StateOf(subtask)));

        var third = cluster.Lead(term: 3);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.All(Topology(third).Subtasks, subtask => Assert.Equal(Millrace.Runtime.Tasks.SubtaskState.Running, third.StateOf(subtask)));
        Assert.Contains("MR6201: Worker a (simulated:0) is lost, and with it the subtasks that ran there: the other end broke it", second.Failures.Records[0].Error.Message, StringComparison.Ordinal);

        static JobTopology Topology(JobExecution execution) => JobTopology.Of(execution.Job);
    }

    [Fact]
    public void A_lost_worker_s_subtasks_move_to_others()
    {
        var cluster = new Cluster(seed: 1, () => Squares([], parallelism: 2, isEndless: true));
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
        var cluster = new Cluster(seed: 1, () => Squares([], parallelism: 2, isEndless: true));
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
        var cluster = new Cluster(seed: 1, () => Squares([], parallelism: 2, isEndless: true));
        cluster.Start("a", slots: 2);
        var execution = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(1));

        // Whoever suspends it would have it go on elsewhere, and the user has said that it is to end.
        execution.Cancel();
        execution.Suspend();
        Assert.Equal(JobState.Canceled, cluster.RunToEnd(execution).State);
    }

    private static StreamExecutionEnvironment Squares(List<int> results, int parallelism, string name = "Square", bool isEndless = false)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = parallelism, BatchSize = 8, RestartStrategy = isEndless ? RestartStrategy.FixedDelay(100, TimeSpan.FromSeconds(1)) : null });
        env.FromGenerator(i => (int)i, isEndless ? 1_000_000_000 : 1_000, recordsPerSecond: isEndless ? 100 : null).KeyBy(n => n % 7).Reduce((_, n) => n).Map(n => n * n).Name(name).ForEach(results.Add);
        return env;
    }

    /// <summary>Processes, a network, and who is alive.</summary>
    private sealed class Cluster : IJobBuilder
    {
        private readonly Func<StreamExecutionEnvironment> _program;
        private readonly SimulatedScheduler _scheduler;
        private readonly SimulatedCluster _cluster;
        private readonly Dictionary<string, (WorkerInfo Worker, SimulatedProcess Process)> _alive = [];
        private readonly List<SimulatedClusterView> _views = [];

        public Cluster(ulong seed, Func<StreamExecutionEnvironment> program)
        {
            _program = program;
            _scheduler = new SimulatedScheduler(seed);
            _cluster = new SimulatedCluster(_scheduler, new SimulatedNetwork(_scheduler, seed, TimeSpan.FromMilliseconds(2)));
        }

        public int TimesWithoutRoom { get; private set; }

        public List<DistributedHost> Hosts { get; } = [];

        public List<WorkerHost> Workers { get; } = [];

        public IReadOnlyList<string> Names => ["squares"];

        public BuiltJob Build(string name, int? parallelism)
        {
            var env = _program();
            return new BuiltJob(env.BuildJobGraph(name), new SerializerProvider(env.Serializers), env.LoggerFactory, null, null);
        }

        public void Start(string name, int slots)
        {
            var process = _scheduler.StartProcess(name);
            var worker = new WorkerInfo(name, name, "simulated", 0, slots);
            var host = new WorkerHost(() => worker, this, process, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
            host.DataPlane = _cluster.Add(worker, process, host);
            Workers.Add(host);
            _alive.Add(name, (worker, process));
            Tell();
        }

        public void Kill(string name)
        {
            _alive.Remove(name, out var dead);
            dead.Process.Kill();
            _cluster.Remove(name);
            Tell();
        }

        public JobExecution Lead(long term)
        {
            var process = _scheduler.StartProcess($"coordinator {term}");
            var me = new WorkerInfo(process.Name, process.Name, "simulated", 0, 0);
            var view = new SimulatedClusterView(me);
            _views.Add(view);
            Tell();
            var built = Build("squares", null);
            var host = new DistributedHost(
                built.Graph, new ControlConnectionKey("squares", "squares", term), new TrustedWorkers(view, process.TimeProvider), _cluster.Add(me, process, null), built.Serializers, process, built.Loggers)
            {
                NoRoom = () => TimesWithoutRoom++,
            };
            Hosts.Add(host);
            var execution = new JobExecution(built.Graph, host, process, built.Serializers, built.Loggers, new Random(1));
            execution.Start();
            return execution;
        }

        public void RunFor(TimeSpan span)
        {
            bool over = false;
            using var timer = _scheduler.Time.CreateTimer(_ => over = true, null, span, Timeout.InfiniteTimeSpan);
            _scheduler.RunUntil(() => over);
        }

        public JobOutcome RunToEnd(JobExecution execution)
        {
            _scheduler.RunUntil(() => execution.Completion.IsCompleted);
            return execution.Completion.GetAwaiter().GetResult();
        }

        private void Tell() => _views.ForEach(view => view.Set([.. _alive.Values.Select(item => item.Worker)]));
    }
}
