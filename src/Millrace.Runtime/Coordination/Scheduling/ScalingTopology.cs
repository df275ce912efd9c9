using Millrace.Runtime.Graph;

namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>A task that can be scaled.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="MaxParallelism">The most subtasks that it can have.</param>
/// <param name="IsSource">Whether it reads from outside.</param>
/// <param name="Groups">What is dealt out to its subtasks in whole pieces: the key groups behind a key-by, the partitions of a source. Null where records go anywhere.</param>
/// <param name="SlotSharingGroup">Its slot-sharing group.</param>
/// <param name="IsExcluded">Whether it keeps the parallelism that it has.</param>
internal sealed record ScalingVertex(string Name, int MaxParallelism, bool IsSource = false, int? Groups = null, string SlotSharingGroup = "default", bool IsExcluded = false);

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
    public static ScalingTopology Of(JobGraph job) => new(
        [.. job.Vertices.Select(vertex => new ScalingVertex(
            vertex.Name,
            job.MaxParallelismOf(vertex),
            vertex.Head.Source is not null,
            vertex.Inputs.Any(index => job.Edges[index].Partitioning == PartitioningKind.Hash) ? job.Stream.MaxParallelismOf(vertex.Head) : null,
            job.Stream.SlotSharingGroupOf(vertex.Head)))],
        [.. job.Edges.Select(edge => new ScalingEdge(edge.Source, edge.Target, edge.Stream.Partitioning == PartitioningKind.Forward))]);

    /// <summary>The slots that the job takes with a parallelism for each task.</summary>
    public SlotDemand DemandOf(IReadOnlyList<int> parallelism) => new([.. Vertices.Select((vertex, place) => new SlotVertex(vertex.SlotSharingGroup, parallelism[place]))]);
}
