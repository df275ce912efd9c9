using CsCheck;
using Millrace.Testing;

namespace Millrace.Runtime.Tests.Operators.Running;

public sealed class ConsistentReduceTests
{
    private static readonly OutputTag<DeadLetter<Item>> Broken = new("broken");

    [Fact]
    public void A_closed_timestamp_gives_one_value_for_each_key_that_it_changed_in_the_order_of_time()
    {
        using var harness = Create();
        harness.Process([(new Item(1, "c"), 30), (new Item(1, "a"), 10), (new Item(2, "x"), 20), (new Item(1, "b"), 20), (new Item(1, "a"), 10)]);
        Assert.Empty(harness.Output);
        harness.Watermark(19);
        Assert.Equal([("1aa", 10L)], Texts(harness));
        harness.Watermark(20);
        Assert.Equal([("1aa", 10L), ("2x", 20L), ("1aab", 20L)], Texts(harness));
        harness.EndInput();
        Assert.Equal(("1aabc", 30L), Texts(harness)[^1]);
        Assert.Equal(4, harness.Output.Count);
        Assert.Equal(2, harness.StateEntries);
    }

    [Fact]
    public void A_record_of_a_closed_timestamp_is_dropped_and_counted()
    {
        using var harness = Create();
        harness.Process(new Item(1, "a"), 10);
        harness.Watermark(10);
        harness.Process([(new Item(1, "late"), 10), (new Item(1, "b"), 11), (new Item(2, "late"), 3)]);
        harness.EndInput();
        Assert.Equal([("1a", 10L), ("1ab", 11L)], Texts(harness));
        Assert.Equal(2, harness.LateRecords);
    }

    [Fact]
    public void What_was_closed_before_a_restore_is_closed_behind_it()
    {
        using var harness = Create();
        harness.Process([(new Item(1, "a"), 10), (new Item(1, "c"), 30)]);
        harness.Watermark(20);
        using var restored = harness.Rescale(3);
        restored.Process([(new Item(1, "late"), 20), (new Item(1, "b"), 21)]);
        restored.EndInput();
        Assert.Equal([("1ab", 21L), ("1abc", 30L)], Texts(restored));
        Assert.Equal(1, restored.LateRecords);
    }

    [Fact]
    public void Without_the_option_every_record_gives_a_value_and_what_was_aggregated_stays_when_it_is_turned_on()
    {
        using var harness = Create(new HarnessOptions());
        harness.Process([(new Item(1, "b"), 20), (new Item(1, "a"), 10)]);
        Assert.Equal([("1b", 20L), ("1ba", 10L)], Texts(harness));
        using var consistent = Create(new HarnessOptions { ConsistentOutput = true, RestoreFrom = harness.Snapshot() });
        consistent.Process([(new Item(1, "d"), 40), (new Item(1, "c"), 30)]);
        consistent.EndInput();
        Assert.Equal([("1bac", 30L), ("1bacd", 40L)], Texts(consistent));
    }

    [Fact]
    public void A_record_without_a_timestamp_is_an_error_that_says_what_to_do()
    {
        using var harness = Create();
        var error = Assert.ThrowsAny<Exception>(() => harness.Process(new Item(1, "a")));
        Assert.Contains("AssignTimestampsAndWatermarks before, or set ExecutionOptions.ConsistentOutput to false", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_that_the_function_fails_on_is_left_out_and_the_others_of_its_timestamp_count()
    {
        using var harness = new OperatorHarness<Item, Item>(
            items => items.KeyBy(item => item.Key).Reduce((a, b) => b.Text == "bad" ? throw new FormatException("bad") : Append(a, b)).OnError(ErrorPolicy.ToSideOutput(Broken)),
            new HarnessOptions { ConsistentOutput = true });
        var broken = harness.SideOutput(Broken);
        harness.Process([(new Item(1, "a"), 10), (new Item(1, "bad"), 10), (new Item(1, "b"), 10), (new Item(1, "bad"), 20), (new Item(1, "c"), 30)]);
        harness.EndInput();
        Assert.Equal([("1ab", 10L), ("1abc", 30L)], Texts(harness));
        Assert.Equal([10L, 20L], broken.Select(letter => letter.Timestamp));
    }

    [Fact]
    public void The_same_as_sorting_by_time_and_folding_whatever_the_order_the_watermarks_and_the_restores() => Gen.Select(
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 3], Gen.Long[-5, 60]).List[0, 80],
        Gen.Int[1, 4],
        Gen.Int[1, 5]).Sample((steps, parallelism, batchSize) =>
        {
            var harness = Create(new HarnessOptions { ConsistentOutput = true, Parallelism = parallelism, BatchSize = batchSize });
            var taken = new List<(Item Item, long Time)>();
            var output = new List<(string, long)>();
            long watermark = EventTime.MinWatermark;
            for (int id = 0; id < steps.Count; id++)
            {
                var (action, key, value) = steps[id];
                switch (action)
                {
                    case < 7:
                        harness.Process(new Item(key, $",{id}"), value);
                        if (value > watermark)
                        {
                            taken.Add((new Item(key, $",{id}"), value));
                        }

                        break;
                    case < 9:
                        watermark = Math.Max(watermark, value);
                        harness.Watermark(watermark);
                        break;
                    default:
                        output.AddRange(Texts(harness));
                        var next = harness.Rescale(1 + (key % 4));
                        harness.Dispose();
                        harness = next;
                        break;
                }
            }

            harness.EndInput();
            output.AddRange(Texts(harness));
            Assert.Equal(Fold(taken).Order(), output.Order());
            Assert.Equal(taken.Select(record => record.Item.Key).Distinct().Count(), harness.StateEntries);
            harness.Dispose();
        });

    /// <summary>For each key, and each timestamp that it has records of: all up to it, in the order of time and then of arrival.</summary>
    private static IEnumerable<(string Text, long Time)> Fold(List<(Item Item, long Time)> records) =>
        from key in records.GroupBy(record => record.Item.Key)
        let sorted = key.OrderBy(record => record.Time).ToList()
        from time in sorted.Select(record => record.Time).Distinct()
        select ($"{key.Key}{string.Concat(sorted.Where(record => record.Time <= time).Select(record => record.Item.Text))}", time);

    private static Item Append(Item all, Item next) => all with { Text = all.Text + next.Text };

    private static List<(string Text, long Time)> Texts(OperatorHarness<Item, Item> harness) =>
        [.. harness.OutputWithTimestamps.Select(record => ($"{record.Value.Key}{record.Value.Text}", record.Timestamp))];

    private static OperatorHarness<Item, Item> Create(HarnessOptions? options = null) =>
        new(items => items.KeyBy(item => item.Key).Reduce(Append), options ?? new HarnessOptions { ConsistentOutput = true });
}
