using CsCheck;
using Millrace.Testing;

namespace Millrace.Runtime.Tests.Operators.Running;

public sealed class RunningAggregateTests
{
    [Fact]
    public void Every_record_gives_the_new_result_of_its_key()
    {
        using var harness = Create(consistent: false);
        harness.Process([(new Item(1, "aa"), 20), (new Item(2, "b"), EventTime.None), (new Item(1, "c"), 10)]);
        Assert.Equal([("1: 2", 20L), ("2: 1", EventTime.None), ("1: 3", 10L)], harness.OutputWithTimestamps);
        using var restored = harness.Rescale(2);
        restored.Process(new Item(1, "d"), 5);
        Assert.Equal(["1: 4"], restored.Output);
    }

    [Fact]
    public void Every_closed_timestamp_gives_it_where_output_is_consistent()
    {
        using var harness = Create(consistent: true);
        harness.Process([(new Item(1, "aaa"), 30), (new Item(1, "a"), 10), (new Item(2, "b"), 20), (new Item(1, "a"), 10)]);
        harness.Watermark(25);
        Assert.Equal([("1: 2", 10L), ("2: 1", 20L)], harness.OutputWithTimestamps);
        using var restored = harness.Rescale(2);
        restored.Process([(new Item(1, "late"), 25), (new Item(2, "b"), 26)]);
        restored.EndInput();
        Assert.Equal([("1: 5", 30L), ("2: 2", 26L)], restored.OutputWithTimestamps.Order());
        Assert.Equal(1, restored.LateRecords);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_record_that_the_function_fails_on_is_left_out(bool consistent)
    {
        using var harness = new OperatorHarness<Item, string>(
            items => items.KeyBy(item => item.Key).Aggregate(() => new CountText()).OnError(ErrorPolicy.Skip), new HarnessOptions { ConsistentOutput = consistent });
        harness.Process([(new Item(1, "bad"), 10), (new Item(1, "a"), 20), (new Item(1, "bad"), 20), (new Item(2, "bad"), 20)]);
        harness.EndInput();
        Assert.Equal(["1"], harness.Output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_key_whose_accumulator_could_not_be_made_gets_one_with_its_next_record(bool consistent)
    {
        using var harness = new OperatorHarness<Item, int>(
            items => items.KeyBy(item => item.Key).Aggregate(() => new FailsToBegin()).OnError(ErrorPolicy.Skip), new HarnessOptions { ConsistentOutput = consistent });
        harness.Process([(new Item(1, "a"), 10), (new Item(1, "b"), 20)]);
        harness.EndInput();
        Assert.Equal([1], harness.Output);
    }

    [Fact]
    public void A_snapshot_is_not_changed_by_what_comes_behind_it()
    {
        using var harness = new OperatorHarness<Item, int>(items => items.KeyBy(item => item.Key).Aggregate(() => new CountInObject()), new HarnessOptions { ConsistentOutput = true });
        harness.Process([(new Item(1, "a"), 10), (new Item(1, "b"), 20)]);
        var snapshot = harness.Snapshot();
        harness.Process(new Item(1, "c"), 20);
        harness.EndInput();
        Assert.Equal([1, 3], harness.Output);
        using var restored = new OperatorHarness<Item, int>(
            items => items.KeyBy(item => item.Key).Aggregate(() => new CountInObject()), new HarnessOptions { ConsistentOutput = true, RestoreFrom = snapshot });
        restored.EndInput();
        Assert.Equal([1, 2], restored.Output);
    }

    [Fact]
    public void The_same_as_sorting_by_time_and_folding_whatever_the_order() => Gen.Select(
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 9], Gen.Long[0, 20]).List[0, 60], Gen.Int[1, 4], Gen.Int[1, 5]).Sample((records, parallelism, batchSize) =>
        {
            using var harness = new OperatorHarness<Item, string>(
                Declare, new HarnessOptions { ConsistentOutput = true, Parallelism = parallelism, BatchSize = batchSize });
            harness.Process(records.Select(record => (new Item(record.Item1, new string('x', record.Item2)), record.Item3)));
            harness.Watermark(9);
            harness.EndInput();
            var expected = from key in records.GroupBy(record => record.Item1)
                           from time in key.Select(record => record.Item3).Distinct()
                           select ($"{key.Key}: {key.Where(record => record.Item3 <= time).Sum(record => record.Item2)}", time);
            Assert.Equal(expected.Order(), harness.OutputWithTimestamps.Order());
        });

    [Fact]
    public void A_change_tells_what_was_before()
    {
        using var harness = new OperatorHarness<Item, Change<Item>>(items => items.KeyBy(item => item.Key).Changes());
        harness.Process([(new Item(1, "a"), 10), (new Item(2, "b"), 20), (new Item(1, "c"), 30)]);
        using var restored = harness.Rescale(2);
        restored.Process(new Item(2, "d"), 40);
        Assert.Equal(
            [(new Change<Item>(false, null, new Item(1, "a")), 10L), (new Change<Item>(false, null, new Item(2, "b")), 20L), (new Change<Item>(true, new Item(1, "a"), new Item(1, "c")), 30L), (new Change<Item>(true, new Item(2, "b"), new Item(2, "d")), 40L)],
            harness.OutputWithTimestamps.Concat(restored.OutputWithTimestamps));
    }

    [Fact]
    public void Every_closed_timestamp_gives_one_change_where_output_is_consistent()
    {
        using var harness = new OperatorHarness<Item, Change<Item>>(items => items.KeyBy(item => item.Key).Changes(), new HarnessOptions { ConsistentOutput = true });
        harness.Process([(new Item(1, "c"), 30), (new Item(1, "a"), 10), (new Item(1, "b"), 10)]);
        harness.Watermark(10);
        harness.Process(new Item(1, "late"), 10);
        using var restored = harness.Rescale(2);
        restored.EndInput();
        Assert.Equal(
            [(new Change<Item>(false, null, new Item(1, "b")), 10L), (new Change<Item>(true, new Item(1, "b"), new Item(1, "c")), 30L)],
            harness.OutputWithTimestamps.Concat(restored.OutputWithTimestamps));
        Assert.Equal(1, harness.LateRecords);
    }

    private static SingleOutputStream<string> Declare(DataStream<Item> items) => items.KeyBy(item => item.Key).Aggregate(() => new CountText(), (key, count) => $"{key}: {count}");

    private static OperatorHarness<Item, string> Create(bool consistent) => new(Declare, new HarnessOptions { ConsistentOutput = consistent });
}
