using Millrace.State;
using Millrace.Testing;

namespace Millrace.Runtime.Tests.Operators.TwoInputs;

public sealed class ConnectedStreamTests
{
    private static readonly OutputTag<string> Side = new("side");

    [Fact]
    public void Map_and_FlatMap_of_lambdas_keep_timestamps()
    {
        using var map = new TwoInputOperatorHarness<int, string, string>((a, b) => a.Connect(b).Map(n => $"n{n}", s => $"s{s}"));
        map.Process1(1, 10);
        map.Process2("x", 20);
        Assert.Equal([("n1", 10L), ("sx", 20L)], map.OutputWithTimestamps);

        using var flatMap = new TwoInputOperatorHarness<int, string, char>((a, b) => a.Connect(b).FlatMap<char>(
            (n, output) => output.Collect((char)('0' + n)),
            (s, output) =>
            {
                foreach (char c in s)
                {
                    output.Collect(c);
                }
            }));
        flatMap.Process2("ab");
        flatMap.Process1(3);
        Assert.Equal(['a', 'b', '3'], flatMap.Output);
    }

    [Fact]
    public void Functions_share_fields_between_inputs_and_are_opened_and_closed()
    {
        var log = new List<string>();
        using (var harness = new TwoInputOperatorHarness<int, int, int>((a, b) => a.Connect(b).Map(() => new Product(log))))
        {
            harness.Process1(2);
            harness.Process2(10);
            harness.Process1(3);
            Assert.Equal([2, 20, 30], harness.Output);
        }

        Assert.Equal(["open", "close"], log);
    }

    [Fact]
    public void Process_without_keys_sees_times_and_emits_into_side_outputs_and_has_no_keyed_state()
    {
        using var harness = new TwoInputOperatorHarness<int, string, string>((a, b) => a.Connect(b).Process(() => new Times()));
        var side = harness.SideOutput(Side);
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(7));
        harness.Watermark1(9);
        harness.Watermark2(5);
        harness.Process1(1, 10);
        harness.Process2("x", 11);
        Assert.Equal(["1@10 w5 p7"], harness.Output);
        Assert.Equal(["x@11 w5 p7"], side);

