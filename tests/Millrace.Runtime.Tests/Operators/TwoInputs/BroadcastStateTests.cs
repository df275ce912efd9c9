using CsCheck;
using Millrace.State;
using Millrace.Testing;

namespace Millrace.Runtime.Tests.Operators.TwoInputs;

public sealed class BroadcastStateTests
{
    private static readonly MapStateDescriptor<string, int> Factors = new("factors");
    private static readonly MapStateDescriptor<int, string> Names = new("names");

    [Fact]
    public void Every_subtask_sees_every_broadcast_record_and_keeps_it_at_another_parallelism()
    {
        using var harness = Multiply(3);
        harness.Process2(("x", 2), 5);
        Assert.Equal(["x=2", "x=2", "x=2"], harness.Output);
        harness.Process1(Enumerable.Range(0, 6).Select(n => (n, 10L)));
        Assert.Equal([0, 2, 4, 6, 8, 10], harness.Output.Skip(3).Select(text => int.Parse(text, null)).Order());

        foreach (int parallelism in (int[])[1, 2, 5, 3])
        {
            using var restored = harness.Rescale(parallelism);
            restored.Process1(Enumerable.Range(0, 10).Select(n => (n, 10L)));
            Assert.Equal(Enumerable.Range(0, 10).Select(n => 2 * n), restored.Output.Select(text => int.Parse(text, null)).Order());
        }
    }

    [Fact]
    public void The_side_that_is_not_broadcast_cannot_write()
    {
        using var harness = new TwoInputOperatorHarness<int, int, string>((numbers, rules) => numbers.Connect(rules.Broadcast(Factors)).Process(() => new Inspect(context =>
        {
            var state = context.GetBroadcastState(Factors);
            return $"{state is BroadcastState<string, int>} {state.Count} {state.Contains("x")} {state.TryGet("x", out _)}";
        })));
        harness.Process1(1);
        Assert.Equal(["False 0 False False"], harness.Output);
    }

    [Fact]
    public void A_state_that_was_not_declared_or_has_other_types_is_an_error_that_names_it()
    {
        using var unknown = new TwoInputOperatorHarness<int, int, string>((numbers, rules) => numbers.Connect(rules.Broadcast(Factors)).Process(() => new Inspect(context => $"{context.GetBroadcastState(Names)}")));
        var error = Assert.ThrowsAny<Exception>(() => unknown.Process1(1));
        Assert.Contains("no broadcast state 'names', but 'factors'", error.Message, StringComparison.Ordinal);

        using var other = new TwoInputOperatorHarness<int, int, string>((numbers, rules) =>
            numbers.Connect(rules.Broadcast(Factors)).Process(() => new Inspect(context => $"{context.GetBroadcastState(new MapStateDescriptor<int, int>("factors"))}")));
        error = Assert.ThrowsAny<Exception>(() => other.Process1(1));
        Assert.Contains("Broadcast state 'factors'", error.Message, StringComparison.Ordinal);

        var stream = new StreamExecutionEnvironment().FromSequence(0, 1);
        Assert.Throws<ArgumentException>(() => stream.Broadcast(Factors).WithState(new MapStateDescriptor<int, int>("factors")));
    }

    [Fact]
    public void On_the_broadcast_side_no_key_is_current_but_all_keyed_state_can_be_reached()
    {
        using var harness = new TwoInputOperatorHarness<(string Key, int Value), int, string>(
            (values, commands) => values.KeyBy(value => value.Key).Connect(commands.Broadcast(Names).WithState(Factors)).Process(() => new Totals()), new HarnessOptions { Parallelism = 2 });
        harness.Process1([(("a", 1), 1L), (("b", 2), 1L), (("a", 3), 1L), (("c", 4), 1L)]);
        harness.Process2(10, 2);
        Assert.Equal(["a: 4 1,3 1", "b: 2 2 1", "c: 4 4 1"], harness.Output.Order());

        // What the walk changed and removed is changed and removed.
        using var restored = harness.Rescale(3);
        restored.Process2(100, 3);
        Assert.Equal(["a: 14", "b: 12", "c: 14"], restored.Output.Order());
        restored.Process2(-1, 3);
        Assert.Equal(3, restored.Output.Count);
        Assert.Equal(3, restored.StateEntries);
        restored.Watermark(50);
        Assert.Equal(["timer a 10,100,-1", "timer b 10,100,-1", "timer c 10,100,-1"], restored.Output.Skip(3).Order());

        var error = Assert.ThrowsAny<Exception>(() => restored.Process2(0, 4));
        Assert.Contains("second input", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Copies_are_those_of_a_map_whatever_is_written_and_however_often_it_is_restored() => Gen.Select(
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 5], Gen.Int[0, 99]).List[0, 40], Gen.Int[1, 4]).Sample((steps, parallelism) =>
        {
            var harness = Edit(parallelism);
            var model = new Dictionary<int, int>();
            foreach (var (action, key, value) in steps)
            {
                switch (action)
                {
                    case < 6:
                        harness.Process2((key, value));
                        model[key] = value;
                        break;
                    case < 8:
                        harness.Process2((key, -1));
                        model.Remove(key);
                        break;
                    default:
                        parallelism = 1 + (value % 5);
                        var next = harness.Rescale(parallelism);
                        harness.Dispose();
                        harness = next;
                        break;
                }
            }

            harness.Process1(Enumerable.Range(0, parallelism).Select(n => (n, 0L)));
            string expected = string.Join(' ', model.OrderBy(entry => entry.Key).Select(entry => $"{entry.Key}:{entry.Value}"));
            Assert.Equal(Enumerable.Repeat(expected, parallelism), harness.Output);
            harness.Dispose();
        });

