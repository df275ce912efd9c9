using Millrace.Runtime.Tasks;
using Millrace.State;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Operators;

/// <summary>Each kind of operator with each policy: what is poisoned goes the way that was chosen, all else goes on.</summary>
public sealed class ErrorPolicyTests
{
    private const int Poison = 13;
    private static readonly OutputTag<DeadLetter<int>> Letters = new("letters");
    private static readonly OutputTag<DeadLetter<string>> Texts = new("texts");

    /// <summary>Operators of one input that give each number as it is, and throw on the poison.</summary>
    private static readonly Dictionary<string, Func<DataStream<int>, SingleOutputStream<int>>> Kinds = new()
    {
        ["map"] = input => input.Map(Check),
        ["flatMap"] = input => input.FlatMap<int>((n, output) => output.Collect(Check(n))),
        ["filter"] = input => input.Filter(n => Check(n) == n),
        ["map by reference"] = input => input.Map((in n) => Check(n)),
        ["flatMap by reference"] = input => input.FlatMap<int>((in n, output) => output.Collect(Check(n))),
        ["filter by reference"] = input => input.Filter((in n) => Check(n) == n),
        ["process"] = input => input.Process(() => new Checking()),
        ["keyed process"] = input => input.KeyBy(n => n % 2).Process(() => new KeyedChecking()),
        ["key selector"] = input => input.KeyBy(Check).Process(() => new Passing()),
        ["reduce"] = input => input.KeyBy(_ => 0).Reduce((_, n) => Check(n)),
        ["timestamps"] = input => input.AssignTimestampsAndWatermarks(WatermarkStrategy<int>.ForMonotonousTimestamps().WithTimestampAssigner(n => Check(n))),
        ["async"] = input => input.MapAsync((n, _) => ValueTask.FromResult(Check(n)), new AsyncOptions<int, int>()),
    };

    public static TheoryData<string> KindNames => [.. Kinds.Keys];

    [Theory]
    [MemberData(nameof(KindNames))]
    public void Side_output_takes_the_record_with_operator_and_exception(string kind)
    {
        using var harness = new OperatorHarness<int, int>(input => Kinds[kind](input).OnError(ErrorPolicy.ToSideOutput(Letters)));
        var letters = harness.SideOutput(Letters);
        harness.Process(1, 1);
        harness.Process(3, 3);
        harness.Process(Poison, 7);
        harness.Process(Poison, 8);
        harness.Process(15, 15);
        Assert.Equal([1, 3, 15], harness.Output);
        Assert.Equal([7L, 8L], letters.Select(letter => letter.Timestamp));
        var letter = letters[0];
        Assert.True(letter.HasRecord);
        Assert.Equal(Poison, letter.Record);
        Assert.Equal("System.FormatException", letter.ExceptionType);
        Assert.Equal("unlucky", letter.Message);
        Assert.Contains(nameof(Check), letter.Details, StringComparison.Ordinal);
        Assert.Equal(0, letter.SubtaskIndex);
        Assert.NotEqual("", letter.Operator);
        Assert.Equal(kind switch { "key selector" => FailureStage.Key, "timestamps" => FailureStage.Timestamp, _ => FailureStage.Record }, letter.Stage);
        Assert.Equal(kind switch { "keyed process" => "1", "reduce" => "0", _ => null }, letter.Key);
    }

    [Theory]
    [MemberData(nameof(KindNames))]
    public void Skip_leaves_the_record_out(string kind)
    {
        using var harness = new OperatorHarness<int, int>(input => Kinds[kind](input).OnError(ErrorPolicy.Skip));
        foreach (int n in (int[])[1, Poison, Poison, 3, Poison])
        {
            harness.Process(n, n);
        }

        Assert.Equal([1, 3], harness.Output);
    }

    [Theory]
    [MemberData(nameof(KindNames))]
    public void Fail_names_operator_record_and_what_to_do(string kind)
    {
        using var harness = new OperatorHarness<int, int>(input => Kinds[kind](input).Name("checks"));
        var error = Assert.Throws<OperatorException>(() =>
        {
            harness.Process(1, 1);
            harness.Process(Poison, 7);
        });
        foreach (string part in (string[])["checks (1/1) failed", "FormatException: unlucky.", "The record: 13, of", "of timestamp 7", ".OnError(ErrorPolicy.Skip)"])
        {
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        }

        Assert.IsType<FormatException>(error.InnerException);
    }

