using CsCheck;
using Millrace.Testing;

namespace Millrace.Tests.Jobs;

public sealed class FullWindowPartitionTests
{
    private static readonly Gen<(int Key, int Value)[]> Records = Gen.Select(Gen.Int[0, 4], Gen.Int[-9, 9]).Array[0, 60];

    [Fact]
    public void Records_of_a_key_are_mapped_sorted_aggregated_and_reduced_when_the_input_ends() => Records.Sample(
        records =>
        {
            var keys = records.GroupBy(record => record.Key);
            Assert.Equal(
                keys.Select(key => $"{key.Key}: {string.Join(' ', key.Select(record => record.Value))}").Order(StringComparer.Ordinal),
                Run(records, stream => stream.KeyBy(record => record.Key).FullWindowPartition().MapPartition<string>(
                    (all, output) => output.Collect($"{all[0].Key}: {string.Join(' ', all.Select(record => record.Value))}"))).Order(StringComparer.Ordinal));
            var sorted = Run(records, stream => stream.KeyBy(record => record.Key).FullWindowPartition().SortPartition(record => record.Value));
            Assert.Equal(records.OrderBy(record => record.Key).ThenBy(record => record.Value), sorted.OrderBy(record => record.Key));
            Assert.Equal(
                keys.Select(key => key.Sum(record => record.Value)).Order(),
                Run(records, stream => stream.KeyBy(record => record.Key).FullWindowPartition().Aggregate(() => new Sum())).Order());
            Assert.Equal(
                keys.Select(key => (key.Key, key.Max(record => record.Value))).Order(),
                Run(records, stream => stream.KeyBy(record => record.Key).FullWindowPartition().Reduce(Greater)).Order());
        },
        iter: 100,
        threads: 1);

    [Fact]
    public void Without_keys_the_records_of_a_subtask_are_one_partition() => Records.Sample(
        records =>
        {
            var values = records.Select(record => record.Value).ToList();
            Assert.Equal(
                records.Length == 0 ? [] : [string.Join(' ', values)],
                Run(records, stream => stream.FullWindowPartition().MapPartition<string>((all, output) => output.Collect(string.Join(' ', all.Select(record => record.Value))))));
            Assert.Equal(records.OrderBy(record => record.Value), Run(records, stream => stream.FullWindowPartition().SortPartition(record => record.Value)));
            Assert.Equal(
                records.OrderByDescending(record => record.Value),
                Run(records, stream => stream.FullWindowPartition().SortPartition(record => record.Value, descending: true)));
            Assert.Equal(records.Length == 0 ? [] : [values.Sum()], Run(records, stream => stream.FullWindowPartition().Aggregate(() => new Sum())));
            Assert.Equal(records.Length == 0 ? [] : [records.Aggregate(Greater)], Run(records, stream => stream.FullWindowPartition().Reduce(Greater)));
        },
        iter: 100,
        threads: 1);

    [Theory]
    [InlineData("aligned, the process crashes, goes on at another parallelism")]
    [InlineData("unaligned, cancelled and started again, goes on at another parallelism")]
    [InlineData("aligned, stopped with a savepoint, goes on at another parallelism")]
    public void What_is_kept_without_keys_is_dealt_out_anew_at_another_parallelism(string way)
    {
        var report = JobEquivalence.Check(
            Declare,
            JobWay.Named(way),
            new JobResults(new Dictionary<string, IEnumerable<string>> { ["sorted"] = Enumerable.Range(0, 400).Select(n => $"{n}"), ["sum"] = ["79800"], ["count"] = ["400"] }),
            new JobEquivalenceOptions { Parallelisms = [1, 3] });
        Assert.True(report.Restores > 0);

        static void Declare(JobUnderTest job)
        {
            var numbers = job.Env.FromGenerator(n => n, 400, recordsPerSecond: 4_000).Rebalance();
            job.Capture(numbers.FullWindowPartition().SortPartition(n => -n), "sorted");
            job.Capture(numbers.FullWindowPartition().Reduce((a, b) => a + b).FullWindowPartition().Reduce((a, b) => a + b).Parallelism(1), "sum");
            job.Capture(numbers.FullWindowPartition().MapPartition<int>((all, output) => output.Collect(all.Count)).FullWindowPartition().Reduce((a, b) => a + b).Parallelism(1), "count");
        }
    }

    [Fact]
    public void What_a_function_throws_at_the_end_names_the_operator()
    {
        var env = new StreamExecutionEnvironment();
        env.FromSequence(0, 9).FullWindowPartition().MapPartition<long>((_, _) => throw new InvalidOperationException("no")).Name("failing").Discard();
        var error = Assert.Throws<JobFailedException>(() => JobRunner.Run(env, 1));
        Assert.Contains("failing", error.Message, StringComparison.Ordinal);
    }

    private static List<TOut> Run<TOut>((int Key, int Value)[] records, Func<DataStream<(int Key, int Value)>, SingleOutputStream<TOut>> build)
    {
        using var harness = new OperatorHarness<(int Key, int Value), TOut>(build);
        harness.Process(records.Select((record, i) => (record, (long)i)));
        harness.Watermark(records.Length);
        Assert.Empty(harness.Output);
        harness.EndInput();
        return [.. harness.Output];
    }

    private static (int Key, int Value) Greater((int Key, int Value) one, (int Key, int Value) other) => other.Value > one.Value ? (one.Key, other.Value) : one;

    private sealed class Sum : AggregateFunction<(int Key, int Value), int, int>
    {
        public override int CreateAccumulator() => 0;

        public override void Add(ref int accumulator, (int Key, int Value) value) => accumulator += value.Value;

        public override void Merge(ref int accumulator, in int other) => accumulator += other;

        public override int GetResult(in int accumulator) => accumulator;
    }
}
