using Millrace.State;

namespace Millrace.Testing.Tests;

public sealed class OperatorHarnessTests
{
    private static readonly OutputTag<int> Side = new("side");

    [Fact]
    public void Constructor_NotExactlyOneOperator_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => new OperatorHarness<int, int>(numbers => numbers.Map(n => n).Map(n => n)));
        Assert.Throws<ArgumentException>(() => new OperatorHarness<int, int>(numbers => (SingleOutputStream<int>)numbers));
    }

    [Fact]
    public void Constructor_AKeyWithoutValueEquality_IsRefused() =>
        Assert.Throws<ArgumentException>(() => new OperatorHarness<int, int>(numbers => numbers.KeyBy(n => new[] { n }).Reduce((a, b) => a + b)));

    [Fact]
    public void SideOutput_AfterTheFirstRecord_IsRefusedUnlessItWasAskedForBefore()
    {
        using var harness = new OperatorHarness<int, int>(numbers => numbers.Process(() => new ToSide()));
        var side = harness.SideOutput(Side);
        harness.Process(3);
        Assert.Same(side, harness.SideOutput(new OutputTag<int>("side")));
        Assert.Throws<InvalidOperationException>(() => harness.SideOutput(new OutputTag<string>("other")));
        Assert.Equal([3], side);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Process_Keyed_GivesTheRecordsOfAKeyToOneSubtask(int parallelism)
    {
        using var harness = new OperatorHarness<int, string>(
            numbers => numbers.KeyBy(n => n % 10).Process(() => new Where()), new HarnessOptions { Parallelism = parallelism });
        harness.Process(Enumerable.Range(0, 100).Select(n => (n, 0L)));
        var subtasks = harness.Output.GroupBy(line => line.Split(' ')[0]).ToList();
        Assert.Equal(10, subtasks.Count);
        Assert.All(subtasks, key => Assert.Single(key.Distinct()));
        Assert.Equal(parallelism, harness.Output.Select(line => line.Split(' ')[1]).Distinct().Count());
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(3, 2)]
    public void Rescale_AnOperatorWithOperatorStateOnly_GoesOnWithAllOfIt(int before, int after)
    {
        using var harness = new OperatorHarness<int, long>(numbers => numbers.Process(() => new RunningSum()), new HarnessOptions { Parallelism = before });
        harness.Process([(1, 0), (2, 0), (4, 0), (8, 0), (16, 0)]);
        using var rescaled = harness.Rescale(after);
        rescaled.Process(Enumerable.Repeat((0, 0L), after));
        Assert.Equal((after, 31), (rescaled.Output.Count, rescaled.Output.Sum()));
    }

    [Fact]
    public void Rescale_AnOperatorWithoutState_GoesOn()
    {
        using var harness = new OperatorHarness<int, int>(numbers => numbers.Map(n => n + 1));
        harness.Process(1);
        using var rescaled = harness.Rescale(2);
        rescaled.Process(2);
        Assert.Equal([3], rescaled.Output);
        Assert.Equal(0, harness.Snapshot().Size);
    }

    [Fact]
    public void Rescale_RecordsThatAsynchronousCallsAreUnderWayFor_AreUnderWayAgain()
    {
        var answers = new List<TaskCompletionSource<int>>();
        using var harness = new OperatorHarness<int, int>(numbers => numbers.MapAsync((n, _) =>
        {
            answers.Add(new TaskCompletionSource<int>());
            return new ValueTask<int>(answers[^1].Task);
        }));
        harness.Process(1);
        using var rescaled = harness.Rescale(2);
        rescaled.Settle();
        Assert.Equal(2, answers.Count);
        answers[1].SetResult(7);
        rescaled.Settle();
        Assert.Equal([7], rescaled.Output);
    }

    [Fact]
    public void Control_ReachesEverySubtask()
    {
        using var harness = new OperatorHarness<int, int>(numbers => numbers.Map(n => n), new HarnessOptions { Parallelism = 3 });
        harness.Watermark(5);
        Assert.Equal([5L, 5L, 5L], harness.Watermarks);
        harness.Idle();
        Assert.True(harness.IsIdle);
        harness.EndInput();
        Assert.True(harness.HasEnded);
    }

    [Fact]
    public void IsIdle_WhenOnlySomeSubtasksAre_IsFalse()
    {
        using var harness = new OperatorHarness<int, int>(
            numbers => numbers.AssignTimestampsAndWatermarks(WatermarkStrategy<int>.ForMonotonousTimestamps().WithIdleness(TimeSpan.FromSeconds(1))),
            new HarnessOptions { Parallelism = 2 });
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(600));
        harness.Process(1, 10);
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(600));
        Assert.False(harness.IsIdle);
        harness.AdvanceProcessingTime(TimeSpan.FromSeconds(3));
        Assert.True(harness.IsIdle);
    }

    [Fact]
    public void AdvanceProcessingTime_StartsAtTheStartTime()
    {
        var start = new DateTimeOffset(1969, 7, 20, 20, 17, 40, TimeSpan.Zero);
        using var harness = new OperatorHarness<int, int>(numbers => numbers.Map(n => n), new HarnessOptions { StartTime = start });
        Assert.Equal(EventTime.From(start), harness.ProcessingTime);
        harness.AdvanceProcessingTime(TimeSpan.FromMinutes(1));
        Assert.Equal(EventTime.From(start.AddMinutes(1)), harness.ProcessingTime);
    }

    [Fact]
    public void Snapshot_LetsTheOperatorGoOn_AndCanBeUsedTwice()
    {
        using var harness = Sum(null);
        harness.Process([(1, 0), (11, 0)]);
        var snapshot = harness.Snapshot();
        harness.Process(21);
        Assert.Equal(33, harness.Output[^1]);
        using var first = Sum(snapshot);
        using var second = Sum(snapshot);
        Assert.Equal(1, first.StateEntries);
        first.Process(31);
        second.Process(41);
        Assert.Equal([43], first.Output);
        Assert.Equal([53], second.Output);
        Assert.True(snapshot.Size > 0);
    }

    [Fact]
    public void Rescale_GoesOnWithTheStateAndTheClock()
    {
        using var harness = Sum(null);
        harness.Process([(1, 0), (2, 0), (3, 0), (11, 0)]);
        harness.AdvanceProcessingTime(TimeSpan.FromSeconds(5));
        using var three = harness.Rescale(3);
        Assert.Equal(3, three.StateEntries);
        Assert.Equal(5_000, three.ProcessingTime);
        three.Process([(21, 0), (12, 0), (13, 0)]);
        Assert.Equal([14, 16, 33], three.Output.Order());
    }

    private static OperatorHarness<int, int> Sum(OperatorSnapshot? from) =>
        new(numbers => numbers.KeyBy(n => n % 10).Reduce((a, b) => a + b), new HarnessOptions { RestoreFrom = from });

    private sealed class ToSide : ProcessFunction<int, int>
    {
        public override void ProcessElement(int value, ProcessContext context, Collector<int> output) => context.Output(Side, value);
    }

    private sealed class Where : KeyedProcessFunction<int, int, string>
    {
        public override void ProcessElement(int value, KeyedProcessContext<int> context, Collector<string> output) =>
            output.Collect($"{context.CurrentKey} {RuntimeContext.SubtaskIndex}");
    }

    /// <summary>The sum of what a subtask has seen so far.</summary>
    private sealed class RunningSum : ProcessFunction<int, long>, ICheckpointedFunction
    {
        private OperatorListState<long> _state = null!;
        private long _sum;

        public override void Open(RuntimeContext context)
        {
            _state = context.OperatorState.GetListState(new ListStateDescriptor<long>("sum"));
            _sum = _state.Items.Sum();
        }

        public override void ProcessElement(int value, ProcessContext context, Collector<long> output) => output.Collect(_sum += value);

        public void SnapshotState(long checkpointId) => _state.Update([_sum]);
    }
}
