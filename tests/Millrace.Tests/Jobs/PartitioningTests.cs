using System.Collections.Concurrent;
using Millrace.Testing;

namespace Millrace.Tests.Jobs;

/// <summary>Where records go, seen by the subtasks that get them.</summary>
public sealed class PartitioningTests
{
    [Theory]
    [InlineData(2, 4)]
    [InlineData(4, 2)]
    [InlineData(2, 5)]
    [InlineData(5, 2)]
    [InlineData(3, 3)]
    public void Rescale_connects_each_subtask_with_few_and_spreads_evenly_among_those(int producers, int consumers)
    {
        var got = Run(producers, consumers, numbers => numbers.Rescale());

        Assert.Equal(Enumerable.Range(0, 1200).Select(n => (long)n), got.Select(item => item.Value).Order());
        var pairs = got.GroupBy(item => (item.Producer, item.Consumer)).ToDictionary(pair => pair.Key, pair => pair.Count());

        // Every producer has a consumer, every consumer a producer, and only one side has several.
        Assert.Equal(producers, pairs.Keys.Select(pair => pair.Producer).Distinct().Count());
        Assert.Equal(consumers, pairs.Keys.Select(pair => pair.Consumer).Distinct().Count());
        Assert.Equal(Math.Max(producers, consumers), pairs.Count);
        foreach (var producer in pairs.GroupBy(pair => pair.Key.Producer))
        {
            Assert.InRange(producer.Max(pair => pair.Value) - producer.Min(pair => pair.Value), 0, 1 + (producer.Max(pair => pair.Value) / 10));
        }
    }

    [Fact]
    public void Shuffle_gives_every_subtask_about_as_much_and_each_run_the_same()
    {
        var first = Run(1, 4, numbers => numbers.Shuffle());
        Assert.All(first.GroupBy(item => item.Consumer), consumer => Assert.InRange(consumer.Count(), 240, 360));

        // By chance, and not in turn.
        var consumers = first.OrderBy(item => item.Value).Select(item => item.Consumer).ToList();
        Assert.InRange(consumers.Zip(consumers.Skip(1)).Count(pair => pair.First == pair.Second), 200, 400);
        Assert.Equal(first.OrderBy(item => item.Value), Run(1, 4, numbers => numbers.Shuffle()).OrderBy(item => item.Value));
    }

    [Fact]
    public void Global_gives_all_to_the_first()
    {
        var got = Run(3, 4, numbers => numbers.Global());
        Assert.Equal(1200, got.Count);
        Assert.All(got, item => Assert.Equal(0, item.Consumer));
    }

    [Fact]
    public void A_function_says_where_records_go()
    {
        var got = Run(2, 3, numbers => numbers.PartitionCustom((n, subtasks) => (int)(n / 7 % subtasks)));
        Assert.Equal(1200, got.Count);
        Assert.All(got, item => Assert.Equal((int)(item.Value / 7 % 3), item.Consumer));

        var byKey = Run(2, 3, numbers => numbers.PartitionCustom((string key, int subtasks) => key.Length % subtasks, n => $"{n}"));
        Assert.All(byKey, item => Assert.Equal($"{item.Value}".Length % 3, item.Consumer));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(-1)]
    public void A_subtask_that_there_is_not_fails_the_job_and_says_which_stream(int chosen)
    {
        var error = Assert.Throws<JobFailedException>(() => Run(1, 3, numbers => numbers.PartitionCustom((n, _) => n == 5 ? chosen : 0)));
        Assert.Contains($"chose subtask {chosen}, and there are 3", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("'producer'", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_plan_names_the_way_and_the_group()
    {
        var env = new StreamExecutionEnvironment();
        env.FromSequence(0, 1).Rescale().Map(n => n).SlotSharingGroup("heavy").Shuffle().Map(n => n).Global().Map(n => n).PartitionCustom((_, _) => 0).Discard();
        string plan = env.GetPlan().ToJson();
        Assert.All((string[])["RESCALE", "SHUFFLE", "GLOBAL", "CUSTOM"], way => Assert.Contains($"\"{way}\"", plan, StringComparison.Ordinal));
        Assert.Contains("\"heavy\"", plan, StringComparison.Ordinal);
    }

    private static IReadOnlyCollection<(long Value, int Producer, int Consumer)> Run(int producers, int consumers, Func<DataStream<long>, DataStream<long>> partition)
    {
        var got = new ConcurrentBag<(long Value, int Producer, int Consumer)>();
        var producerOf = new ConcurrentDictionary<long, int>();
        var env = new StreamExecutionEnvironment();
        var produced = env.FromSequence(0, 1199).Parallelism(1).Rebalance().Process(() => new Noting((n, subtask) => producerOf[n] = subtask)).Name("producer").Parallelism(producers);
        partition(produced).Process(() => new Noting((n, subtask) => got.Add((n, producerOf[n], subtask)))).Parallelism(consumers).Discard();
        JobRunner.Run(env, seed: 1);
        return got;
    }

    private sealed class Noting(Action<long, int> note) : ProcessFunction<long, long>
    {
        private int _subtask;

        public override void Open(RuntimeContext context) => _subtask = context.SubtaskIndex;

        public override void ProcessElement(long value, ProcessContext context, Collector<long> output)
        {
            note(value, _subtask);
            output.Collect(value);
        }
    }
}