    [Fact]
    public async Task Whole_batches_keep_order_and_every_other_record_whatever_is_poisoned()
    {
        int[] numbers = [.. Enumerable.Range(0, 3_000).Select(i => i % 7 is 1 or 2 || i is > 1_000 and < 1_100 ? Poison : i * 100)];
        foreach (var (kind, apply) in Kinds.Where(pair => pair.Key != "key selector"))
        {
            var env = new StreamExecutionEnvironment();
            env.Options.Parallelism = 1;
            var results = new List<int>();
            var letters = new List<DeadLetter<int>>();
            var stream = apply(env.FromCollection(numbers)).Name("it").OnError(ErrorPolicy.ToSideOutput(Letters));
            stream.ForEach(results.Add);
            stream.GetSideOutput(Letters).ForEach(letters.Add);
            await using var client = env.Start(kind);
            await client.Completion;
            Assert.Equal(numbers.Where(n => n != Poison), results);
            Assert.Equal(numbers.Count(n => n == Poison), letters.Count);
            Assert.Equal(letters.Count, client.GetMetrics()["it"].RecordsInErrors);
            Assert.Equal(letters.Count, client.GetMetrics().RecordsInErrors);
        }
    }

    /// <summary>Results have a batch of their own there, with timestamps of the batch that came.</summary>
    [Fact]
    public async Task A_map_to_another_type_keeps_order_and_timestamps()
    {
        int[] numbers = [.. Enumerable.Range(0, 3_000).Select(i => i % 7 is 1 or 2 ? Poison : i * 100)];
        var env = new StreamExecutionEnvironment();
        env.Options.Parallelism = 1;
        var results = new List<(long Value, long Timestamp)>();
        env.FromCollection(numbers, watermarks: WatermarkStrategy<int>.ForMonotonousTimestamps().WithTimestampAssigner(n => (long)n))
            .Map(n => (long)Check(n)).OnError(ErrorPolicy.Skip)
            .Process(() => new WithTimestamp()).ForEach(results.Add);
        await env.ExecuteAsync("map", TestContext.Current.CancellationToken);
        Assert.Equal(numbers.Where(n => n != Poison).Select(n => ((long)n, (long)n)), results);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_partition_leaves_out_what_its_aggregation_throws_on(bool isAlone)
    {
        var env = new StreamExecutionEnvironment();
        env.Options.Parallelism = 1;
        var results = new List<int>();
        var letters = new List<DeadLetter<int>>();
        int[] numbers = isAlone ? [Poison] : [Poison, 1, 2, Poison, 4];
        var stream = env.FromCollection(numbers).FullWindowPartition().Aggregate(() => new CheckedSum()).OnError(ErrorPolicy.ToSideOutput(Letters));
        stream.ForEach(results.Add);
        stream.GetSideOutput(Letters).ForEach(letters.Add);
        await env.ExecuteAsync("partition", TestContext.Current.CancellationToken);
        Assert.Equal(isAlone ? [] : [7], results);
        Assert.All(letters, letter => Assert.Equal((Poison, FailureStage.Record), (letter.Record, letter.Stage)));
        Assert.Equal(numbers.Count(n => n == Poison), letters.Count);
    }

    [Fact]
    public async Task A_function_of_a_whole_partition_that_throws_is_a_dead_letter_without_a_record()
    {
        var env = new StreamExecutionEnvironment();
        env.Options.Parallelism = 1;
        var letters = new List<DeadLetter<int>>();
        var stream = env.FromCollection([1, 2]).FullWindowPartition().MapPartition<int>((_, _) => Check(Poison)).OnError(ErrorPolicy.ToSideOutput(Letters));
        stream.Discard();
        stream.GetSideOutput(Letters).ForEach(letters.Add);
        await env.ExecuteAsync("partition", TestContext.Current.CancellationToken);
        var letter = Assert.Single(letters);
        Assert.Equal((false, FailureStage.Window), (letter.HasRecord, letter.Stage));
    }

    [Fact]
    public async Task A_key_selector_that_throws_is_covered_behind_an_exchange_too()
    {
        var env = new StreamExecutionEnvironment();
        env.Options.Parallelism = 2;
        var results = new List<int>();
        var letters = new List<DeadLetter<int>>();
        var stream = env.FromCollection(Enumerable.Range(0, 100).ToArray()).Rebalance().Map(n => n).KeyBy(Check).Process(() => new Passing()).OnError(ErrorPolicy.ToSideOutput(Letters));
        stream.ForEach(results.Add).Parallelism(1);
        stream.GetSideOutput(Letters).ForEach(letters.Add).Parallelism(1);
        await env.ExecuteAsync("keys", TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(0, 100).Where(n => n != Poison), results.Order());
        Assert.Equal((Poison, FailureStage.Key), (Assert.Single(letters).Record, letters[0].Stage));
    }

    [Fact]
    public void Asynchronous_functions_fail_behind_the_last_attempt_or_a_timeout()
    {
        int attempts = 0;
        using (var harness = new OperatorHarness<int, int>(input => input.MapAsync<int>(
            (n, _) =>
            {
                attempts++;
                return ValueTask.FromException<int>(new FormatException("unlucky"));
            },
            new AsyncOptions<int, int> { Retry = AsyncRetry<int>.FixedDelay(3, TimeSpan.FromMilliseconds(5)) }).OnError(ErrorPolicy.ToSideOutput(Letters))))
        {
            var failed = harness.SideOutput(Letters);
            harness.Process(Poison, 1);
            Assert.Empty(failed);
            harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(5));
            harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(5));
            Assert.Equal(3, attempts);
            Assert.Equal("unlucky", Assert.Single(failed).Message);
        }

