using Millrace.Testing;

namespace Millrace.Runtime.Tests.Operators;

public sealed class StatelessOperatorTests
{
    private static readonly OutputTag<string> Odd = new("odd");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1024)]
    public void Map_AnyBatchSize_KeepsOrderAndTimestamps(int batchSize)
    {
        using var sameType = new OperatorHarness<int, int>(numbers => numbers.Map(n => n * 10), new HarnessOptions { BatchSize = batchSize });
        using var otherType = new OperatorHarness<int, string>(numbers => numbers.Map(n => $"<{n}>"), new HarnessOptions { BatchSize = batchSize });
        sameType.Process([(1, -5), (2, 7), (3, EventTime.None)]);
        otherType.Process([(1, -5), (2, 7), (3, EventTime.None)]);

        Assert.Equal([(10, -5L), (20, 7L), (30, EventTime.None)], sameType.OutputWithTimestamps);
        Assert.Equal([("<1>", -5L), ("<2>", 7L), ("<3>", EventTime.None)], otherType.OutputWithTimestamps);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1024)]
    public void FlatMap_NoneOneAndMany_GivesThemInOrderWithTheRecordsTimestamp(int batchSize)
    {
        using var harness = new OperatorHarness<int, string>(
            numbers => numbers.FlatMap<string>((n, output) =>
            {
                for (int i = 0; i < n; i++)
                {
                    output.Collect($"{n}.{i}");
                }

                if (n == 4)
                {
                    output.Collect("own", 99);
                }
            }),
            new HarnessOptions { BatchSize = batchSize });
        harness.Process([(2, 20), (0, 30), (4, 40)]);

        Assert.Equal([("2.0", 20L), ("2.1", 20L), ("4.0", 40L), ("4.1", 40L), ("4.2", 40L), ("4.3", 40L), ("own", 99L)], harness.OutputWithTimestamps);
    }

    [Fact]
    public void Filter_SomeAllNone_KeepsThoseThatStay()
    {
        using var harness = new OperatorHarness<string, string>(words => words.Filter(w => w.Length < 3));
        harness.Process([("a", 1), ("long", 2), ("bb", 3)]);
        harness.Process([("longer", 4), ("longest", 5)]);
        harness.Process([("c", 6)]);
        Assert.Equal([("a", 1L), ("bb", 3L), ("c", 6L)], harness.OutputWithTimestamps);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1024)]
    public void Functions_that_get_a_large_record_by_reference_give_what_those_give_that_get_a_copy(int batchSize)
    {
        var options = new HarnessOptions { BatchSize = batchSize };
        (Large, long)[] records = [.. Enumerable.Range(0, 10).Select(n => (new Large(n, $"{n}", n * 2, n * 3, n * 4, n * 5, n * 6, n * 7), n * 10L))];
        using var map = new OperatorHarness<Large, string>(input => input.Map((in large) => large.Text + large.H), options);
        using var sameType = new OperatorHarness<Large, Large>(input => input.Map((in large) => large with { A = large.H }), options);
        using var filter = new OperatorHarness<Large, Large>(input => input.Filter((in large) => large.A % 3 == 0), options);
        using var flatMap = new OperatorHarness<Large, long>(
            input => input.FlatMap<long>((in large, output) =>
            {
                for (int i = 0; i < large.A % 3; i++)
                {
                    output.Collect(large.C);
                }
            }),
            options);
        map.Process(records);
        sameType.Process(records);
        filter.Process(records);
        flatMap.Process(records);

        Assert.Equal(records.Select(record => (record.Item1.Text + record.Item1.H, record.Item2)), map.OutputWithTimestamps);
        Assert.Equal(records.Select(record => (record.Item1 with { A = record.Item1.H }, record.Item2)), sameType.OutputWithTimestamps);
        Assert.Equal(records.Where(record => record.Item1.A % 3 == 0), filter.OutputWithTimestamps);
        Assert.Equal(records.SelectMany(record => Enumerable.Repeat((record.Item1.C, record.Item2), (int)record.Item1.A % 3)), flatMap.OutputWithTimestamps);
    }

    [Fact]
    public void Process_SeesTimesAndEmitsIntoSideOutputs()
    {
        using var harness = new OperatorHarness<int, string>(numbers => numbers.Process(() => new Split()));
        var odd = harness.SideOutput(Odd);
        harness.Process(1, 10);
        harness.Process(2, 20);
        harness.Watermark(15);
        harness.AdvanceProcessingTime(TimeSpan.FromSeconds(3));
        harness.Process([(3, 30), (4, 40)]);

        Assert.Equal([("2 none 0", 20L), ("4 15 3000", 40L)], harness.OutputWithTimestamps);
        Assert.Equal(["1@10", "3@30"], odd);
        Assert.Equal([15L], harness.Watermarks);
    }

    [Fact]
    public void Process_SideOutputThatNobodyReads_DropsIt()
    {
        using var harness = new OperatorHarness<int, string>(numbers => numbers.Process(() => new Split()));
        harness.Process([(1, 10), (2, 20)]);
        Assert.Single(harness.Output);
    }

    [Fact]
    public void Control_WatermarksIdlenessAndEnd_ComeBehindTheRecords()
    {
        using var harness = new OperatorHarness<int, int>(numbers => numbers.Filter(n => n > 0));
        harness.Process(1, 10);
        harness.Watermark(10);
        harness.Idle();
        Assert.True(harness.IsIdle);
        harness.Idle(false);
        Assert.False(harness.IsIdle);
        Assert.False(harness.HasEnded);
        harness.EndInput();
        Assert.True(harness.HasEnded);
        Assert.Equal([10L, EventTime.MaxWatermark], harness.Watermarks);
    }

    [Fact]
    public void A_throwing_function_is_named_with_its_operator()
    {
        using var map = new OperatorHarness<int, int>(numbers => numbers.Map(n => 1 / n).Name("reciprocal"));
        using var filter = new OperatorHarness<int, int>(numbers => numbers.Filter(n => 1 / n > 0).Name("positive"));
        using var flatMap = new OperatorHarness<int, int>(numbers => numbers.FlatMap<int>((n, output) => output.Collect(1 / n)).Name("many"));

        Expect("reciprocal", () => map.Process(0));
        Expect("positive", () => filter.Process(0));
        Expect("many", () => flatMap.Process(0));

        static void Expect(string name, Action act)
        {
            var error = Assert.ThrowsAny<Exception>(act);
            Assert.Contains(name, error.Message, StringComparison.Ordinal);
            Assert.IsType<DivideByZeroException>(error.InnerException);
        }
    }

    private sealed class Split : ProcessFunction<int, string>
    {
        public override void ProcessElement(int value, ProcessContext context, Collector<string> output)
        {
            string watermark = context.CurrentWatermark == EventTime.MinWatermark ? "none" : $"{context.CurrentWatermark}";
            if (value % 2 == 1)
            {
                context.Output(Odd, $"{value}@{context.Timestamp}");
            }
            else
            {
                output.Collect($"{value} {watermark} {context.CurrentProcessingTime}");
            }
        }
    }

    private readonly record struct Large(long A, string Text, long C, long D, long E, long F, long G, long H);
}
