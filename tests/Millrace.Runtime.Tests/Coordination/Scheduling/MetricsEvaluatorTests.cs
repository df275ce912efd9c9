using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

public sealed class MetricsEvaluatorTests
{
    private static readonly ScalingTopology Alone = new([new("source", 128, IsSource: true)], []);

    private static VertexEvaluation Evaluate(AutoscalerOptions options, params VertexMetrics[] source) =>
        MetricsEvaluator.Evaluate(options, Alone, [.. source.Select((metrics, minute) => new MetricsSample(minute * 60_000, [metrics]))]).Vertices[0];

    [Fact]
    public void True_rate_is_what_came_in_divided_by_busy_time()
    {
        var evaluation = Evaluate(new AutoscalerOptions(), new VertexMetrics(400, 0, 90, 0), new VertexMetrics(600, 0, 110, 0));
        Assert.Equal(100, evaluation.InputRate, 9);
        Assert.Equal(0.5, evaluation.Load, 9);
        Assert.Equal(200, evaluation.TrueRate, 9);
        Assert.False(evaluation.IsObserved);
    }

    [Fact]
    public void Thresholds_and_capacity_follow_the_formulas()
    {
        // The lag grows by 600 in 60 s: 110/s come. 18,600 records are pending: 18,600 / 1,800 s are to be caught up with.
        var evaluation = Evaluate(new AutoscalerOptions(), new VertexMetrics(500, 0, 100, 0, 18_000), new VertexMetrics(500, 0, 100, 0, 18_600));
        Assert.Equal(110, evaluation.TargetRate, 9);
        Assert.Equal(18_600 / 1_800.0, evaluation.CatchUpRate, 9);
        Assert.Equal(evaluation.CatchUpRate + 110, evaluation.ScaleUpThreshold, 9);
        Assert.Equal(evaluation.CatchUpRate + (110 / 6.0) + (110 / 0.4), evaluation.ScaleDownThreshold, 6);
        Assert.Equal(evaluation.CatchUpRate + (110 / 6.0) + (110 / 0.7), evaluation.TargetCapacity, 6);
    }

    [Fact]
    public void The_upper_bound_is_all_of_the_time_where_backlog_is_known_and_less_where_it_is_not()
    {
        var known = new VertexMetrics(500, 0, 90, 0, 0);
        Assert.Equal(90, Evaluate(new AutoscalerOptions(), known, known).ScaleUpThreshold, 9);
        Assert.Equal(100, Evaluate(new AutoscalerOptions(), known, known with { Pending = null }).ScaleUpThreshold, 9);
        Assert.Equal(180, Evaluate(new AutoscalerOptions { UtilizationMax = 0.5, UtilizationTarget = 0.4 }, known, known with { Pending = null }).ScaleUpThreshold, 9);

        // Another task is no source, and does not have to tell.
        var behind = new ScalingTopology([new("source", 128, IsSource: true), new("task", 128)], [new(0, 1)]);
        VertexMetrics[] metrics = [known, new(500, 0, 90, 0)];
        Assert.Equal(90, MetricsEvaluator.Evaluate(new AutoscalerOptions(), behind, [new MetricsSample(0, metrics), new MetricsSample(60_000, metrics)]).Vertices[1].ScaleUpThreshold, 9);
    }

    [Fact]
    public void A_backlog_widens_the_bounds()
    {
        var evaluation = Evaluate(new AutoscalerOptions { UtilizationMax = 0.9 }, new VertexMetrics(500, 0, 100, 0, 30_100), new VertexMetrics(500, 0, 100, 0, 30_100));
        Assert.Equal(100 + evaluation.CatchUpRate, evaluation.ScaleUpThreshold, 9);
        Assert.Equal(double.PositiveInfinity, evaluation.ScaleDownThreshold);
    }

    [Fact]
    public void No_catching_up_where_it_is_switched_off()
    {
        var evaluation = Evaluate(new AutoscalerOptions { CatchUpDuration = TimeSpan.Zero }, new VertexMetrics(500, 0, 100, 0, 7_000), new VertexMetrics(500, 0, 100, 0, 7_000));
        Assert.Equal(0, evaluation.CatchUpRate);
        Assert.Equal(100 / 0.7, evaluation.TargetCapacity, 9);
    }

    [Fact]
    public void What_a_source_reads_with_a_backlog_counts_more_than_its_busy_time()
    {
        // Busy for a tenth, yet it reads no more than 100/s in the half of the time in which nobody holds it back.
        var lagging = new VertexMetrics(100, 500, 100, 0, 4_000);
        var evaluation = Evaluate(new AutoscalerOptions(), lagging, lagging);
        Assert.Equal(200, evaluation.TrueRate, 9);
        Assert.True(evaluation.IsObserved);

        // Seen once only, or with a backlog that is worked off in a moment, or nearly the same: busy time it is.
        Assert.False(Evaluate(new AutoscalerOptions(), lagging, lagging with { Pending = 100 }).IsObserved);
        Assert.False(Evaluate(new AutoscalerOptions(), lagging with { Pending = 2_900 }, lagging with { Pending = 2_900 }).IsObserved);
        Assert.False(Evaluate(new AutoscalerOptions(), lagging with { Busy = 450 }, lagging with { Busy = 450 }).IsObserved);
    }

    [Fact]
    public void Nothing_came_in_so_it_can_do_anything()
    {
        var evaluation = Evaluate(new AutoscalerOptions(), default, default);
        Assert.Equal(double.PositiveInfinity, evaluation.TrueRate);
        Assert.False(evaluation.IsWithin);
    }

    [Fact]
    public void Targets_flow_along_the_streams_by_their_output_ratios()
    {
        // Two sources into a join; the first feeds a sink beside it. The join sends one for ten.
        var topology = new ScalingTopology(
            [new("a", 128, true), new("b", 128, true), new("join", 128), new("sink", 128), new("side", 128)],
            [new(0, 2), new(1, 2), new(2, 3), new(0, 4)]);
        VertexMetrics[] metrics = [new(500, 0, 100, 400, 60_000), new(500, 0, 50, 50), new(500, 0, 250, 25), new(500, 0, 25, 0), new(500, 0, 200, 0)];
        var vertices = MetricsEvaluator.Evaluate(new AutoscalerOptions(), topology, [new(0, metrics), new(60_000, metrics)]).Vertices;
        Assert.Equal([100, 50, 250, 25, 200], vertices.Select(vertex => Math.Round(vertex.TargetRate, 6)));

        // 60,000 / 1,800 s, twice for the join, a tenth of that for the sink.
        Assert.Equal([33.33, 0, 66.67, 6.67, 66.67], vertices.Select(vertex => Math.Round(vertex.CatchUpRate, 2)));

        // Where streams are counted, that is what counts.
        var counted = MetricsEvaluator.Evaluate(new AutoscalerOptions(), topology, [new(0, metrics, [150, 50, 20, 250]), new(60_000, metrics, [150, 50, 20, 250])]).Vertices;
        Assert.Equal([100, 50, 200, 16, 250], counted.Select(vertex => Math.Round(vertex.TargetRate, 6)));
    }
}
