using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

public sealed class AutoscalerTests
{
    private const long Minute = 60_000;

    private static readonly ScalingTopology Pipeline = new([new("source", 128, IsSource: true), new("count", 128, Groups: 128)], [new(0, 1)]);

    // The keyed task works all the time with 4 subtasks, and 18,000 records wait. It needs 1,000 / 0.7 + 1,000 / 6 + 18,000 / 1,800 = 1,605.24.
    private static readonly VertexMetrics[] Full = [new(350, 650, 1_000, 1_000, 18_000), new(1_000, 0, 1_000, 0)];

    /// <summary>Samples each minute from the start on; the decision of the last.</summary>
    private static ScalingDecision? Feed(Autoscaler autoscaler, VertexMetrics[] metrics, int from, int to, int? slots = null)
    {
        ScalingDecision? last = null;
        for (int minute = from; minute <= to && last is not { IsApplied: true }; minute++)
        {
            last = autoscaler.Sampled(new MetricsSample(minute * Minute, metrics), slots);
        }

        return last;
    }

    private static Autoscaler Create(AutoscalerOptions? options = null, ScalingTopology? topology = null, int[]? parallelism = null)
    {
        options ??= new AutoscalerOptions();
        options.Enabled = true;
        var autoscaler = new Autoscaler(options, topology ?? Pipeline);
        autoscaler.Running(parallelism ?? [2, 4], 0);
        return autoscaler;
    }

    [Fact]
    public void Sampled_BeforeTheWindowIsFull_DecidesNothing()
    {
        // 5 minutes in which load says nothing, and 15 of measurements.
        var autoscaler = Create();
        Assert.Null(Feed(autoscaler, Full, 1, 19));
        Assert.True(Feed(autoscaler, Full, 20, 20)!.IsApplied);
    }

    [Fact]
    public void Sampled_TooLittle_ExplainsTheStep()
    {
        var autoscaler = Create();
        var decision = Feed(autoscaler, Full, 1, 20)!;
        Assert.Equal([2, 8], decision.Parallelism);
        Assert.Equal("The job is rescaled: 'count' 4 → 8.", decision.Reason);
        Assert.Equal(
            "It took in 1,000/s while it was busy for 100 % of the time, so it can take in 1,000/s; 1,000/s come, and 10/s to catch up with a backlog. That is too little: the bounds are 1,010/s to 2,677/s. "
            + "It should be able to take in 1,605/s, which is 1.61 of what it can. 4 × 1.61 gives 7. It is moved to 8 (Balanced), so that each subtask has 16 of 128 groups. It is to be scaled up from 4 to 8.",
            decision.Vertices[1].Explanation);
        Assert.Equal(decision, Assert.Single(autoscaler.History));
        Assert.Equal(decision, autoscaler.Last);
        var step = Assert.Single(autoscaler.StepsOf(1));
        Assert.Equal((4, 8), (step.From, step.To));
        Assert.Equal(1_605.24, step.ExpectedRate, 2);
    }