    private static TwoInputOperatorHarness<int, (string Name, int Factor), string> Multiply(int parallelism) => new(
        (numbers, rules) => numbers.Connect(rules.Broadcast(Factors)).Process(() => new MultiplyFunction()), new HarnessOptions { Parallelism = parallelism });

    private static TwoInputOperatorHarness<int, (int Key, int Value), string> Edit(int parallelism) => new(
        (numbers, edits) => numbers.Connect(edits.Broadcast(EditFunction.Map)).Process(() => new EditFunction()), new HarnessOptions { Parallelism = parallelism });

    private sealed class MultiplyFunction : BroadcastProcessFunction<int, (string Name, int Factor), string>
    {
        public override void ProcessElement(int value, ReadOnlyBroadcastContext context, Collector<string> output) =>
            output.Collect($"{value * context.GetBroadcastState(Factors)["x"]}");

        public override void ProcessBroadcastElement((string Name, int Factor) value, BroadcastContext context, Collector<string> output)
        {
            context.GetBroadcastState(Factors).Put(value.Name, value.Factor);
            output.Collect($"{value.Name}={value.Factor}");
        }
    }

    private sealed class EditFunction : BroadcastProcessFunction<int, (int Key, int Value), string>
    {
        public static readonly MapStateDescriptor<int, int> Map = new("map");

        public override void ProcessElement(int value, ReadOnlyBroadcastContext context, Collector<string> output) =>
            output.Collect(string.Join(' ', context.GetBroadcastState(Map).Entries.OrderBy(entry => entry.Key).Select(entry => $"{entry.Key}:{entry.Value}")));

        public override void ProcessBroadcastElement((int Key, int Value) value, BroadcastContext context, Collector<string> output)
        {
            if (value.Value < 0)
            {
                context.GetBroadcastState(Map).Remove(value.Key);
            }
            else
            {
                context.GetBroadcastState(Map).Put(value.Key, value.Value);
            }
        }
    }

    private sealed class Inspect(Func<ReadOnlyBroadcastContext, string> inspect) : BroadcastProcessFunction<int, int, string>
    {
        public override void ProcessElement(int value, ReadOnlyBroadcastContext context, Collector<string> output) => output.Collect(inspect(context));

        public override void ProcessBroadcastElement(int value, BroadcastContext context, Collector<string> output)
        {
        }
    }

    /// <summary>Keeps totals, values and counts by key; commands tell them, raise them, or remove the values.</summary>
    private sealed class Totals : KeyedBroadcastProcessFunction<string, (string Key, int Value), int, string>
    {
        private static readonly ValueStateDescriptor<int> Total = new("total");
        private static readonly ListStateDescriptor<int> Values = new("values");
        private static readonly MapStateDescriptor<int, int> Counts = new("counts");

        private ValueState<int> _total = null!;
        private ListState<int> _values = null!;
        private MapState<int, int> _counts = null!;

        public override void Open(RuntimeContext context)
        {
            _total = context.GetState(Total);
            _values = context.GetListState(Values);
            _counts = context.GetMapState(Counts);
        }

        public override void ProcessElement((string Key, int Value) value, KeyedReadOnlyBroadcastContext<string> context, Collector<string> output)
        {
            _total.GetOrAdd() += value.Value;
            _values.Add(value.Value);
            _counts.GetOrAdd(0) = 1;
            context.Timers.RegisterEventTimeTimer(50);
        }

        public override void ProcessBroadcastElement(int value, KeyedBroadcastContext<string> context, Collector<string> output)
        {
            context.GetBroadcastState(Names).Put(context.GetBroadcastState(Names).Count, $"{value}");
            switch (value)
            {
                case 0:
                    _total.Value = 5;
                    break;
                case 10:
                    context.ApplyToKeyedState(Counts, (key, counts) => output.Collect($"{key}: {_total.Value} {string.Join(',', _values.AsSpan().ToArray())} {counts[0]}"));
                    context.ApplyToKeyedState(Counts, (_, counts) => counts.Clear());
                    context.ApplyToKeyedState(Values, (_, values) => values.Clear());
                    context.ApplyToKeyedState(Total, (_, total) => total.GetOrAdd() += value);
                    break;
                case 100:
                    context.ApplyToKeyedState(Counts, (key, _) => output.Collect($"{key} still has counts"));
                    context.ApplyToKeyedState(Values, (key, _) => output.Collect($"{key} still has values"));
                    context.ApplyToKeyedState(Total, (key, total) => output.Collect($"{key}: {total.Value}"));
                    break;
                default:
                    context.ApplyToKeyedState(Total, (_, total) => total.Clear());
                    break;
            }
        }

        public override void OnTimer(long timestamp, KeyedBroadcastTimerContext<string> context, Collector<string> output) =>
            output.Collect($"timer {context.CurrentKey} {string.Join(',', context.GetBroadcastState(Names).Entries.OrderBy(entry => entry.Key).Select(entry => entry.Value))}");
    }
}
