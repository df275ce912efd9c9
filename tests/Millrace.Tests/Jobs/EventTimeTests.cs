using Millrace.Runtime.Time;
using Millrace.Testing;
using Millrace.Testing.Simulation;
using Millrace.Tests.Diagnostics;
using Millrace.Windowing;

namespace Millrace.Tests.Jobs;

/// <summary>Sources that wait for each other, and who holds a watermark back, in whole jobs in virtual time.</summary>
public sealed class EventTimeTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>The fast source is 50 times as fast: it is never further ahead than the drift and what it reads between two looks.</summary>
    [Theory]
    [InlineData(true, 2_500)]
    [InlineData(false, null)]
    public void A_fast_source_waits_for_a_slow_one_of_its_group(bool isAligned, int? mostAhead)
    {
        for (ulong seed = 0; seed < 10; seed++)
        {
            long slowest = 0;
            long ahead = 0;
            int count = 0;
            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
            Add("fast", TimeSpan.FromMilliseconds(1), timestamp => ahead = Math.Max(ahead, timestamp - slowest));
            Add("slow", TimeSpan.FromMilliseconds(50), timestamp => slowest = timestamp);
            JobRunner.Run(env, seed);
            Assert.Equal(400, count);
            Assert.True(isAligned ? ahead <= mostAhead : ahead > 15_000, $"Seed {seed}: {ahead} ms ahead.");

            void Add(string name, TimeSpan wait, Action<long> seen)
            {
                var script = new Script<long>();
                for (int i = 0; i < 200; i++)
                {
                    script.Record(100 * i, 100 * i).Wait(wait);
                }

                var strategy = WatermarkStrategy<long>.ForMonotonousTimestamps().WithWatermarkEvery(1);
                env.FromSource(new ScriptedSource<long>(script), isAligned ? strategy.WithWatermarkAlignment("group", Second, TimeSpan.FromMilliseconds(10)) : strategy, name).ForEach(timestamp =>
                {
                    count++;
                    seen(timestamp);
                });
            }
        }
    }

    /// <summary>Of two splits in one reader the one that is ahead waits, and its reader goes on with the other.</summary>
    [Fact]
    public void A_fast_split_waits_for_a_slow_one_of_the_same_reader()
    {
        long slowest = 0;
        long ahead = 0;
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, AutoWatermarkInterval = TimeSpan.FromMilliseconds(5) });
        var fast = new Script<(bool IsFast, long Timestamp)>();
        var slow = new Script<(bool IsFast, long Timestamp)>();
        for (int i = 0; i < 200; i++)
        {
            fast.Record((true, 100 * i), 100 * i).Wait(TimeSpan.FromMilliseconds(1));
            slow.Record((false, 100 * i), 100 * i).Wait(TimeSpan.FromMilliseconds(50));
        }

        int count = 0;
        env.FromSource(
            new ScriptedSource<(bool IsFast, long Timestamp)>(fast, slow),
            WatermarkStrategy<(bool IsFast, long Timestamp)>.ForMonotonousTimestamps().WithWatermarkAlignment("group", Second, TimeSpan.FromMilliseconds(10))).ForEach(record =>
        {
            count++;
            slowest = record.IsFast ? slowest : record.Timestamp;
            ahead = Math.Max(ahead, record.Timestamp - slowest);
        });
        JobRunner.Run(env, 1);
        Assert.Equal(400, count);
        Assert.True(ahead <= 3_500, $"{ahead} ms ahead.");
    }

    [Fact]
    public void The_log_says_once_which_split_holds_event_time_back_though_records_flow()
    {
        var log = new LogLines();
        var env = SilentAndLively(log, "minutes", Second);
        JobRunner.Run(env, 3);
        var line = Assert.Single(log.Of(2010));
        Assert.Contains("'minutes'", line.Text, StringComparison.Ordinal);
        Assert.Contains("split '0' in subtask 0 of 'silent'", line.Text, StringComparison.Ordinal);
        Assert.Contains("WithIdleness", line.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_is_blamed_where_no_records_come_or_time_goes_on()
    {
        var log = new LogLines();
        JobRunner.Run(SilentAndLively(log, "minutes", TimeSpan.FromMinutes(20)), 3);
        Assert.Empty(log.Of(2010));
    }

    [Fact]
    public void A_watermark_is_held_back_by_the_slowest_split()
    {
        using var log = new LogLines();
        var scheduler = new SimulatedScheduler(5);
        var execution = JobRunner.Prepare(SilentAndLively(log, "minutes", Second), scheduler, "job");
        var begin = scheduler.Time.GetUtcNow();
        execution.Start();
        scheduler.RunUntil(() => scheduler.Time.GetUtcNow() - begin > TimeSpan.FromMinutes(5));
        var operators = WatermarkHolders.Find(execution.Job, execution.Subtasks).ToDictionary(op => op.Name);
        Assert.Equal(new WatermarkHolder("silent", operators["silent"].Uid, 0, "0", -1, WatermarkHold.Split), operators["minutes"].HeldBackBy);
        Assert.Equal(operators["minutes"].HeldBackBy, operators["silent"].HeldBackBy);
        Assert.Equal("lively", operators["lively"].HeldBackBy?.Operator);
        Assert.True(operators["lively"].Watermark > 200_000);
        scheduler.RunUntil(() => execution.Completion.IsCompleted);
        Assert.All(WatermarkHolders.Find(execution.Job, execution.Subtasks), op => Assert.Equal((EventTime.MaxWatermark, null), (op.Watermark, op.HeldBackBy)));
    }

    /// <summary>Who makes watermarks within the stream and is idle is not waited for, and holds nobody back.</summary>
    [Theory]
    [InlineData(true, "lively")]
    [InlineData(false, "marks")]
    public void An_operator_that_makes_watermarks_holds_back_unless_it_is_idle(bool mayBeIdle, string holder)
    {
        var scheduler = new SimulatedScheduler(5);
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        var strategy = WatermarkStrategy<long>.ForMonotonousTimestamps();
        var lively = new Script<long>();
        for (int i = 0; i < 120; i++)
        {
            lively.Record(i, 1_000 * i).Wait(Second);
        }

        env.FromSource(new ScriptedSource<long>(new Script<long>().Record(1, 0).Wait(TimeSpan.FromMinutes(2)))).Name("silent")
            .AssignTimestampsAndWatermarks(mayBeIdle ? strategy.WithIdleness(Second) : strategy).Name("marks")
            .Union(env.FromSource(new ScriptedSource<long>(lively), strategy, "lively"))
            .KeyBy(_ => 0).Reduce((a, b) => a + b).Name("sum").Discard();
        var execution = JobRunner.Prepare(env, scheduler, "job");
        var begin = scheduler.Time.GetUtcNow();
        execution.Start();
        scheduler.RunUntil(() => scheduler.Time.GetUtcNow() - begin > TimeSpan.FromMinutes(1));
        var operators = WatermarkHolders.Find(execution.Job, execution.Subtasks).ToDictionary(op => op.Name);
        Assert.Equal(holder, operators["sum"].HeldBackBy?.Operator);
        Assert.Equal(mayBeIdle, operators["marks"].IsIdle);
        Assert.Equal(mayBeIdle ? null : WatermarkHold.Strategy, operators["marks"].HeldBackBy?.Why);
        scheduler.RunUntil(() => execution.Completion.IsCompleted);
    }

    [Fact]
    public void A_source_without_watermarks_is_named_as_such()
    {
        var scheduler = new SimulatedScheduler(5);
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        env.FromSource(new ScriptedSource<int>(new Script<int>().Record(1).Wait(TimeSpan.FromMinutes(5)))).Name("plain").Discard().Name("end");
        var execution = JobRunner.Prepare(env, scheduler, "job");
        var begin = scheduler.Time.GetUtcNow();
        execution.Start();
        scheduler.RunUntil(() => scheduler.Time.GetUtcNow() - begin > TimeSpan.FromMinutes(1));
        Assert.Equal(WatermarkHold.NoWatermarks, WatermarkHolders.Find(execution.Job, execution.Subtasks).Single(op => op.Name == "end").HeldBackBy?.Why);
        execution.Cancel();
        scheduler.RunUntil(() => execution.Completion.IsCompleted);
    }

    [Fact]
    public void Alignment_within_a_stream_is_refused()
    {
        var stream = new StreamExecutionEnvironment().FromCollection([1L]);
        var error = Assert.Throws<ArgumentException>(() => stream.AssignTimestampsAndWatermarks(WatermarkStrategy<long>.ForMonotonousTimestamps().WithWatermarkAlignment("group", Second)));
        Assert.Contains("FromSource", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Two sources, of which one has a single record and then says nothing for ten minutes.</summary>
    private static StreamExecutionEnvironment SilentAndLively(LogLines log, string window, TimeSpan pace)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 }) { LoggerFactory = log };
        var lively = new Script<long>();
        for (int i = 0; i < 600; i++)
        {
            lively.Record(i, 1_000 * i);
            if (i * pace < TimeSpan.FromMinutes(10))
            {
                lively.Wait(pace);
            }
        }

        var strategy = WatermarkStrategy<long>.ForMonotonousTimestamps();
        env.FromSource(new ScriptedSource<long>(new Script<long>().Record(1, 0).Wait(TimeSpan.FromMinutes(10))), strategy, "silent")
            .Union(env.FromSource(new ScriptedSource<long>(lively), strategy, "lively"))
            .KeyBy(_ => 0).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMinutes(1))).Reduce((a, b) => a + b).Name(window)
            .Discard();
        return env;
    }
}
