using Millrace.Runtime.Graph;

namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>A task that can be scaled.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="MaxParallelism">The most subtasks that it may have.</param>
/// <param name="IsSource">Whether it reads from outside.</param>
/// <param name="Groups">What is dealt out to its subtasks in whole pieces: the key groups behind a key-by, the partitions of a source. Null where records go anywhere.</param>
/// <param name="SlotSharingGroup">Its slot-sharing group.</param>
/// <param name="IsExcluded">Whether it keeps the parallelism that it has.</param>
internal sealed record ScalingVertex(string Name, int MaxParallelism, bool IsSource = false, int? Groups = null, string SlotSharingGroup = "default", bool IsExcluded = false)
{
    /// <summary>The fewest subtasks that it may have.</summary>
    public int MinParallelism { get; init; } = 1;

    public ParallelismBounds Bounds => new(MinParallelism, MaxParallelism);
}

/// <summary>A stream between two tasks.</summary>
/// <param name="Source">The producing task, by its place.</param>
/// <param name="Target">The consuming task, by its place.</param>
/// <param name="IsForward">Whether it was declared to lead from each subtask to one: both tasks then have the same parallelism.</param>
internal readonly record struct ScalingEdge(int Source, int Target, bool IsForward = false);

/// <summary>A job as the autoscaler sees it. Immutable.</summary>
/// <param name="Vertices">The tasks; every one behind those that feed it.</param>
/// <param name="Edges">The streams between them.</param>
internal sealed record ScalingTopology(IReadOnlyList<ScalingVertex> Vertices, IReadOnlyList<ScalingEdge> Edges)
{
    /// <summary>How many partitions a source has is known to nobody before it runs: its tasks can be replaced by ones that say it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="bounds">Bounds that go before those of the program, by the uid of an operator of the task. Those that fit no operator are passed over; tasks that a declared forward stream connects have them in common.</param>
    public static ScalingTopology Of(JobGraph job, IReadOnlyDictionary<string, ParallelismBounds>? bounds = null)
    {
        var topology = Declared(job);
        return bounds is null or { Count: 0 } ? topology : topology.With([.. job.Vertices.Select(Given)], [.. job.Vertices.Select(job.MaxParallelismOf)]);

        ParallelismBounds? Given(JobVertex vertex)
        {
            foreach (var node in vertex.Nodes)
            {
                if (bounds.TryGetValue(job.Uids[node], out var given))
                {
                    return given;
                }
            }

            return null;
        }
    }

    private static ScalingTopology Declared(JobGraph job) => new(
        [.. job.Vertices.Select(vertex => new ScalingVertex(
            vertex.Name,
            job.BoundsOf(vertex).Max,
            vertex.Head.Source is not null,
            vertex.Inputs.Any(index => job.Edges[index].Partitioning == PartitioningKind.Hash) ? job.Stream.MaxParallelismOf(vertex.Head) : null,
            job.Stream.SlotSharingGroupOf(vertex.Head)) { MinParallelism = job.BoundsOf(vertex).Min })],
        [.. job.Edges.Select(edge => new ScalingEdge(edge.Source, edge.Target, edge.Stream.Partitioning == PartitioningKind.Forward))]);

    /// <summary>What tasks have when none of them may have more than a number, and each has what its bounds want.</summary>
    /// <param name="parallelism">Of each task.</param>
    /// <param name="most">The number. More never takes anything from any task.</param>
    public IReadOnlyList<int> Limit(IReadOnlyList<int> parallelism, int most = int.MaxValue) =>
        [.. Vertices.Select((vertex, place) => vertex.Bounds.Clamp(Math.Min(parallelism[place], most)))];

    /// <summary>The tasks that declared forward streams connect, where there are several: they need the same parallelism.</summary>
    public IEnumerable<List<int>> ForwardGroups()
    {
        int[] roots = [.. Enumerable.Range(0, Vertices.Count)];
        foreach (var edge in Edges.Where(edge => edge.IsForward))
        {
            var (kept, merged) = (roots[edge.Source], roots[edge.Target]);
            roots = [.. roots.Select(root => root == merged ? kept : root)];
        }

        return roots.Index().GroupBy(place => place.Item, place => place.Index).Select(group => group.ToList()).Where(group => group.Count > 1);
    }

    /// <summary>The slots that the job takes with a parallelism for each task.</summary>
    public SlotDemand DemandOf(IReadOnlyList<int> parallelism) => new([.. Vertices.Select((vertex, place) => new SlotVertex(vertex.SlotSharingGroup, parallelism[place]))]);

    private ScalingTopology With(ParallelismBounds?[] given, int[] most)
    {
        foreach (var group in ForwardGroups())
        {
            var common = group.Select(place => given[place]).FirstOrDefault(static bounds => bounds is not null);
            int least = group.Min(place => most[place]);
            group.ForEach(place => (given[place], most[place]) = (common, least));
        }

        return this with
        {
            Vertices =
            [
                .. Vertices.Select((vertex, place) => given[place] is { } bounds
                    ? vertex with { MinParallelism = Math.Min(bounds.Min, most[place]), MaxParallelism = Math.Min(bounds.Max, most[place]) }
                    : vertex),
            ],
        };
    }
}
