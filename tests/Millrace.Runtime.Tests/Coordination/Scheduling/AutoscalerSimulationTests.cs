using CsCheck;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

/// <summary>The autoscaler against a pipeline whose capacities are known, over hours and days.</summary>
public sealed class AutoscalerSimulationTests
{
    // A source, a map that sends two for one, and a keyed task.
    private static readonly ModelVertex[] Pipeline = [new(2_000), new(500, Selectivity: 2), new(700, Groups: 128)];

    // What comes in divided by the target utilization, and a sixth for the catching up after a restart (5 of 30 minutes).
    private static int Right(double rate, double capacity) => (int)Math.Ceiling((rate / 0.7 / capacity) + (rate / 6 / capacity) - 1e-9);

    [Fact]
    public void Too_little_becomes_right_in_at_most_three_steps()
    {
        var model = new PipelineModel(new AutoscalerOptions(), 3_000, Pipeline, [1, 1, 1]);
        model.Run(TimeSpan.FromHours(12));
        Assert.InRange(model.Applied.Count(), 1, 3);

        // Too much begins where 1 / 0.4 of what comes, and a sixth for restarts, could be taken in: 37.5 % busy.
        Assert.All(model.Utilization, utilization => Assert.InRange(utilization, 0.374, 0.75));
        Assert.Equal(0, model.Pending);
        int steps = model.Applied.Count();
        model.Run(TimeSpan.FromHours(24));
        Assert.Equal(steps, model.Applied.Count());
    }

    [Fact]
    public void Without_a_backlog_one_step_is_exact()
    {
        // Too busy, but nothing is left behind.
        var options = new AutoscalerOptions { Alignment = ParallelismAlignment.Off, UtilizationMax = 0.9 };
        var model = new PipelineModel(options, 2_900, [new(3_000), new(1_000, Selectivity: 2), new(1_500)], [1, 3, 4]);
        model.Run(TimeSpan.FromHours(3));
        Assert.Equal([Right(2_900, 3_000), Right(2_900, 1_000), Right(5_800, 1_500)], model.Parallelism);
        Assert.Single(model.Applied);
    }

    [Fact]
    public void Any_pipeline_becomes_right_in_at_most_three_steps() =>
        Gen.Select(Gen.Double[100, 20_000], Gen.Select(Gen.Double[0.2, 30], Gen.Double[0.3, 3], Gen.Bool, Gen.Int[1, 40]).Array[2, 5]).Sample(
            (arrival, shapes) =>
            {
                // Capacities for which the right parallelism is 1 to about 50, whatever the tasks before send.
                double rate = arrival;
                var vertices = new List<ModelVertex>();
                foreach (var (right, selectivity, isKeyed, _) in shapes)
                {
                    vertices.Add(new ModelVertex(rate * 1.6 / right, selectivity, isKeyed && vertices.Count > 0 ? 128 : null));
                    rate *= selectivity;
                }

                // With the default of 60 % at most, from 40 to 2 alone would take four.
                var model = new PipelineModel(new AutoscalerOptions { MaxScaleDownFactor = 1 }, arrival, vertices, [.. shapes.Select(shape => shape.Item4)]);
                model.Run(TimeSpan.FromHours(24));
                Assert.InRange(model.Applied.Count(), 0, 3);
                Assert.Equal(0, model.Pending);

                // None has too little: nobody is busier than UtilizationMax, which is all the time. Too much is borne for the sake of groups, and where one subtask is too much already.
                Assert.All(model.Utilization, utilization => Assert.True(utilization <= 1.000001, $"{utilization}"));
                Assert.All(model.Utilization.Zip(model.Parallelism), vertex => Assert.True(vertex.First >= 0.3 || vertex.Second <= 2, $"{vertex}"));
                int steps = model.Applied.Count();
                model.Run(TimeSpan.FromHours(12));
                Assert.Equal(steps, model.Applied.Count());
            },
            iter: 300,
            threads: 2);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Noise_of_a_tenth_moves_nothing(int seed)
    {
        var model = new PipelineModel(new AutoscalerOptions(), 3_000, Pipeline, [1, 1, 1], noise: 0.1, seed);
        model.Run(TimeSpan.FromHours(12));
        var parallelism = model.Parallelism;
        int steps = model.Applied.Count();
        Assert.InRange(steps, 1, 3);
        model.Run(TimeSpan.FromDays(3));
        Assert.Equal(steps, model.Applied.Count());
        Assert.Equal(parallelism, model.Parallelism);
    }

