using CsCheck;
using Millrace.Testing;

namespace Millrace.Runtime.Tests.Operators.Running;

public sealed class LatestJoinTests
{
    [Fact]
    public void Every_record_gives_a_result_once_the_key_has_both_sides()
    {
        using var harness = Create(consistent: false);
        harness.Process1([(new Item(1, "a"), 10), (new Item(2, "x"), EventTime.None)]);
        harness.Process2(new Item(1, "b"), 5);
        harness.Process1(new Item(1, "c"), 7);
        Assert.Equal([("1ab", 5L), ("1cb", 7L)], harness.OutputWithTimestamps);
        using var restored = harness.Rescale(3);
        restored.Process2(new Item(2, "y"), 1);
        Assert.Equal(["2xy"], restored.Output);
    }

    [Fact]
    public void Every_closed_timestamp_gives_one_result_for_each_key_in_the_order_of_time()
    {
        using var harness = Create(consistent: true);
        harness.Process1([(new Item(1, "c"), 30), (new Item(1, "a"), 10)]);
        harness.Process2([(new Item(1, "x"), 10), (new Item(1, "y"), 20), (new Item(2, "z"), 20)]);
        harness.Watermark1(100);
        Assert.Empty(harness.Output);
        harness.Watermark2(20);
        Assert.Equal([("1ax", 10L), ("1ay", 20L)], harness.OutputWithTimestamps);
        harness.Watermark2(30);
        Assert.Equal(("1cy", 30L), harness.OutputWithTimestamps[^1]);
        Assert.Equal(3, harness.StateEntries);
    }

    [Fact]
    public void Stand_ins_make_an_outer_join()
    {
        using var harness = new TwoInputOperatorHarness<Item, Item, string>(
            (left, right) => Join(left, right).LeftOr(key => new Item(key, "-")).RightOr(key => new Item(key, "+")).Process(Pair), new HarnessOptions { ConsistentOutput = true });
        harness.Process1([(new Item(1, "a"), 10)]);
        harness.Process2([(new Item(2, "b"), 10), (new Item(1, "c"), 20)]);
        harness.Watermark(20);
        Assert.Equal([("1a+", 10L), ("1ac", 20L), ("2-b", 10L)], harness.OutputWithTimestamps.Order());
    }

    [Fact]
    public void A_record_of_a_closed_timestamp_is_dropped_and_counted_also_behind_a_restore()
    {
        using var harness = Create(consistent: true);
        harness.Process1(new Item(1, "a"), 10);
        harness.Watermark(10);
        harness.Process2(new Item(1, "late"), 10);
        Assert.Equal(1, harness.LateRecords);
        using var restored = harness.Rescale(2);
        restored.Process2([(new Item(1, "late"), 10), (new Item(1, "b"), 11)]);
        restored.Watermark(20);
        Assert.Equal([("1ab", 11L)], restored.OutputWithTimestamps);
        Assert.Equal(1, restored.LateRecords);
    }

    [Fact]
    public void The_same_as_a_naive_join_whatever_the_order_the_watermarks_and_the_restores() => Gen.Select(
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 3], Gen.Long[-5, 60]).List[0, 80], Gen.Int[1, 4], Gen.Int[1, 5]).Sample((steps, parallelism, batchSize) =>
        {
            var harness = Create(consistent: true, new HarnessOptions { ConsistentOutput = true, Parallelism = parallelism, BatchSize = batchSize });
            var left = new List<(int Key, string Text, long Time)>();
            var right = new List<(int Key, string Text, long Time)>();
            var output = new List<(string, long)>();
            long watermark = EventTime.MinWatermark;
            for (int id = 0; id < steps.Count; id++)
            {
                var (action, key, value) = steps[id];
                switch (action)
                {
                    case < 7:
                        bool isLeft = action < 4;
                        if (isLeft)
                        {
                            harness.Process1(new Item(key, $",{id}"), value);
                        }
                        else
                        {
                            harness.Process2(new Item(key, $",{id}"), value);
                        }

                        if (value > watermark)
                        {
                            (isLeft ? left : right).Add((key, $",{id}", value));
                        }

                        break;
                    case < 9:
                        watermark = Math.Max(watermark, value);
                        harness.Watermark1(watermark + (key * 7));
                        harness.Watermark2(watermark);
                        break;
                    default:
                        output.AddRange(harness.OutputWithTimestamps);
                        var next = harness.Rescale(1 + (key % 4));
                        harness.Dispose();
                        harness = next;
                        break;
                }
            }

            harness.EndInput1();
            harness.EndInput2();
            output.AddRange(harness.OutputWithTimestamps);
            var expected = from key in Enumerable.Range(0, 4)
                           from time in left.Concat(right).Where(record => record.Key == key).Select(record => record.Time).Distinct()
                           let l = Latest(left, key, time)
                           let r = Latest(right, key, time)
                           where l is not null && r is not null
                           select ($"{key}{l}{r}", time);
            Assert.Equal(expected.Order(), output.Order());
            harness.Dispose();
        });

    private static string? Latest(List<(int Key, string Text, long Time)> records, int key, long time) =>
        records.Where(record => record.Key == key && record.Time <= time).OrderBy(record => record.Time).Select(record => record.Text).LastOrDefault();

    private static string Pair(Item left, Item right) => $"{left.Key}{left.Text}{right.Text}";

    private static LatestJoin<int, Item, Item> Join(DataStream<Item> left, DataStream<Item> right) => left.KeyBy(item => item.Key).LatestJoin(right.KeyBy(item => item.Key));

    private static TwoInputOperatorHarness<Item, Item, string> Create(bool consistent, HarnessOptions? options = null) =>
        new((left, right) => Join(left, right).Process(Pair), options ?? new HarnessOptions { ConsistentOutput = consistent });
}