    [Fact]
    public void Sampled_ABacklogThatGrows_ScalesUpThoughNobodyIsBusy()
    {
        // All are busy for 60 % of their time and read 500/s, but 1,000/s come, as what piles up says. By busy time alone nothing is wrong.
        VertexMetrics[] At(long? pending) => [new(600, 0, 500, 500, pending), new(600, 0, 500, 0)];
        var without = Create();
        Assert.False(Feed(without, At(null), 1, 20)!.IsApplied);
        var level = Create();
        Assert.False(Feed(level, At(100), 1, 20)!.IsApplied);

        var autoscaler = Create();
        ScalingDecision? decision = null;
        for (int minute = 1; minute <= 20; minute++)
        {
            decision = autoscaler.Sampled(new MetricsSample(minute * Minute, At(minute * 30_000)));
        }

        Assert.True(decision!.IsApplied);
        Assert.True(decision.Parallelism[0] > 2 && decision.Parallelism[1] > 4, decision.ToString());
        Assert.Contains("1,000/s come", decision.Vertices[1].Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void Sampled_SaysHowManySlotsTheJobShouldHave()
    {
        Assert.Equal(8, Feed(Create(), Full, 1, 20)!.WantedSlots);

        // Also where they are missing; but not where nothing would be done with them.
        Assert.Equal((8, false), Feed(Create(), Full, 1, 20, slots: 6) is { } missing ? (missing.WantedSlots, missing.IsApplied) : default);
        Assert.Equal(4, Feed(Create(new AutoscalerOptions { ScalingEnabled = false }), Full, 1, 20)!.WantedSlots);
        Assert.Equal(4, Feed(Create(new AutoscalerOptions { ScalingEnabled = false }), Full, 1, 20, slots: 6)!.WantedSlots);
        Assert.Equal(4, Feed(Create(), [new(600, 0, 500, 500), new(600, 0, 500, 0)], 1, 20)!.WantedSlots);
    }

    [Fact]
    public void Sampled_AfterAnAppliedDecision_DecidesNothingUntilItRunsAgain()
    {
        var autoscaler = Create();
        Feed(autoscaler, Full, 1, 20);
        Assert.Null(Feed(autoscaler, Full, 21, 60));
        autoscaler.Running([2, 8], 60 * Minute);
        Assert.Null(Feed(autoscaler, Full, 61, 79));
        Assert.NotNull(Feed(autoscaler, Full, 80, 80));
    }

    [Fact]
    public void Sampled_AfterARestart_MeasuresAnew()
    {
        var autoscaler = Create();
        Feed(autoscaler, Full, 1, 19);
        autoscaler.Stopped();
        Assert.Null(Feed(autoscaler, Full, 20, 29));
        autoscaler.Running([2, 4], 30 * Minute);
        Assert.Null(Feed(autoscaler, Full, 30, 49));
        Assert.NotNull(Feed(autoscaler, Full, 50, 50));
    }

    [Fact]
    public void Sampled_NotEnabled_DecidesNothing()
    {
        var autoscaler = new Autoscaler(new AutoscalerOptions(), Pipeline);
        autoscaler.Running([2, 4], 0);
        Assert.Null(Feed(autoscaler, Full, 1, 60));
    }

    [Fact]
    public void Sampled_ScalingNotEnabled_Advises()
    {
        var decision = Feed(Create(new AutoscalerOptions { ScalingEnabled = false }), Full, 1, 30)!;
        Assert.False(decision.IsApplied);
        Assert.Equal("Nothing changes, because ScalingEnabled is false; it would be 'count' 4 → 8.", decision.Reason);
        Assert.Equal([2, 8], decision.Parallelism);
    }

    [Fact]
    public void Sampled_TooFewSlots_SaysHowManyAreNeeded()
    {
        var autoscaler = Create();
        var decision = Feed(autoscaler, Full, 1, 20, slots: 6)!;
        Assert.False(decision.IsApplied);
        Assert.Equal("Nothing changes, because 'count' 4 → 8 needs 8 slots and there are 6. Start more workers.", decision.Reason);
        Assert.True(Feed(autoscaler, Full, 21, 21, slots: 8)!.IsApplied);
    }

    [Fact]
    public void Sampled_WithinTheBounds_ChangesNothing()
    {
        // 80 % busy: more than the target, but not too much.
        VertexMetrics[] metrics = [new(350, 0, 1_000, 1_000, 0), new(800, 0, 1_000, 0)];
        var decision = Feed(Create(), metrics, 1, 60)!;
        Assert.False(decision.IsApplied);
        Assert.Equal("Nothing changes, because every task is within its bounds; by the target it would be 'count' 4 → 7.", decision.Reason);
    }

    [Fact]
    public void Sampled_OneOutside_AllChange()
    {
        // The source is not yet too busy, but gets what it should have when the other must.
        VertexMetrics[] metrics = [Full[0] with { Busy = 900 }, Full[1]];
        Assert.Equal([3, 8], Feed(Create(), metrics, 1, 20)!.Parallelism);
    }

    [Fact]
    public void Sampled_Limits_AreKeptAndNamed()
    {
        var capped = Feed(Create(new AutoscalerOptions { VertexMaxParallelism = 5 }), Full, 1, 20)!;
        Assert.Equal([2, 5], capped.Parallelism);
        Assert.Contains("VertexMaxParallelism makes it 5.", capped.Vertices[1].Explanation, StringComparison.Ordinal);
        var narrow = Feed(Create(topology: new([new("source", 128, IsSource: true), new("count", 6)], [new(0, 1)])), Full, 1, 20)!;
        Assert.Equal([2, 6], narrow.Parallelism);
        Assert.Contains("It can have 6 at most.", narrow.Vertices[1].Explanation, StringComparison.Ordinal);

        // Bounds of the task itself, though the options would allow more and less.
        var bound = Feed(Create(topology: new([new("source", 128, IsSource: true), new("count", 5) { MinParallelism = 3 }], [new(0, 1)])), Full, 1, 20)!;
        Assert.Equal([2, 5], bound.Parallelism);

        // Nothing to do, but a step down is 60 % at most.
        VertexMetrics[] idle = [new(0, 0, 0, 0, 0), new(0, 0, 0, 0)];
        var down = Feed(Create(new AutoscalerOptions { ScaleDownInterval = TimeSpan.Zero }, parallelism: [2, 20]), idle, 1, 20)!;
        Assert.Equal([1, 8], down.Parallelism);
        Assert.Contains("MaxScaleDownFactor makes it 0.40.", down.Vertices[1].Explanation, StringComparison.Ordinal);
        var floor = Feed(Create(new AutoscalerOptions { ScaleDownInterval = TimeSpan.Zero, VertexMinParallelism = 10 }, parallelism: [2, 20]), idle, 1, 20)!;
        Assert.Equal([2, 11], floor.Parallelism);
        Assert.Contains("VertexMinParallelism makes it 10. It is moved to 11", floor.Vertices[1].Explanation, StringComparison.Ordinal);
        var least = Feed(
            Create(new AutoscalerOptions { ScaleDownInterval = TimeSpan.Zero }, new([new("source", 128, IsSource: true), new("count", 128) { MinParallelism = 13 }], [new(0, 1)]), [2, 20]), idle, 1, 20)!;
        Assert.Equal([1, 13], least.Parallelism);
        Assert.Contains("It must have 13 at least.", least.Vertices[1].Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void Sampled_Excluded_KeepsItsParallelism()
    {
        var decision = Feed(Create(topology: new([new("source", 128, IsSource: true), new("count", 128, IsExcluded: true)], [new(0, 1)])), Full, 1, 20)!;
        Assert.False(decision.IsApplied);
        Assert.Contains("it is excluded", decision.Vertices[1].Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void Sampled_ForwardStream_KeepsBothSidesTogether()
    {
        var topology = new ScalingTopology([new("source", 128, IsSource: true), new("map", 128)], [new(0, 1, IsForward: true)]);
        var decision = Feed(Create(topology: topology, parallelism: [4, 4]), Full, 1, 20)!;
        Assert.Equal([7, 7], decision.Parallelism);
        Assert.Contains("forward streams connect them", decision.Vertices[0].Explanation, StringComparison.Ordinal);
        var excluded = new ScalingTopology([new("source", 128, IsSource: true, IsExcluded: true), new("map", 128)], [new(0, 1, IsForward: true)]);
        Assert.False(Feed(Create(topology: excluded, parallelism: [4, 4]), Full, 1, 20)!.IsApplied);
    }

    [Fact]
    public void Sampled_SubtasksBringLessThanTheirShare_AsksForMore()
    {
        // Each time the parallelism was doubled, the rate grew by half.
        var scaler = new VertexScaler(new AutoscalerOptions { ObservedScalability = true, Alignment = ParallelismAlignment.Off }, new ScalingVertex("v", 128), 0);
        int parallelism = 2;
        foreach (double rate in new[] { 100.0, 150.0, 225.0 })
        {
            var scaling = scaler.Compute(Evaluation(rate, rate * 2), parallelism, 0);
            scaler.Made(scaling, 0);
            Assert.DoesNotContain("of their share", scaling.Explanation, StringComparison.Ordinal);
            Assert.Equal(parallelism * 2, scaling.Target);
            parallelism *= 2;
        }

        // (2·100 + 4·150 + 8·225) / (50 · (4 + 16 + 64)) = 0.62.
        var last = scaler.Compute(Evaluation(300, 600), 16, 0);
        Assert.Contains("brought 62 % of their share", last.Explanation, StringComparison.Ordinal);
        Assert.Equal(52, last.Target);

        static VertexEvaluation Evaluation(double rate, double target) => new(rate, 1, rate, false, target, 0, target, target * 2, target);
    }

    [Fact]
    public void Options_DefaultsAreRight_AndWrongOnesAreNamed()
    {
        Assert.Empty(new AutoscalerOptions().Check());
        var wrong = new AutoscalerOptions { UtilizationTarget = 0.9, UtilizationMin = 0.5, UtilizationMax = 0.8, MetricsWindow = TimeSpan.Zero, MaxScaleDownFactor = 2, VertexMinParallelism = 300, RestartTime = TimeSpan.FromSeconds(-1) }.Check().ToList();
        Assert.Equal(5, wrong.Count);
        Assert.Contains("MaxScaleDownFactor is 2; it must be between 0 and 1.", wrong);
        Assert.Contains(
            "UtilizationTarget is 0.9 but UtilizationMin is 0.5 and UtilizationMax is 0.8: a task that is as busy as it should be would be scaled. Put the target between the two.", wrong);
    }

    [Fact]
    public void Topology_OfAJob_KnowsSourcesKeysAndForwardStreams()
    {
        var environment = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 3, MaxParallelism = 64 });
        environment.FromSequence(1, 100).KeyBy(value => value % 7).Reduce((left, right) => left + right).MaxParallelism(32).SlotSharingGroup("heavy").Discard();
        var topology = ScalingTopology.Of(environment.BuildJobGraph("job"));
        Assert.True(topology.Vertices[0].IsSource);
        Assert.Null(topology.Vertices[0].Groups);
        Assert.Equal(32, topology.Vertices[1].Groups);
        Assert.Equal(32, topology.Vertices[1].MaxParallelism);
        Assert.Equal("heavy", topology.Vertices[1].SlotSharingGroup);
        Assert.Contains(new ScalingEdge(0, 1), topology.Edges);
    }
}
