using Millrace.Testing;
using Millrace.Testing.Simulation;

namespace Millrace.Tests.Jobs;

public sealed class BackpressureTests
{
    [Fact]
    public void A_sink_that_is_busy_for_a_minute_stops_its_source_and_nothing_spins()
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            var scheduler = new SimulatedScheduler(seed);
            var sink = new GatedSink { IgnoresToken = true };
            int produced = 0;
            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, BatchSize = 16, ChannelCapacity = 2 });
            env.FromGenerator(index => { produced++; return index; }, 5_000).Rebalance().Map(n => n).DisableChaining().SinkTo(sink).Name("slow");
            var execution = JobRunner.Prepare(env, scheduler, "slow sink");
            execution.Start();
            scheduler.RunUntilIdle();
            int before = produced;
            Assert.InRange(before, 1, 16 * 20);
            long steps = scheduler.Steps;
            scheduler.Time.Advance(TimeSpan.FromMinutes(1));
            scheduler.RunUntilIdle();
            Assert.Equal(before, produced);
            Assert.True(scheduler.Steps - steps < 50, $"{scheduler.Steps - steps} runs while nothing could be done.");
            var source = JobMetrics.From(execution, TimeSpan.Zero)["Generator"];
            Assert.True(source.BackpressuredTime > TimeSpan.FromSeconds(59), $"{source.BackpressuredTime} of a minute.");
            sink.Gate.SetResult();

            // What was awaited goes on on a thread of the pool, so the simulation is stepped until it has come back.
            Assert.True(SpinWait.SpinUntil(() => { scheduler.RunUntilIdle(); return execution.Completion.IsCompleted; }, TimeSpan.FromMinutes(1)), "The job does not end.");
            Assert.Equal(5_000, sink.Written);
            Assert.Equal(5_000, produced);
        }
    }

    [Fact]
    public void Busy_idle_and_backpressured_add_up_and_an_idle_job_is_idle()
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, LatencyTrackingInterval = TimeSpan.FromSeconds(1) });
            env.FromSource(new ScriptedSource<int>(new Script<int>().Record(1).Wait(TimeSpan.FromMinutes(1)).Record(2))).Rebalance().Discard();
            var result = JobRunner.Run(env, seed);
            Assert.All(result.Metrics.Operators, op =>
            {
                var sum = op.BusyTime + op.IdleTime + op.BackpressuredTime;
                Assert.InRange(sum, result.Duration - TimeSpan.FromMilliseconds(50), result.Duration);
                Assert.True(op.IdleTime > TimeSpan.FromSeconds(59), $"{op.Name} was idle for {op.IdleTime} of a minute.");
            });
            Assert.InRange(result.Metrics["Discard"].LatencyMarkers, 59, 61);
        }
    }

    [Fact]
    public async Task To_stop_collecting_cancels_the_job_and_a_slow_reader_slows_it_down()
    {
        long produced = 0;
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, BatchSize = 64, ChannelCapacity = 2 });
        var stream = env.FromGenerator(index => Interlocked.Increment(ref produced), long.MaxValue - 1);
        var taken = new List<long>();
        await foreach (long value in stream.ExecuteAndCollectAsync("collected", Patience.Token))
        {
            taken.Add(value);
            if (taken.Count == 100)
            {
                break;
            }
        }

        // Behind the loop the job is over: nothing was produced for nobody while the cancellation was under way.
        Assert.InRange(Interlocked.Read(ref produced), 100, 100 + 4096 + (64 * 10));
        Assert.Equal(Enumerable.Range(1, 100).Select(n => (long)n), taken);
    }

    [Fact]
    public async Task A_hundred_subtasks_and_four_jobs_share_the_threads_of_two_cores()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async index =>
        {
            long sum = 0;
            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 30, ChannelCapacity = 2, BatchSize = 32, OperatorChaining = false });
            env.FromSequence(1, 30_000).Map(n => n).Rebalance().Filter(n => n % 2 == 0).KeyBy(n => n % 10).Reduce((a, b) => a + b)
                .ForEach(_ => Interlocked.Increment(ref sum));
            await Patience.FinishAsync(env.ExecuteAsync($"job {index}", Patience.Token));
            Assert.Equal(15_000, sum);
        }));
    }

    [Fact]
    public async Task A_blocking_function_has_a_thread_of_its_own_and_others_go_on()
    {
        using var blocked = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        using var others = new CountdownEvent(1_000);
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        string? name = null;
        var source = env.FromSequence(1, 1_000);
        source.Map(n =>
        {
            name = Thread.CurrentThread.Name;
            blocked.Set();
            release.Wait(TimeSpan.FromMinutes(1));
            return n;
        }).Name("blocks").Blocking().Discard();
        source.Map(n => n).ForEach(_ => others.Signal());
        var job = env.ExecuteAsync("blocking", Patience.Token);
        Patience.Await(blocked, "the blocking function");
        Assert.True(others.Wait(TimeSpan.FromMinutes(1), Patience.Token), "A blocked function stopped others.");
        Assert.Contains("blocks", name, StringComparison.Ordinal);
        release.Set();
        await Patience.FinishAsync(job);
    }
}
