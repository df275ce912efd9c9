using System.Collections.Concurrent;
using CsCheck;
using Millrace.Connectors;
using Millrace.Testing;

namespace Millrace.Tests.Jobs;

/// <summary>Whole jobs of random shapes give what a naive computation gives, on every schedule.</summary>
public sealed class RandomJobTests
{
    [Fact]
    public void Any_job_gives_the_naive_result_on_any_schedule() =>
        Gen.Select(RandomJob.Gen, Gen.ULong).Sample(
            (job, seed) =>
            {
                var results = new ConcurrentBag<string>();
                var outcome = JobRunner.Run(job.Build(results), seed);
                Assert.Equal(JobState.Finished, outcome.State);
                Assert.Equal(job.Expected(), results.Order(StringComparer.Ordinal));
                Assert.Equal(job.Readings.Length, outcome.Metrics.RecordsRead);
                Assert.Equal(0, outcome.Metrics.LateRecords);
                Assert.All(outcome.Metrics.Operators, op => Assert.Equal(EventTime.MaxWatermark, op.Watermark));
            },
            iter: 1_500);

    [Fact]
    public async Task Any_job_gives_the_naive_result_on_threads() =>
        await RandomJob.Gen.SampleAsync(
            async job =>
            {
                var results = new ConcurrentBag<string>();
                await Patience.FinishAsync(job.Build(results).ExecuteAsync("random"));
                Assert.Equal(job.Expected(), results.Order(StringComparer.Ordinal));
            },
            iter: 150,
            threads: 1);

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            Assert.Equal(Order(seed), Order(seed));
        }

        Assert.True(Enumerable.Range(0, 20).Select(seed => string.Join(' ', Order((ulong)seed))).Distinct().Count() > 5, "Seeds do not change the schedule.");

        static List<long> Order(ulong seed)
        {
            var results = new List<long>();
            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 3, BatchSize = 2 });
            env.FromSequence(1, 40).Rebalance().Map(n => n).ForEach(results.Add);
            JobRunner.Run(env, seed);
            return results;
        }
    }

    [Fact]
    public void Records_of_a_key_from_one_source_subtask_keep_their_order() =>
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 4], Gen.Int[1, 8], Gen.Int[2, 4], Gen.Bool, Gen.ULong).Sample(
            (sources, parallelism, batch, capacity, chaining, seed) =>
            {
                var env = new StreamExecutionEnvironment(
                    new ExecutionOptions { Parallelism = parallelism, BatchSize = batch, ChannelCapacity = capacity, OperatorChaining = chaining });
                int seen = 0;
                env.FromSource(new CollectionSource<int>(Enumerable.Range(0, 300), sources)).Parallelism(sources)
                    .Map(() => new Origin()).Parallelism(sources)
                    .KeyBy(record => record.Value % 5)
                    .Process(() => new InOrder())
                    .ForEach(_ => seen++);
                JobRunner.Run(env, seed);
                Assert.Equal(300, seen);
            },
            iter: 200);

    [Fact]
    public void The_watermark_is_the_least_of_the_inputs_and_idle_splits_are_not_waited_for()
    {
        for (ulong seed = 0; seed < 100; seed++)
        {
            var seen = new List<(int Value, long Watermark)>();
            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
            var minute = TimeSpan.FromMinutes(1);
            var source = new ScriptedSource<int>(
                new Script<int>().Record(1, 10).Watermark(10).Wait(minute).Watermark(100).Wait(minute).Record(3, 120).Wait(minute),
                new Script<int>().Record(2, 5).Watermark(5).Wait(minute / 2).Wait(minute).Idle().Wait(minute));
            env.FromSource(source).KeyBy(_ => 0).Process(() => new Watch(seen)).Discard();
            JobRunner.Run(env, seed);

            // At the third record the one split has said 100, and the other is idle.
            Assert.Equal((3, 100), seen[^1]);
            Assert.All(seen.Take(2), first => Assert.True(first.Watermark <= 5));
        }
    }

    private sealed record Tagged(int Source, int Value);

    private sealed class Origin : MapFunction<int, Tagged>
    {
        public override Tagged Map(int value) => new(RuntimeContext.SubtaskIndex, value);
    }

    private sealed class InOrder : KeyedProcessFunction<int, Tagged, int>
    {
        private readonly Dictionary<(int Key, int Source), int> _last = [];

        public override void ProcessElement(Tagged value, KeyedProcessContext<int> context, Collector<int> output)
        {
            Assert.True(value.Value > _last.GetValueOrDefault((context.CurrentKey, value.Source), -1), "A record overtook another of its key.");
            _last[(context.CurrentKey, value.Source)] = value.Value;
            output.Collect(value.Value);
        }
    }

    private sealed class Watch(List<(int Value, long Watermark)> seen) : KeyedProcessFunction<int, int, int>
    {
        public override void ProcessElement(int value, KeyedProcessContext<int> context, Collector<int> output) => seen.Add((value, context.CurrentWatermark));
    }
}
