using Millrace.Runtime.Coordination;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;
using Millrace.Testing;
using Millrace.Testing.Simulation;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Exchange.Remote;

/// <summary>Whole jobs whose subtasks are spread over workers, on one thread and a seed.</summary>
public sealed class RemoteJobTests
{
    public readonly record struct Sale(string Shop, long Second, int Amount);

    // With one shop batches are aggregated before they go to another worker.
    [Theory]
    [InlineData(11, 300)]
    [InlineData(1, 100)]
    public void A_job_on_several_workers_gives_the_results_of_one_worker(int shops, ulong seeds)
    {
        List<Sale> expected = [];
        JobRunner.Run(Sales(expected.Add, count: 500, shops), seed: 1);
        expected.Sort(Order);
        Assert.True(expected.Count > 5 * shops);
        Assert.Equal(Enumerable.Range(0, 500).Sum(Amount), expected.Sum(sale => sale.Amount));

        for (ulong seed = 0; seed < seeds; seed++)
        {
            List<Sale> results = [];
            var simulation = new Simulation(Sales(results.Add, count: 500, shops), seed, workers: 2 + (int)(seed % 2));
            var outcome = simulation.Run();
            Assert.Equal((seed, JobState.Finished, null), (seed, outcome.State, outcome.Error));
            Assert.Empty(simulation.Errors);
            results.Sort(Order);
            Assert.Equal(expected, results);
            Assert.All(simulation.Connections, connection => Assert.True(connection.FirstToSecond.Delivered > 10 && connection.SecondToFirst.Delivered > 10));
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        Assert.Equal(Trace(5), Trace(5));
        Assert.NotEqual(Trace(5), Trace(6));

        static List<Sale> Trace(ulong seed)
        {
            List<Sale> results = [];
            new Simulation(Sales(results.Add, count: 300), seed, workers: 2).Run();
            return results;
        }
    }

    [Fact]
    public void A_sink_on_another_worker_holds_back_those_before_it()
    {
        // Between map and sink fit the two elements of the channel, one that waits for credit, and one in the hand of each.
        int ahead = 0;
        int written = 0;
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, BatchSize = 1, ChannelCapacity = 2, BufferTimeout = TimeSpan.Zero });
        int read = 0;
        env.FromGenerator(i => (int)i, 1_000).DisableChaining()
            .Map(n =>
            {
                read++;
                return n;
            })
            .DisableChaining()
            .ForEach(_ =>
            {
                written++;
                ahead = Math.Max(ahead, read - written);
            });
        var outcome = new Simulation(env, seed: 3, workers: 2).Run();
        Assert.Equal(JobState.Finished, outcome.State);
        Assert.Equal((1_000, 1_000), (read, written));
        Assert.InRange(ahead, 2, 5);
    }

    [Fact]
    public void A_connection_that_breaks_fails_the_job_and_ends_it()
    {
        for (ulong seed = 0; seed < 200; seed++)
        {
            var simulation = new Simulation(Sales(static _ => { }, count: 2_000), seed, workers: 2);
            simulation.Connections[0].FirstToSecond.BreakAt = (int)(seed % 40);
            var outcome = simulation.Run();
            Assert.Equal(JobState.Failed, outcome.State);
            var error = Assert.IsType<JobFailedException>(outcome.Error);
            Assert.Matches("^MR2001: Job 'sales' failed\\. .+ \\([12]/2\\): MR5001: The connection between worker '[01]' and worker '[01]' \\(simulated, .+\\) broke", error.Message);
            Assert.Equal("MR5001", Assert.IsType<MillraceException>(error.InnerException).Code);
            Assert.Equal(2, simulation.Errors.Count);
            Assert.All(simulation.Subtasks, subtask => Assert.True(subtask.IsStopped));
        }
    }

    [Fact]
    public void A_damaged_frame_fails_the_job_and_no_wrong_result_comes_out()
    {
        List<Sale> correct = [];
        JobRunner.Run(Sales(correct.Add, count: 2_000), seed: 1);
        var expected = correct.ToHashSet();
        for (ulong seed = 0; seed < 200; seed++)
        {
            List<Sale> results = [];
            var simulation = new Simulation(Sales(results.Add, count: 2_000), seed, workers: 2);
            var random = new Random((int)seed);
            int number = random.Next(0, 60);
            simulation.Connections[0].SecondToFirst.Disturb = (index, frame) => frame.Bytes[random.Next(frame.Length)] ^= (byte)(index == number ? random.Next(1, 256) : 0);
            var outcome = simulation.Run();
            Assert.Equal(JobState.Failed, outcome.State);
            Assert.Contains(simulation.Errors, error => error.Code == "MR5002");
            Assert.All(simulation.Subtasks, subtask => Assert.True(subtask.IsStopped));
            Assert.Subset(expected, results.ToHashSet());
        }
    }

    [Fact]
    public void A_job_that_is_cancelled_while_the_network_stands_still_ends()
    {
        var simulation = new Simulation(Sales(static _ => { }, count: 2_000), seed: 4, workers: 2);
        simulation.Connections[0].FirstToSecond.Disturb = (index, _) =>
        {
            if (index == 10)
            {
                simulation.Execution.Cancel();
            }
        };
        Assert.Equal(JobState.Canceled, simulation.Run().State);
    }

    [Fact]
    public async Task On_real_threads_the_results_are_the_same_too()
    {
        List<Sale> expected = [];
        JobRunner.Run(Sales(expected.Add, count: 20_000), seed: 1);
        expected.Sort(Order);

        List<Sale> results = [];
        using var scheduler = new ThreadedScheduler(3, TimeProvider.System, "remote test");
        var env = Sales(
            sale =>
            {
                lock (results)
                {
                    results.Add(sale);
                }
            },
            count: 20_000);
        var outcome = await new Simulation(env, scheduler, seed: 1, workers: 2).StartAsync();
        Assert.Equal((JobState.Finished, null), (outcome.State, outcome.Error));
        results.Sort(Order);
        Assert.Equal(expected, results);
    }

    private static int Order(Sale a, Sale b) => (a.Second, a.Shop, a.Amount).CompareTo((b.Second, b.Shop, b.Amount));

    private static int Amount(int i) => i * 7 % 100;

    /// <summary>Sums of each shop and second, then handed round once more; small batches and channels, so that credit is short.</summary>
    private static StreamExecutionEnvironment Sales(Action<Sale> sink, int count, int shops = 11)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2, BatchSize = 8, ChannelCapacity = 2, MaxParallelism = 16 });
        env.FromGenerator(
                i => (Sale: new Sale($"shop {i * 31 % shops}", i / 40, Amount((int)i)), Time: i * 25),
                count,
                watermarks: WatermarkStrategy<(Sale Sale, long Time)>.ForBoundedOutOfOrderness(TimeSpan.FromSeconds(1)).WithTimestampAssigner(static record => record.Time).WithWatermarkEvery(20))
            .Map(record => record.Sale)
            .KeyBy(sale => sale.Shop)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(1)))
            .Reduce((a, b) => a with { Amount = a.Amount + b.Amount })
            .Rebalance()
            .ForEach(sink);
        return env;
    }

    /// <summary>A job on workers that are connected by a simulated network, each subtask on the next worker.</summary>
    private sealed class Simulation
    {
        private readonly ITaskScheduler _scheduler;
        private readonly Dictionary<string, IDataConnection>[] _ends;

        public Simulation(StreamExecutionEnvironment env, ulong seed, int workers)
            : this(env, new SimulatedScheduler(seed), seed, workers)
        {
        }

        public Simulation(StreamExecutionEnvironment env, ITaskScheduler scheduler, ulong seed, int workers)
        {
            _scheduler = scheduler;
            var network = new SimulatedNetwork(scheduler, seed, scheduler is SimulatedScheduler ? TimeSpan.FromMilliseconds(3) : TimeSpan.Zero);
            _ends = Enumerable.Range(0, workers).Select(_ => new Dictionary<string, IDataConnection>()).ToArray();
            for (int first = 0; first < workers; first++)
            {
                for (int second = first + 1; second < workers; second++)
                {
                    var connection = network.Connect(Name(first), Name(second));
                    Connections.Add(connection);
                    _ends[first].Add(Name(second), connection.First);
                    _ends[second].Add(Name(first), connection.Second);
                }
            }

            var serializers = new SerializerProvider(env.Serializers);
            Execution = new JobExecution(env.BuildJobGraph("sales"), new Host(this, env, workers), scheduler, serializers, env.LoggerFactory, new Random(1));
        }

        public JobExecution Execution { get; }

        public List<SimulatedConnection> Connections { get; } = [];

        public List<MillraceException> Errors { get; } = [];

        public IEnumerable<Subtask> Subtasks => Execution.Subtasks.Values;

        public JobOutcome Run()
        {
            Execution.Start();
            var scheduler = (SimulatedScheduler)_scheduler;
            scheduler.RunUntil(() => Execution.Completion.IsCompleted);

            // The job may end before everybody has heard why.
            scheduler.RunUntilIdle();

            // Complete already: the simulation ran until it was.
            return Execution.Completion.GetAwaiter().GetResult();
        }

        public Task<JobOutcome> StartAsync()
        {
            Execution.Start();
            return Execution.Completion;
        }

        private static string Name(int worker) => $"{worker}";

        private sealed class Host(Simulation owner, StreamExecutionEnvironment env, int workers) : IJobHost
        {
            public IReadOnlyDictionary<SubtaskId, ISubtaskHandle> Deploy(Deployment deployment)
            {
                var subtasks = new Dictionary<SubtaskId, ISubtaskHandle>();
                for (int worker = 0; worker < workers; worker++)
                {
                    var serializers = new SerializerProvider(env.Serializers);
                    var factory = new RemoteChannelFactory(
                        deployment.Job, Name(worker), (ulong)deployment.Epoch, WorkerOf, owner._ends[worker], serializers, owner.Errors.Add);
                    string name = Name(worker);
                    foreach (var (id, subtask) in new LocalWorker(deployment, owner._scheduler, factory, serializers, env.LoggerFactory, id => WorkerOf(id) == name).Subtasks)
                    {
                        subtasks.Add(id, subtask);
                    }

                    // Others are not ready yet: what is sent to them waits.
                    factory.Start();
                }

                return subtasks;

                string WorkerOf(SubtaskId id) => Name((id.Vertex + id.Index) % workers);
            }
        }
    }
}
