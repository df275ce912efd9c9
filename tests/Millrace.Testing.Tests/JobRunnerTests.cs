using Millrace.Windowing;

namespace Millrace.Testing.Tests;

public sealed class JobRunnerTests
{
    [Fact]
    public void Run_TheSameSeed_IsTheSameRun_AndOthersDiffer()
    {
        var runs = Enumerable.Range(0, 20).Select(seed => string.Join(' ', Interleaving((ulong)seed))).ToList();
        Assert.Equal(runs, Enumerable.Range(0, 20).Select(seed => string.Join(' ', Interleaving((ulong)seed))));
        Assert.True(runs.Distinct().Count() > 10, "Hardly any two seeds differ.");
        Assert.All(runs, run => Assert.Equal(Enumerable.Range(0, 60), run.Split(' ').Select(int.Parse).Order()));
    }

    [Fact]
    public void Run_GivesTheOutcomeAndItsMetrics()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
        env.FromCollection(Enumerable.Range(0, 100).ToList()).Name("numbers").Filter(n => n % 2 == 0).Name("even").Discard().Name("nothing");
        var result = JobRunner.Run(env, 3, "evens");
        Assert.Equal("evens", result.JobName);
        Assert.Equal(JobState.Finished, result.State);
        Assert.Equal(100, result.Metrics["even"].RecordsIn);
        Assert.Equal(50, result.Metrics["nothing"].RecordsIn);
    }

    [Fact]
    public void Run_AFunctionThatThrows_IsTheJobsError()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
        env.FromCollection([1, 0]).Map(n => 1 / n).Name("reciprocal").Discard();
        var error = Assert.Throws<JobFailedException>(() => JobRunner.Run(env, 1));
        Assert.Contains("reciprocal", error.Message, StringComparison.Ordinal);
        Assert.IsType<DivideByZeroException>(error.InnerException);
    }

    [Fact]
    public void Run_AScriptThatFails_IsTheJobsError()
    {
        var env = new StreamExecutionEnvironment();
        env.FromSource(new ScriptedSource<int>(new Script<int>().Record(1).Fail(new IOException("gone")))).Discard();
        var error = Assert.Throws<JobFailedException>(() => JobRunner.Run(env, 1));
        Assert.IsType<IOException>(error.InnerException);
    }

    [Fact]
    public void Run_AScriptThatHangs_SaysThatTheJobDoesNotEndWithTheSeed()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { AutoWatermarkInterval = TimeSpan.FromHours(1) });
        env.FromSource(new ScriptedSource<int>(new Script<int>().Record(1).Hang())).Discard();
        var error = Assert.Throws<InvalidOperationException>(() => JobRunner.Run(env, 4711));
        Assert.Contains("4711", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_AWrongGraph_IsRefused()
    {
        var env = new StreamExecutionEnvironment();
        env.FromCollection([1]).Map(n => n);
        Assert.Throws<GraphException>(() => JobRunner.Run(env, 1));
    }

    /// <summary>A script that waits takes the time it says, and no time passes on the wall.</summary>
    [Fact]
    public void A_script_waits_in_virtual_time()
    {
        var env = new StreamExecutionEnvironment();
        var seen = new List<int>();
        env.FromSource(new ScriptedSource<int>(new Script<int>().Record(1).Wait(TimeSpan.FromDays(1)).Record(2))).ForEach(seen.Add);
        var result = JobRunner.Run(env, 5);
        Assert.Equal([1, 2], seen);
        Assert.True(result.Metrics.Elapsed >= TimeSpan.FromDays(1));
    }

    [Fact]
    public void Scripts_of_one_reader_wait_for_each_others_watermarks_whatever_the_schedule()
    {
        for (ulong seed = 0; seed < 50; seed++)
        {
            foreach (int parallelism in (int[])[1, 2])
            {
                var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = parallelism });
                var source = new ScriptedSource<int>(
                    new Script<int>().Watermark(100).Record(1, 150).Watermark(200),
                    new Script<int>().Record(2, 50).Watermark(60).Record(3, 90));
                var windows = new List<int>();
                env.FromSource(source).KeyBy(_ => 0).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(100))).Reduce((a, b) => a + b)
                    .ForEach(windows.Add);
                var result = JobRunner.Run(env, seed);
                Assert.Equal(0, result.Metrics.LateRecords);
                Assert.Equal([5, 1], windows);
            }
        }
    }

    [Fact]
    public void An_idle_script_holds_nobody_back()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
        var source = new ScriptedSource<int>(
            new Script<int>().Idle().Wait(TimeSpan.FromHours(2)),
            new Script<int>().Record(1, 10).Watermark(1_000).Wait(TimeSpan.FromHours(1)).Record(2, 2_000));
        var seen = new List<int>();
        var firedAt = new List<bool>();
        bool second = false;
        var stream = env.FromSource(source);
        stream.KeyBy(_ => 0).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(100))).Reduce((a, b) => a + b).ForEach(value =>
        {
            seen.Add(value);
            firedAt.Add(second);
        });
        stream.ForEach(value => second |= value == 2);
        JobRunner.Run(env, 11);
        Assert.Equal([1, 2], seen);
        Assert.Equal([false, true], firedAt);
    }

    private static List<int> Interleaving(ulong seed)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 3, BatchSize = 4, OperatorChaining = false });
        var scripts = Enumerable.Range(0, 3).Select(script => Enumerable.Range(0, 20).Aggregate(new Script<int>(), (steps, i) => steps.Record((script * 20) + i))).ToArray();
        var seen = new List<int>();
        env.FromSource(new ScriptedSource<int>(scripts)).Rebalance().Map(n => n).ForEach(seen.Add);
        JobRunner.Run(env, seed);
        return seen;
    }
}
