using CsCheck;
using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Graph;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

/// <summary>What tasks may have, by the program and by what is said while it runs.</summary>
public sealed class ScalingTopologyTests
{
    // Three tasks: a source, a task that forward connects with the next, and that.
    private static JobGraph Graph(int parallelism = 4, int maxParallelism = 64)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = parallelism, MaxParallelism = maxParallelism });
        env.FromSequence(1, 100).Uid("source")
            .KeyBy(value => value % 7).Reduce((left, right) => left + right).Uid("sum").Name("sum").ParallelismBounds(2, 8)
            .Forward().Map(value => value).Uid("map").Name("map").StartNewChain().ParallelismBounds(2, 8)
            .Rebalance().Discard().Uid("sink");
        return env.BuildJobGraph("job");
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(4, 4)]
    [InlineData(20, 8)]
    public void A_task_has_the_number_within_its_bounds_that_is_nearest_to_that_of_the_job(int parallelism, int expected)
    {
        var graph = Graph(parallelism);
        Assert.Equal([parallelism, expected, expected, parallelism], graph.Tasks);
        Assert.Equal([new(1, 64), new(2, 8), new(2, 8), new(1, 64)], ScalingTopology.Of(graph).Vertices.Select(vertex => vertex.Bounds));
    }

    [Fact]
    public void Bounds_that_are_given_go_before_those_of_the_program_and_forward_neighbours_share_them()
    {
        var graph = Graph();
        var topology = ScalingTopology.Of(graph, new Dictionary<string, ParallelismBounds> { ["map"] = new(3, 20), ["source"] = new(1, 1), ["gone"] = new(5, 5) });
        Assert.Equal([new(1, 1), new(3, 20), new(3, 20), new(1, 64)], topology.Vertices.Select(vertex => vertex.Bounds));
        Assert.Equal([1, 16, 16, 64], topology.Limit([16, 16, 16, 64]));
        Assert.Equal([1, 3, 3, 2], topology.Limit([16, 16, 16, 64], 2));

        // A program that cannot have as many any more.
        var smaller = ScalingTopology.Of(Graph(4, 16), new Dictionary<string, ParallelismBounds> { ["sum"] = new(17, 20) });
        Assert.Equal(new(16, 16), smaller.Vertices[1].Bounds);
    }

    [Fact]
    public void More_never_takes_anything_from_any_task_and_what_is_limited_can_run() =>
        Gen.Select(Gen.Int[1, 32].Array[4], Gen.Select(Gen.Int[1, 32], Gen.Int[0, 32]).Array[3], Gen.Int[1, 40]).Sample((wanted, given, most) =>
        {
            wanted[2] = wanted[1];
            string[] uids = ["source", "sum", "sink"];
            var graph = Graph();
            var bounds = uids.Zip(given).ToDictionary(pair => pair.First, pair => new ParallelismBounds(pair.Second.Item1, pair.Second.Item1 + pair.Second.Item2));
            var topology = ScalingTopology.Of(graph, bounds);
            var (less, more) = (topology.Limit(wanted, most), topology.Limit(wanted, most + 1));
            Assert.All(less.Zip(more), task => Assert.True(task.First <= task.Second));
            Assert.Equal(less, graph.WithTasks(less).Tasks);
            for (int place = 0; place < less.Count; place++)
            {
                var own = bounds[uids[place == 0 ? 0 : place == 3 ? 2 : 1]];
                Assert.Equal(Math.Max(own.Min, Math.Min(own.Max, Math.Min(wanted[place], most))), less[place]);
            }
        });

    [Fact]
    public void Tasks_are_found_by_uids_and_names()
    {
        var names = TaskNames.Of(Graph());
        var found = names.Find(new Dictionary<string, ParallelismBounds> { ["Sequence"] = new(1, 2), ["map"] = new(1, 5), ["sum"] = new(1, 5) });
        Assert.Equal(["map", "source", "sum"], found.Keys.Order());
        Assert.Equal(new(1, 2), found["source"]);
        Assert.Equal(("Sequence", "other"), (names.NameOf("source"), names.NameOf("other")));
        Assert.True(names.Has("sink"));
        Assert.False(names.Has("Sequence"));
    }

    [Fact]
    public void Bounds_that_no_task_can_have_are_refused()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        var source = env.FromSequence(1, 100).Uid("source");
        source.Rebalance().Map(value => value).Name("twin").Discard();
        source.Rebalance().Map(value => value).Name("twin").Discard();
        var twins = TaskNames.Of(env.BuildJobGraph("job"));
        var names = TaskNames.Of(Graph());
        Refused(names, "no task or operator 'nothing'. Its tasks are 'Sequence', 'sum', 'map', 'Discard'.", ("nothing", 1, 2));
        Refused(names, "Task 'sum' cannot have 0 to 2 subtasks.", ("sum", 0, 2));
        Refused(names, "Task 'sum' cannot have 3 to 2 subtasks.", ("sum", 3, 2));
        Refused(names, "no more than 64, the max parallelism of the task", ("sum", 3, 65));
        Refused(names, "Task 'Discard' was given bounds twice, the second time as 'Discard'.", ("sink", 1, 2), ("Discard", 1, 2));
        Refused(names, "Forward streams connect the tasks 'sum', 'map'", ("sum", 1, 2), ("map", 1, 3));
        Refused(twins, "'twin' could be each of 2 tasks.", ("twin", 1, 2));

        static void Refused(TaskNames names, string message, params (string Key, int Min, int Max)[] bounds)
        {
            var error = Assert.Throws<MillraceException>(() => names.Find(bounds.ToDictionary(task => task.Key, task => new ParallelismBounds(task.Min, task.Max))));
            Assert.Equal("MR6010", error.Code);
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
        }
    }
}
