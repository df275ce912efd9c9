using CsCheck;
using Millrace.Testing;

namespace Millrace.Runtime.Tests.Operators.TwoInputs;

public sealed class IntervalJoinTests
{
    private static readonly OutputTag<Item> LateLeft = new("late left");
    private static readonly OutputTag<Item> LateRight = new("late right");
    private static readonly OutputTag<string> Side = new("side");

    [Theory]
    [InlineData(false, false, "8 9 10 11 12")]
    [InlineData(true, false, "9 10 11 12")]
    [InlineData(false, true, "8 9 10 11")]
    [InlineData(true, true, "9 10 11")]
    public void Bounds_are_inclusive_unless_said_otherwise(bool lowerExclusive, bool upperExclusive, string partners)
    {
        using var harness = Join(-2, 2, lowerExclusive, upperExclusive);
        harness.Process1(new Item(1, 0), 10);
        harness.Process2(Enumerable.Range(6, 9).Select(time => (new Item(1, time), (long)time)));
        Assert.Equal(partners, string.Join(' ', harness.Output.Select(pair => pair.Split('+')[1])));
    }

    [Fact]
    public void A_result_has_the_greater_timestamp_of_both_and_keys_do_not_mix()
    {
        using var harness = Join(-5, 5);
        harness.Process2(new Item(1, 2), 12);
        harness.Process2(new Item(2, 3), 12);
        harness.Process1(new Item(1, 1), 10);
        harness.Process1(new Item(1, 4), 15);
        Assert.Equal([("1+2", 12L), ("4+2", 15L)], harness.OutputWithTimestamps);
    }

    [Fact]
    public void Late_records_go_into_their_side_outputs_or_are_dropped()
    {
        using var harness = Join(-100, 100);
        var left = harness.SideOutput(LateLeft);
        var right = harness.SideOutput(LateRight);
        harness.Watermark(10);
        harness.Process1([(new Item(1, 1), 10), (new Item(1, 2), 11)]);
        harness.Process2([(new Item(1, 3), 5), (new Item(1, 4), 12)]);
        Assert.Equal(["2+4"], harness.Output);
        Assert.Equal([1], left.Select(item => item.Id));
        Assert.Equal([3], right.Select(item => item.Id));
        Assert.Equal(2, harness.LateRecords);

        using var dropping = new TwoInputOperatorHarness<Item, Item, string>((l, r) => l.KeyBy(i => i.Key).IntervalJoin(r.KeyBy(i => i.Key)).Between(TimeSpan.Zero, TimeSpan.Zero).Process(Pair));
        dropping.Watermark(10);
        dropping.Process1(new Item(1, 1), 10);
        dropping.Process2(new Item(1, 2), 10);
        Assert.Empty(dropping.Output);
        Assert.Equal(2, dropping.LateRecords);
    }

    [Fact]
    public void State_goes_with_the_watermark_of_both_inputs()
    {
        using var harness = Join(-5, 20);
        harness.Process1(new Item(1, 1), 100);
        harness.Process2(new Item(1, 2), 100);

        // Two buffers and two timers, at 120 for the left one and at 105 for the right one.
        Assert.Equal(4, harness.StateEntries);
        harness.Watermark1(1_000);
        Assert.Equal(4, harness.StateEntries);
        harness.Watermark2(104);
        Assert.Equal(4, harness.StateEntries);
        harness.Watermark2(105);
        Assert.Equal(2, harness.StateEntries);
        harness.Watermark2(120);
        Assert.Equal(0, harness.StateEntries);
    }

    [Fact]
    public void Bounds_on_one_side_keep_the_other_side_no_longer_than_its_own_time()
    {
        using var future = Join(10, 20);
        future.Process2(new Item(1, 1), 100);
        future.Process1(new Item(1, 2), 85);
        Assert.Equal(["2+1"], future.Output);
        future.Watermark(100);
        Assert.Equal(2, future.StateEntries);
        future.Watermark(105);
        Assert.Equal(0, future.StateEntries);

        using var past = Join(-20, -10);
        past.Process1(new Item(1, 1), 100);
        past.Process2(new Item(1, 2), 85);
        Assert.Equal(["1+2"], past.Output);
        past.Watermark(100);
        Assert.Equal(2, past.StateEntries);
        past.Watermark(105);
        Assert.Equal(0, past.StateEntries);
    }

