using Millrace.Checkpointing;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing.Local;

/// <summary>Whole jobs: when windows are aggregated in two steps, and that nothing else than the work of a subtask tells.</summary>
public sealed class LocalAggregationJobTests
{
    private const int Records = 400;
    private static readonly OutputTag<int> Late = new("late");
    private readonly Tally _tally = new();

    [Fact]
    public void A_window_gets_what_batches_come_to()
    {
        var (sums, _) = Run(windowed => windowed.Aggregate(() => new Summing(_tally)));

        Assert.Equal(Expected(), sums);
        Assert.InRange(_tally.Merges, 1, Records / 4);
        Assert.Equal(Records, _tally.Adds);
    }

    [Fact]
    public void A_window_over_all_records_does_too()
    {
        var (sums, _) = RunStream(stream => stream.WindowAll(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(100))).Aggregate(() => new Summing(_tally)));

        Assert.Equal(Expected().Chunk(4).Select(window => window.Sum()).Order(), sums);
        Assert.InRange(_tally.Merges, 1, Records / 8);
    }

    [Fact]
    public void A_window_function_sees_the_sum_of_both_steps()
    {
        var (sums, _) = Run(windowed => windowed.Aggregate(() => new Summing(_tally), () => new Only()));

        Assert.Equal(Expected(), sums);
        Assert.NotEqual(0, _tally.Merges);
    }

    [Fact]
    public void All_records_are_counted_where_they_come_in()
    {
        var (_, result) = Run(windowed => windowed.Reduce((a, b) => a + b));

        Assert.Equal(Records, result.Metrics.Operators.Single(op => op.Name == "window").RecordsIn);
    }

    [Theory]
    [InlineData("option")]
    [InlineData("consistent")]
    [InlineData("policy")]
    [InlineData("lateness")]
    [InlineData("late data")]
    [InlineData("lifecycle")]
    public void Where_single_records_matter_they_come_one_by_one(string reason)
    {
        var (sums, _) = Run(
            windowed => reason switch
            {
                "lateness" => windowed.AllowedLateness(TimeSpan.FromSeconds(1)).Aggregate(() => new Summing(_tally)),
                "late data" => windowed.SideOutputLateData(Late).Aggregate(() => new Summing(_tally)),
                "lifecycle" => windowed.Aggregate(() => new Opened(_tally)),
                "policy" => windowed.Aggregate(() => new Summing(_tally)).OnError(ErrorPolicy.Skip),
                _ => windowed.Aggregate(() => new Summing(_tally)),
            },
            options => (options.LocalAggregation, options.ConsistentOutput) = (reason != "option", reason == "consistent"));

        Assert.Equal(Expected(), sums);
        Assert.Equal(0, _tally.Merges);
    }

    [Fact]
    public void A_record_that_fails_fails_in_the_window_and_is_named()
    {
        var error = Assert.ThrowsAny<Exception>(() => Run(windowed => windowed.Aggregate(() => new Summing(_tally, unlucky: 213))));

        Assert.Contains("window (", error.Message, StringComparison.Ordinal);
        Assert.Contains("FormatException: unlucky. The record: 213, of key 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_merge_that_fails_fails_in_the_window_and_names_the_first_record()
    {
        var error = Assert.ThrowsAny<Exception>(() => Run(windowed => windowed.Aggregate(() => new Summing(_tally, failsToMerge: true))));

        Assert.Contains("window (", error.Message, StringComparison.Ordinal);
        Assert.Matches("FormatException: cannot merge\\. The record: \\d+, of key \\d, of timestamp", error.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_key_selector_that_fails_says_which_record(int parallelism)
    {
        var error = Assert.ThrowsAny<Exception>(() => Run(windowed => windowed.Reduce((a, b) => a + b), options => options.Parallelism = parallelism, n => n == 213 ? throw new FormatException("no key") : n % 4));

        Assert.Contains("FormatException: no key", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Partial", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_plan_says_so()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
        env.FromCollection([1, 2]).KeyBy(n => n).Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(1))).Reduce((a, b) => a + b).Discard();

        Assert.Contains("by hash of Int32, aggregated locally first", env.GetPlan("job").ToString(), StringComparison.Ordinal);
        Assert.Contains("\"aggregatedLocally\": true", env.GetPlan("job").ToJson(), StringComparison.Ordinal);
        string fingerprint = env.GetPlan("job").Fingerprint;
        env.Options.LocalAggregation = false;
        Assert.DoesNotContain("aggregated", env.GetPlan("job").ToString(), StringComparison.Ordinal);

        // Workers have to agree on what goes from one to the other.
        Assert.NotEqual(fingerprint, env.GetPlan("job").Fingerprint);
    }

    // Then records are written that barriers overtake.
    [Theory]
    [InlineData(false, 0, true)]
    [InlineData(true, 0, false)]
    [InlineData(false, 1, false)]
    public void Nothing_is_aggregated_where_barriers_may_overtake(bool isUnaligned, int alignedTimeout, bool expected)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
        env.Options.Checkpoints = new CheckpointOptions
        {
            Storage = new DirectoryCheckpointStorage("never-written"),
            Unaligned = isUnaligned,
            AlignedTimeout = TimeSpan.FromSeconds(alignedTimeout),
        };
        env.FromCollection([1, 2]).KeyBy(n => n).Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(1))).Reduce((a, b) => a + b).Discard();

        Assert.Equal(expected, env.GetPlan("job").ToString().Contains("aggregated locally", StringComparison.Ordinal));
    }

    /// <summary>The sums of the windows of 100 ms, with a record each millisecond and four keys.</summary>
    private static List<int> Expected() => [.. Enumerable.Range(0, Records).GroupBy(n => (n / 100, n % 4), (_, window) => window.Sum()).Order()];

    private static (List<int> Sums, JobResult Result) Run(
        Func<WindowedStream<int, int>, SingleOutputStream<int>> aggregate, Action<ExecutionOptions>? configure = null, Func<int, int>? key = null) =>
        RunStream(stream => aggregate(stream.KeyBy(key ?? (n => n % 4)).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(100)))), configure);

    private static (List<int> Sums, JobResult Result) RunStream(Func<DataStream<int>, SingleOutputStream<int>> declare, Action<ExecutionOptions>? configure = null)
    {
        var options = new ExecutionOptions { Parallelism = 2, BatchSize = 32, MaxParallelism = 8 };
        configure?.Invoke(options);
        var env = new StreamExecutionEnvironment(options);
        var sums = new List<int>();
        var numbers = env.FromCollection(Enumerable.Range(0, Records).ToArray(), WatermarkStrategy<int>.ForMonotonousTimestamps().WithTimestampAssigner(n => n));
        declare(numbers).Name("window").ForEach(sums.Add);
        var result = JobRunner.Run(env, seed: 1);
        return ([.. sums.Order()], result);
    }

    /// <summary>Calls from whatever subtask.</summary>
    private sealed class Tally
    {
        private int _adds;
        private int _merges;

        public int Adds => _adds;

        public int Merges => _merges;

        public void Added() => Interlocked.Increment(ref _adds);

        public void Merged() => Interlocked.Increment(ref _merges);
    }

    private class Summing(Tally tally, int unlucky = -1, bool failsToMerge = false) : AggregateFunction<int, int, int>
    {
        public override int CreateAccumulator() => 0;

        public override void Add(ref int accumulator, int value)
        {
            tally.Added();
            accumulator += value == unlucky ? throw new FormatException("unlucky") : value;
        }

        public override void Merge(ref int target, in int source)
        {
            tally.Merged();
            target += failsToMerge ? throw new FormatException("cannot merge") : source;
        }

        public override int GetResult(in int accumulator) => accumulator;
    }

    private sealed class Opened(Tally tally) : Summing(tally)
    {
        private bool _isOpen;

        public override void Open(RuntimeContext context) => _isOpen = true;

        public override void Add(ref int accumulator, int value) => base.Add(ref accumulator, _isOpen ? value : 0);
    }

    private sealed class Only : ProcessWindowFunction<int, int, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<int> elements, Collector<int> output) => output.Collect(Assert.Single(elements));
    }
}
