using Millrace.Simulation.External;
using Millrace.Simulation.Jobs;
using Millrace.Windowing;

namespace Millrace.Simulation.Tests;

/// <summary>The random jobs are what they are meant to be.</summary>
public sealed class JobShapeTests
{
    [Fact]
    public void Every_kind_of_stage_occurs_and_most_sinks_get_something()
    {
        var shapes = Enumerable.Range(0, 400).Select(seed => JobShape.Create(new Random(seed))).ToList();
        var kinds = shapes.SelectMany(shape => shape.Stages).Select(stage => stage.GetType()).ToHashSet();
        Assert.Equal(typeof(Stage).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Stage))).ToHashSet(), kinds);
        var sinks = shapes.SelectMany(shape => shape.Sinks).ToList();
        Assert.InRange(sinks.Count(sink => sink.Expected.Count > 10), sinks.Count * 3 / 5, sinks.Count);
        Assert.All(sinks, sink => Assert.InRange(sink.Expected.Count, 0, 3_000));
    }

    [Fact]
    public void The_same_seed_is_the_same_job_and_its_uids_do_not_depend_on_the_start()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var shape = JobShape.Create(new Random(seed));
            Assert.Equal(shape.ToString(), JobShape.Create(new Random(seed)).ToString());
            Assert.Equal(Uids(shape, run: 1, scale: 0), Uids(shape, run: 2, scale: 5));
        }
    }

    [Fact]
    public void Another_scale_is_another_parallelism()
    {
        var job = new JobBuild(new StreamExecutionEnvironment(), run: 1, scale: 0, new JobTallies());
        var other = new JobBuild(new StreamExecutionEnvironment(), run: 2, scale: 1, new JobTallies());
        var both = Enumerable.Range(0, 100).Select(stage => (job.ParallelismOf(stage), other.ParallelismOf(stage))).ToList();
        Assert.All(both, pair => Assert.InRange(pair.Item1, 1, 4));
        Assert.InRange(both.Count(pair => pair.Item1 != pair.Item2), 50, 95);
        Assert.Equal([1, 2, 3, 4], both.Select(pair => pair.Item1).Distinct().Order());
    }

    [Fact]
    public void The_windows_of_the_oracle_are_those_of_the_engine()
    {
        foreach (var (size, slide) in (ReadOnlySpan<(int, int)>)[(10, 10), (30, 10), (28, 7)])
        {
            for (long time = -60; time < 60; time++)
            {
                var windows = new List<TimeWindow>();
                Windows.Of(size, slide).AssignWindows(time, windows);
                var expected = Windows.Group([new Item(0, 0, time, 0)], size, slide).Select(group => group.Key.End).Order();
                Assert.Equal(expected, windows.Select(window => window.End).Order());
            }
        }
    }

    [Fact]
    public void Tallies_count_the_last_start_alone()
    {
        var tallies = new JobTallies();
        var first = tallies.Begin(1);
        var second = tallies.Begin(2);
        Assert.Null(tallies.Of(7));
        first.Register(7, 0, 2, () => (1, 1));
        first.Register(7, 1, 2, () => (1, 1));
        Assert.Equal((2, 2), tallies.Of(7));
        second.Register(7, 0, 1, () => (5, 50));
        first.Register(7, 1, 2, () => (9, 9));
        Assert.Equal((5, 50), tallies.Of(7));
    }

    private static string[] Uids(JobShape shape, int run, int scale)
    {
        var world = new Testing.Simulation.SimulatedScheduler(1);
        var env = new StreamExecutionEnvironment();
        shape.Build(new JobBuild(env, run, scale, new JobTallies()), new Ledger<Item>(world, new LedgerFaults(1), new Testing.Simulation.SimulationLog()));
        return [.. env.BuildJobGraph("job").Uids.Values.Order(StringComparer.Ordinal)];
    }
}