    [Fact]
    public void Bounds_as_wide_as_time_keep_everything_to_the_end()
    {
        using var harness = new TwoInputOperatorHarness<Item, Item, string>((l, r) => l.KeyBy(i => i.Key).IntervalJoin(r.KeyBy(i => i.Key))
            .Between(TimeSpan.FromMilliseconds(-900_000_000_000_000), TimeSpan.FromMilliseconds(900_000_000_000_000)).Process(Pair));
        harness.Process1(new Item(1, 1), long.MaxValue - 5);
        harness.Process1(new Item(1, 2), long.MinValue + 5);
        harness.Process2(new Item(1, 3), long.MaxValue - 1);
        harness.Process2(new Item(1, 4), long.MinValue + 1);
        Assert.Equal(["1+3", "2+4"], harness.Output);
        harness.EndInput1();
        harness.EndInput2();
        Assert.Equal(0, harness.StateEntries);
    }

    [Fact]
    public void A_record_without_a_timestamp_is_an_error_that_says_what_to_do()
    {
        using var harness = Join(0, 0);
        var error = Assert.ThrowsAny<Exception>(() => harness.Process1(new Item(1, 1)));
        Assert.Contains("AssignTimestampsAndWatermarks before the join", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bounds_that_cannot_be_are_refused()
    {
        var numbers = new StreamExecutionEnvironment().FromSequence(0, 1).KeyBy(n => n);
        Assert.Throws<ArgumentException>(() => numbers.IntervalJoin(numbers).Between(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1)));
        Assert.Throws<ArgumentException>(() => numbers.IntervalJoin(numbers).Between(TimeSpan.FromTicks(1), TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void A_function_sees_both_timestamps_and_side_outputs()
    {
        using var harness = new TwoInputOperatorHarness<Item, Item, string>((l, r) =>
            l.KeyBy(i => i.Key).IntervalJoin(r.KeyBy(i => i.Key)).Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(10)).Process(() => new Times()));
        var side = harness.SideOutput(Side);
        harness.Process2(new Item(1, 2), 12);
        harness.Process1(new Item(1, 1), 10);
        Assert.Equal([("10 12 12", 12L)], harness.OutputWithTimestamps);
        Assert.Equal(["1+2"], side);
    }

    [Fact]
    public void What_was_late_before_a_restore_is_late_behind_it()
    {
        using var harness = Join(-10, 10);
        harness.Watermark(100);
        using var restored = harness.Rescale(3);
        var late = restored.SideOutput(LateLeft);
        restored.Process1(Enumerable.Range(0, 20).Select(key => (new Item(key, key), 100L)));
        restored.Process2(Enumerable.Range(0, 20).Select(key => (new Item(key, key), 101L)));
        Assert.Empty(restored.Output);
        Assert.Equal(20, late.Count);
        Assert.Equal(20, restored.StateEntries / 2);
    }

    [Fact]
    public void The_same_pairs_as_a_naive_join_whatever_the_order_the_watermarks_and_the_restores() => Gen.Select(
        Gen.Select(Gen.Long[-12, 12], Gen.Long[0, 12], Gen.Bool, Gen.Bool),
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 3], Gen.Long[-5, 60]).List[0, 80],
        Gen.Int[1, 4],
        Gen.Int[1, 5]).Sample((bounds, steps, parallelism, batchSize) =>
        {
            var (lower, width, lowerExclusive, upperExclusive) = bounds;
            long upper = lower + width;
            var harness = Join(lower, upper, lowerExclusive, upperExclusive, new HarnessOptions { Parallelism = parallelism, BatchSize = batchSize });
            var output = new List<(string Value, long Timestamp)>();
            var late = new List<int>();
            var lateLists = Late(harness);
            var oracle = new NaiveJoin(lower + (lowerExclusive ? 1 : 0), upper - (upperExclusive ? 1 : 0));
            for (int id = 0; id < steps.Count; id++)
            {
                var (action, key, value) = steps[id];
                switch (action)
                {
                    case < 4:
                        harness.Process1(new Item(key, id), value);
                        oracle.Left(key, id, value);
                        break;
                    case < 8:
                        harness.Process2(new Item(key, id), value);
                        oracle.Right(key, id, value);
                        break;
                    case 8:
                        // Watermarks do not go back, whatever the generator says.
                        harness.Watermark1(value);
                        oracle.First = Math.Max(oracle.First, value);
                        harness.Watermark2(value + 3);
                        oracle.Second = Math.Max(oracle.Second, value + 3);
                        break;
                    default:
                        output.AddRange(harness.OutputWithTimestamps);
                        late.AddRange(lateLists.SelectMany(list => list).Select(item => item.Id));
                        var next = harness.Rescale(1 + (key % 4));
                        harness.Dispose();
                        harness = next;
                        lateLists = Late(harness);

                        // As sources that go on: they have promised what they had promised.
                        if (oracle.First > EventTime.MinWatermark)
                        {
                            harness.Watermark1(oracle.First);
                            harness.Watermark2(oracle.Second);
                        }

                        break;
                }
            }

            output.AddRange(harness.OutputWithTimestamps);
            late.AddRange(lateLists.SelectMany(list => list).Select(item => item.Id));
            Assert.Equal(oracle.Pairs.Order(), output.Order());
            Assert.Equal(oracle.Late.Order(), late.Order());
            harness.EndInput1();
            harness.EndInput2();
            Assert.Equal(0, harness.StateEntries);
            harness.Dispose();
        });

    private static IReadOnlyList<Item>[] Late(TwoInputOperatorHarness<Item, Item, string> harness) => [harness.SideOutput(LateLeft), harness.SideOutput(LateRight)];

    private static string Pair(Item left, Item right) => $"{left.Id}+{right.Id}";

    private static TwoInputOperatorHarness<Item, Item, string> Join(long lower, long upper, bool lowerExclusive = false, bool upperExclusive = false, HarnessOptions? options = null) => new(
        (left, right) =>
        {
            var join = left.KeyBy(item => item.Key).IntervalJoin(right.KeyBy(item => item.Key)).Between(TimeSpan.FromMilliseconds(lower), TimeSpan.FromMilliseconds(upper))
                .SideOutputLeftLateData(LateLeft).SideOutputRightLateData(LateRight);
            join = lowerExclusive ? join.LowerBoundExclusive() : join;
            join = upperExclusive ? join.UpperBoundExclusive() : join;
            return join.Process(Pair);
        },
        options);

    private sealed record Item(int Key, int Id);

    private sealed class Times : ProcessJoinFunction<Item, Item, string>
    {
        public override void ProcessElement(Item left, Item right, JoinContext context, Collector<string> output)
        {
            output.Collect($"{context.LeftTimestamp} {context.RightTimestamp} {context.Timestamp}");
            context.Output(Side, Pair(left, right));
        }
    }

    /// <summary>Keeps everything, and compares everything with everything.</summary>
    private sealed class NaiveJoin(long lower, long upper)
    {
        private readonly List<(int Key, int Id, long Time)> _left = [];
        private readonly List<(int Key, int Id, long Time)> _right = [];

        public long First { get; set; } = EventTime.MinWatermark;

        public long Second { get; set; } = EventTime.MinWatermark;

        public List<(string Value, long Timestamp)> Pairs { get; } = [];

        public List<int> Late { get; } = [];

        public void Left(int key, int id, long time)
        {
            if (IsLate(id, time))
            {
                return;
            }

            _left.Add((key, id, time));
            Pairs.AddRange(_right.Where(right => right.Key == key && right.Time >= time + lower && right.Time <= time + upper).Select(right => ($"{id}+{right.Id}", Math.Max(time, right.Time))));
        }

        public void Right(int key, int id, long time)
        {
            if (IsLate(id, time))
            {
                return;
            }

            _right.Add((key, id, time));
            Pairs.AddRange(_left.Where(left => left.Key == key && time >= left.Time + lower && time <= left.Time + upper).Select(left => ($"{left.Id}+{id}", Math.Max(time, left.Time))));
        }

        private bool IsLate(int id, long time)
        {
            bool late = time <= Math.Min(First, Second);
            if (late)
            {
                Late.Add(id);
            }

            return late;
        }
    }
}