        using var keyless = new TwoInputOperatorHarness<int, int, int>((a, b) => a.Connect(b).Map(() => new NeedsKey()));
        var error = Assert.ThrowsAny<Exception>(() => keyless.Process1(1));
        Assert.Contains("needs a key", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_names_the_operator_and_the_input()
    {
        using var harness = new TwoInputOperatorHarness<int, int, int>((a, b) => a.Connect(b).Map(n => n, n => 1 / n).Name("divide"));
        var error = Assert.ThrowsAny<Exception>(() => harness.Process2(0));
        Assert.Contains("divide (1/1) failed on a record of the second input", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_watermark_idleness_and_end_of_both_inputs_are_handed_on()
    {
        using var harness = new TwoInputOperatorHarness<int, int, int>((a, b) => a.Connect(b).Map(n => n, n => n), new HarnessOptions { Parallelism = 2 });
        harness.Watermark1(10);
        Assert.Empty(harness.Watermarks);
        harness.Watermark2(8);
        Assert.Equal([8L, 8L], harness.Watermarks);
        harness.Idle2();
        Assert.Equal([8L, 8L, 10L, 10L], harness.Watermarks);
        Assert.False(harness.IsIdle);
        harness.Idle1();
        Assert.True(harness.IsIdle);
        harness.EndInput1();
        Assert.False(harness.HasEnded);
        harness.EndInput2();
        Assert.True(harness.HasEnded);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 5)]
    [InlineData(4, 3)]
    public void Keyed_state_and_timers_are_shared_and_go_on_at_another_parallelism(int before, int after)
    {
        using var harness = new TwoInputOperatorHarness<(int Key, int Value), (int Key, int Value), string>(
            (orders, payments) => orders.KeyBy(o => o.Key).Connect(payments.KeyBy(p => p.Key)).Process(() => new Match()), new HarnessOptions { Parallelism = before });
        for (int key = 0; key < 20; key++)
        {
            harness.Process1((key, key * 10), 100 + key);
        }

        harness.Process2((3, 1), 50);
        harness.Process2((40, 1), 50);
        Assert.Equal(["3: 30 paid 1"], harness.Output);

        using var restored = harness.Rescale(after);
        restored.Process2((4, 2), 60);
        restored.Process1((40, 400), 60);
        Assert.Equal(["4: 40 paid 2", "40: 400 paid 1"], restored.Output);
        restored.Watermark1(2_000);
        Assert.Equal(2, restored.Output.Count);
        restored.Watermark2(1_105);
        Assert.Equal([(0, 1_100L), (1, 1_101), (2, 1_102), (5, 1_105)], restored.OutputWithTimestamps.Skip(2).Select(r => (int.Parse(r.Value.Split(':')[0], null), r.Timestamp)).Order());
        restored.EndInput1();
        restored.EndInput2();
        Assert.Equal(2 + 18, restored.Output.Count);
        Assert.Equal(0, restored.StateEntries);
    }

    [Fact]
    public void ConnectedStreams_KeyBy_is_the_same_as_keying_before()
    {
        using var harness = new TwoInputOperatorHarness<string, int, string>(
            (words, numbers) => words.Connect(numbers).KeyBy(word => word.Length, number => number).FlatMap(() => new LastWord()), new HarnessOptions { Parallelism = 3 });
        harness.Process1("two");
        harness.Process1("four");
        harness.Process2(4);
        harness.Process2(3);
        harness.Process2(9);
        Assert.Equal(["four", "two"], harness.Output);

        using var map = new TwoInputOperatorHarness<int, int, int>((a, b) => a.KeyBy(n => n % 2).Connect(b.KeyBy(n => n % 2)).Map(() => new Sum()));
        map.Process1(1);
        map.Process2(3);
        map.Process2(2);
        Assert.Equal([1, 4, 2], map.Output);
    }

    [Fact]
    public void A_null_key_of_either_input_is_refused()
    {
        using var harness = new TwoInputOperatorHarness<string, string, string>((a, b) => a.Connect(b).KeyBy(x => x, x => x == "none" ? null! : x).FlatMap(() => new Echo()));
        harness.Process1("a");
        Assert.ThrowsAny<Exception>(() => harness.Process2("none"));
    }

    [Fact]
    public void Streams_of_different_environments_cannot_be_connected()
    {
        var one = new StreamExecutionEnvironment().FromSequence(0, 1);
        var other = new StreamExecutionEnvironment().FromSequence(0, 1);
        Assert.Throws<ArgumentException>(() => one.Connect(other));
        Assert.Throws<ArgumentException>(() => one.KeyBy(n => n).Connect(other.KeyBy(n => n)));
        Assert.Throws<ArgumentException>(() => one.KeyBy(n => n).IntervalJoin(other.KeyBy(n => n)));
    }

    [Fact]
    public void The_harness_takes_exactly_one_operator_with_two_inputs()
    {
        Assert.Throws<ArgumentException>(() => new TwoInputOperatorHarness<int, int, int>((a, b) => a.Map(n => n)));
        Assert.Throws<ArgumentException>(() => new TwoInputOperatorHarness<int, int, int>((a, b) => a.Map(n => n).Connect(b).Map(n => n, n => n)));
        Assert.Throws<ArgumentException>(() => new TwoInputOperatorHarness<int, int, int>((a, b) => a.KeyBy(n => new[] { n }).Connect(b.KeyBy(n => new[] { n })).Map(() => new Sum())));
    }

    private sealed class Product(List<string> log) : CoMapFunction<int, int, int>
    {
        private int _factor = 1;

        public override void Open(RuntimeContext context) => log.Add("open");

        public override void Close() => log.Add("close");

        public override int Map1(int value) => value * _factor;

        public override int Map2(int value)
        {
            _factor = value;
            return 2 * value;
        }
    }

    private sealed class NeedsKey : CoMapFunction<int, int, int>
    {
        public override void Open(RuntimeContext context) => context.GetState(new ValueStateDescriptor<int>("x"));

        public override int Map1(int value) => value;

        public override int Map2(int value) => value;
    }

    private sealed class Sum : CoMapFunction<int, int, int>
    {
        private ValueState<int> _sum = null!;

        public override void Open(RuntimeContext context) => _sum = context.GetState(new ValueStateDescriptor<int>("sum"));

        public override int Map1(int value) => _sum.GetOrAdd() += value;

        public override int Map2(int value) => _sum.GetOrAdd() += value;
    }

    private sealed class Echo : CoFlatMapFunction<string, string, string>
    {
        public override void FlatMap1(string value, Collector<string> output) => output.Collect(value);

        public override void FlatMap2(string value, Collector<string> output) => output.Collect(value);
    }

    private sealed class LastWord : CoFlatMapFunction<string, int, string>
    {
        private ValueState<string> _word = null!;

        public override void Open(RuntimeContext context) => _word = context.GetState(new ValueStateDescriptor<string>("word"));

        public override void FlatMap1(string value, Collector<string> output) => _word.Value = value;

        public override void FlatMap2(int value, Collector<string> output)
        {
            if (_word.TryGet(out string? word))
            {
                output.Collect(word);
            }
        }
    }

    private sealed class Times : CoProcessFunction<int, string, string>
    {
        public override void ProcessElement1(int value, ProcessContext context, Collector<string> output) =>
            output.Collect($"{value}@{context.Timestamp} w{context.CurrentWatermark} p{context.CurrentProcessingTime}");

        public override void ProcessElement2(string value, ProcessContext context, Collector<string> output) =>
            context.Output(Side, $"{value}@{context.Timestamp} w{context.CurrentWatermark} p{context.CurrentProcessingTime}");
    }

    /// <summary>Matches orders with payments, in whichever order they come; tells of orders that are not paid in time.</summary>
    private sealed class Match : KeyedCoProcessFunction<int, (int Key, int Value), (int Key, int Value), string>
    {
        private ValueState<int> _order = null!;
        private ValueState<int> _payment = null!;

        public override void Open(RuntimeContext context)
        {
            _order = context.GetState(new ValueStateDescriptor<int>("order"));
            _payment = context.GetState(new ValueStateDescriptor<int>("payment"));
        }

        public override void ProcessElement1((int Key, int Value) value, KeyedProcessContext<int> context, Collector<string> output)
        {
            if (_payment.TryGet(out int payment))
            {
                _payment.Clear();
                output.Collect($"{context.CurrentKey}: {value.Value} paid {payment}");
                return;
            }

            _order.Value = value.Value;
            context.Timers.RegisterEventTimeTimer(context.Timestamp + 1_000);
        }

        public override void ProcessElement2((int Key, int Value) value, KeyedProcessContext<int> context, Collector<string> output)
        {
            if (_order.TryGet(out int order))
            {
                _order.Clear();
                output.Collect($"{context.CurrentKey}: {order} paid {value.Value}");
                return;
            }

            _payment.Value = value.Value;
        }

        public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<string> output)
        {
            if (_order.Exists)
            {
                _order.Clear();
                output.Collect($"{context.CurrentKey}: not paid");
            }
        }
    }
}