    [Fact]
    public void A_backlog_is_caught_up_with_in_time()
    {
        // Right for what comes, but three hours' worth of records are in the queue.
        var model = new PipelineModel(new AutoscalerOptions(), 1_000, [new(700), new(350)], [3, 5], pending: 3 * 3_600 * 1_000);
        model.Run(TimeSpan.FromMinutes(21));
        var decision = Assert.Single(model.Applied);
        Assert.Contains("works off a backlog", decision.Reason, StringComparison.Ordinal);
        long rescaled = model.Now;
        while (model.Pending > 0 && model.Now < rescaled + (60 * 60_000))
        {
            model.Run(TimeSpan.FromMinutes(1));
        }

        Assert.InRange(TimeSpan.FromMilliseconds(model.Now - rescaled).TotalMinutes, 1, 31);
    }

    [Fact]
    public void A_backlog_that_can_be_caught_up_with_scales_nothing_down()
    {
        var model = new PipelineModel(new AutoscalerOptions { ScaleDownInterval = TimeSpan.Zero, CatchUpDuration = TimeSpan.FromHours(10) }, 1_000, [new(1_000)], [4], pending: 4 * 3_600 * 1_000);
        model.Run(TimeSpan.FromMinutes(60));
        Assert.NotEmpty(model.Decisions);
        Assert.Empty(model.Applied);
        Assert.True(model.Pending > 0);
        model.Run(TimeSpan.FromHours(4));
        Assert.Equal(0, model.Pending);
        Assert.NotEmpty(model.Applied);
        Assert.True(model.Parallelism[0] < 4);
    }

    [Fact]
    public void A_load_that_falls_scales_down_only_after_the_interval()
    {
        var model = new PipelineModel(new AutoscalerOptions(), 3_000, Pipeline, [3, 10, 16]);
        model.Run(TimeSpan.FromHours(3));
        Assert.Empty(model.Applied);
        long fell = model.Now;
        model.Arrival = 1_000;
        model.Run(TimeSpan.FromMinutes(59));
        Assert.Empty(model.Applied);
        Assert.Contains("but not for another", model.Decisions[^1].Vertices[1].Explanation, StringComparison.Ordinal);
        model.Run(TimeSpan.FromHours(6));
        var first = model.Applied.First();
        Assert.True(first.Time - fell >= 3_600_000);

        // The last was to have 5, but one step is 60 % at most; 7 are then not too many.
        Assert.Equal([1, 4, 7], model.Parallelism);
        Assert.InRange(model.Applied.Count(), 1, 3);
    }

    [Fact]
    public void A_load_that_falls_for_less_than_the_interval_changes_nothing()
    {
        var model = new PipelineModel(new AutoscalerOptions(), 3_000, Pipeline, [3, 10, 16]);
        for (int day = 0; day < 5; day++)
        {
            model.Arrival = 3_000;
            model.Run(TimeSpan.FromHours(3));
            model.Arrival = 600;
            model.Run(TimeSpan.FromMinutes(45));
        }

        Assert.Empty(model.Applied);
    }

    [Fact]
    public void More_subtasks_for_a_hot_key_are_reported_as_ineffective()
    {
        var model = new PipelineModel(new AutoscalerOptions(), 1_000, [new(2_000), new(300, Groups: 128, HottestShare: 0.6)], [1, 2]);
        model.Run(TimeSpan.FromHours(4));
        var report = model.Decisions.First(decision => decision.Vertices[1].IsIneffective);
        Assert.Contains("was ineffective", report.Vertices[1].Explanation, StringComparison.Ordinal);
        Assert.True(report.IsApplied);
    }

    [Fact]
    public void More_subtasks_for_a_hot_key_are_refused_where_that_is_wanted()
    {
        var model = new PipelineModel(new AutoscalerOptions { BlockIneffectiveScaling = true }, 1_000, [new(2_000), new(300, Groups: 128, HottestShare: 0.6)], [1, 2]);
        model.Run(TimeSpan.FromHours(1));
        int once = model.Parallelism[1];
        model.Run(TimeSpan.FromHours(12));
        Assert.Equal(once, model.Parallelism[1]);
        Assert.Contains("(BlockIneffectiveScaling)", model.Decisions[^1].Vertices[1].Explanation, StringComparison.Ordinal);
    }
}