        var never = new TaskCompletionSource<int>();
        using var slow = new OperatorHarness<int, int>(input => input.MapAsync((n, _) => n == Poison ? new ValueTask<int>(never.Task) : ValueTask.FromResult(n), new AsyncOptions<int, int> { Timeout = TimeSpan.FromSeconds(1) })
            .OnError(ErrorPolicy.ToSideOutput(Letters)));
        var letters = slow.SideOutput(Letters);
        slow.Process(Poison, 1);
        slow.Process(2, 2);
        Assert.Empty(slow.Output);
        slow.AdvanceProcessingTime(TimeSpan.FromSeconds(2));
        Assert.Equal([2], slow.Output);
        Assert.Equal("System.TimeoutException", Assert.Single(letters).ExceptionType);
        never.SetResult(1);
    }

    [Fact]
    public void Text_takes_records_of_any_type()
    {
        using var harness = new OperatorHarness<int, int>(input => input.Map(Check).OnError(ErrorPolicy.ToSideOutput(Texts)));
        var letters = harness.SideOutput(Texts);
        harness.Process(Poison, 7);
        Assert.Equal("13", Assert.Single(letters).Record);
    }

    [Fact]
    public void What_was_emitted_and_kept_before_the_error_stays()
    {
        using var harness = new OperatorHarness<int, int>(input => input.KeyBy(n => 0).Process(() => new CountingFirst()).OnError(ErrorPolicy.Skip));
        harness.Process(1, 1);
        harness.Process(Poison, 2);
        harness.Process(1, 3);
        Assert.Equal([1, 2, 3], harness.Output);
    }

    [Fact]
    public void Timer_gives_a_letter_without_record_and_others_fire()
    {
        using var harness = new OperatorHarness<int, int>(input => input.KeyBy(n => n).Process(() => new FailingTimers()).OnError(ErrorPolicy.ToSideOutput(Letters)));
        var letters = harness.SideOutput(Letters);
        foreach (int n in (int[])[1, Poison, 20])
        {
            harness.Process(n, n);
        }

        harness.Watermark(100);
        Assert.Equal([1, 20], harness.Output);
        var letter = Assert.Single(letters);
        Assert.False(letter.HasRecord);
        Assert.Equal((FailureStage.Timer, "13", 13L), (letter.Stage, letter.Key, letter.Timestamp));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Window_function_gives_a_letter_with_key_and_window_and_others_fire(bool general)
    {
        using var harness = new OperatorHarness<int, int>(input =>
        {
            var keyed = input.KeyBy(n => n);
            var size = TimeSpan.FromMilliseconds(10);
            var windows = general ? keyed.Window(TumblingEventTimeWindows.Of(size)).Trigger(EventTimeTrigger<int, TimeWindow>.Instance).Process(() => new FailingWindow())
                : keyed.Window(TumblingEventTimeWindows.Of(size)).Process(() => new FailingWindow());
            return windows.OnError(ErrorPolicy.ToSideOutput(Letters));
        });
        var letters = harness.SideOutput(Letters);
        foreach (int n in (int[])[1, Poison, 2])
        {
            harness.Process(n, 5);
        }

        harness.Watermark(20);
        harness.Process(Poison, 25);
        harness.Process(4, 25);
        harness.Watermark(40);
        Assert.Equal([1, 2, 4], harness.Output.Order());
        Assert.Equal(["window [0, 10)", "window [20, 30)"], letters.Select(letter => letter.Position));
        Assert.All(letters, letter => Assert.Equal((FailureStage.Window, "13", false), (letter.Stage, letter.Key, letter.HasRecord)));
    }

    [Fact]
    public void Aggregation_that_fails_on_the_first_record_of_a_window_leaves_no_window_behind()
    {
        using var harness = new OperatorHarness<int, int>(input =>
            input.KeyBy(n => 0).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(10))).Aggregate(() => new CheckedSum()).OnError(ErrorPolicy.ToSideOutput(Letters)));
        var letters = harness.SideOutput(Letters);
        harness.Process(Poison, 5);
        harness.Watermark(20);
        harness.Process(Poison, 25);
        harness.Process(4, 26);
        harness.Process(Poison, 27);
        harness.Process(5, 28);
        harness.Watermark(40);
        Assert.Equal([9], harness.Output);
        Assert.Equal([5L, 25L, 27L], letters.Select(letter => letter.Timestamp));
    }

    [Fact]
    public void Two_inputs_have_a_side_output_each()
    {
        var strings = new OutputTag<DeadLetter<string>>("second");
        using var harness = new TwoInputOperatorHarness<int, string, int>((a, b) => a.Connect(b).Map(Check, text => Check(int.Parse(text, null)))
            .OnError(ErrorPolicy.ToSideOutput(Letters, strings)));
        var first = harness.SideOutput(Letters);
        var second = harness.SideOutput(strings);
        harness.Process1(1);
        harness.Process1(Poison);
        harness.Process2("x");
        harness.Process2("2");
        Assert.Equal([1, 2], harness.Output);
        Assert.Equal((Poison, 0), (Assert.Single(first).Record, first[0].InputIndex));
        Assert.Equal(("x", 1), (Assert.Single(second).Record, second[0].InputIndex));
    }

    [Fact]
    public void Errors_of_the_engine_are_never_swallowed()
    {
        foreach (var error in (Exception[])[new NonRecoverableException("no"), new OutOfMemoryException(), new InvalidOperationException("around", new NonRecoverableException("no"))])
        {
            using var harness = new OperatorHarness<int, int>(input => input.Map<int>(_ => throw error).OnError(ErrorPolicy.Skip));
            Assert.ThrowsAny<Exception>(() => harness.Process(1, 1));
        }
    }

    [Fact]
    public async Task An_error_of_the_next_operator_is_not_one_of_this()
    {
        var env = new StreamExecutionEnvironment();
        env.Options.Parallelism = 1;
        env.FromCollection(Enumerable.Range(0, 100).ToArray()).FlatMap<int>((n, output) => output.Collect(n)).OnError(ErrorPolicy.Skip).Map(Check).Name("next").Discard();
        var error = await Assert.ThrowsAsync<JobFailedException>(() => env.ExecuteAsync("chain", TestContext.Current.CancellationToken));
        Assert.Contains("next (1/1) failed on a record", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sink_goes_on_behind_a_record_that_it_cannot_write()
    {
        var env = new StreamExecutionEnvironment();
        env.Options.Parallelism = 1;
        var written = new List<int>();
        var letters = new List<DeadLetter<int>>();
        var sink = env.FromCollection([1, Poison, Poison, 2, 3, Poison]).ForEach(n => written.Add(Check(n))).OnError(ErrorPolicy.ToSideOutput(Letters));
        sink.GetSideOutput(Letters).ForEach(letters.Add);
        await using var client = env.Start("sink");
        await client.Completion;
        Assert.Equal([1, 2, 3], written);
        Assert.Equal([Poison, Poison, Poison], letters.Select(letter => letter.Record));
        Assert.All(letters, letter => Assert.Equal(FailureStage.Write, letter.Stage));
        Assert.Equal(3, client.GetMetrics()["ForEach"].RecordsInErrors);
    }

    [Fact]
    public async Task Dead_letters_of_a_sink_come_before_the_watermark_behind_their_records()
    {
        var env = new StreamExecutionEnvironment();
        env.Options.Parallelism = 1;
        int counted = 0;
        var strategy = WatermarkStrategy<int>.ForMonotonousTimestamps().WithTimestampAssigner(n => (long)n).WithWatermarkEvery(50);
        var sink = env.FromCollection(Enumerable.Range(0, 1_000).ToArray(), watermarks: strategy).ForEach(n => Check(n % 2 == 1 ? Poison : n * 100)).OnError(ErrorPolicy.ToSideOutput(Letters));
        sink.GetSideOutput(Letters).KeyBy(_ => 0).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(10))).Process(() => new CountLetters()).ForEach(count => counted += count);
        await using var client = env.Start("letters in windows");
        await client.Completion;
        Assert.Equal((500, 0L), (counted, client.GetMetrics().LateRecords));
    }

    [Fact]
    public async Task A_side_output_that_nobody_reads_or_that_is_of_another_type_is_refused()
    {
        var env = new StreamExecutionEnvironment();
        env.FromCollection([1]).Map(Check).OnError(ErrorPolicy.ToSideOutput(Letters)).Discard();
        var unread = await Assert.ThrowsAsync<GraphException>(() => env.ExecuteAsync("unread", TestContext.Current.CancellationToken));
        Assert.Contains("which nobody reads", unread.Message, StringComparison.Ordinal);

        var other = new StreamExecutionEnvironment();
        var wrong = new OutputTag<DeadLetter<double>>("wrong");
        var stream = other.FromCollection([1]).Map(Check).OnError(ErrorPolicy.ToSideOutput(wrong));
        stream.Discard();
        stream.GetSideOutput(wrong).Discard();
        var error = await Assert.ThrowsAsync<GraphException>(() => other.ExecuteAsync("wrong", TestContext.Current.CancellationToken));
        Assert.Contains("DeadLetter<Int32>", error.Message, StringComparison.Ordinal);
    }

    private static int Check(int n) => n == Poison ? throw new FormatException("unlucky") : n;

    private sealed class Checking : ProcessFunction<int, int>
    {
        public override void ProcessElement(int value, ProcessContext context, Collector<int> output) => output.Collect(Check(value));
    }

    private sealed class KeyedChecking : KeyedProcessFunction<int, int, int>
    {
        public override void ProcessElement(int value, KeyedProcessContext<int> context, Collector<int> output) => output.Collect(Check(value));
    }

    private sealed class Passing : KeyedProcessFunction<int, int, int>
    {
        public override void ProcessElement(int value, KeyedProcessContext<int> context, Collector<int> output) => output.Collect(value);
    }

    private sealed class CountingFirst : KeyedProcessFunction<int, int, int>
    {
        private ValueState<int> _count = null!;

        public override void Open(RuntimeContext context) => _count = context.GetState(new ValueStateDescriptor<int>("count"));

        public override void ProcessElement(int value, KeyedProcessContext<int> context, Collector<int> output)
        {
            _count.Value++;
            output.Collect(_count.Value);
            Check(value);
        }
    }

    private sealed class FailingTimers : KeyedProcessFunction<int, int, int>
    {
        public override void ProcessElement(int value, KeyedProcessContext<int> context, Collector<int> output) => context.Timers.RegisterEventTimeTimer(value);

        public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<int> output) => output.Collect(Check(context.CurrentKey));
    }

    private sealed class FailingWindow : ProcessWindowFunction<int, int, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<int> elements, Collector<int> output) => output.Collect(Check(key));
    }

    private sealed class CheckedSum : AggregateFunction<int, int, int>
    {
        public override int CreateAccumulator() => 0;

        public override void Add(ref int accumulator, int value) => accumulator += Check(value);

        public override int GetResult(in int accumulator) => accumulator;

        public override void Merge(ref int accumulator, in int other) => accumulator += other;
    }

    private sealed class CountLetters : ProcessWindowFunction<DeadLetter<int>, int, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<DeadLetter<int>> elements, Collector<int> output) => output.Collect(elements.Count);
    }

    private sealed class WithTimestamp : ProcessFunction<long, (long Value, long Timestamp)>
    {
        public override void ProcessElement(long value, ProcessContext context, Collector<(long Value, long Timestamp)> output) => output.Collect((value, context.Timestamp));
    }
}
