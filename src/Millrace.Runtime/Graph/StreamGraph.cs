namespace Millrace.Runtime.Graph;

/// <summary>The program as the user wrote it: one node per operator.</summary>
/// <param name="JobName">The job's name.</param>
/// <param name="Nodes">The operators; every one behind those that feed it.</param>
/// <param name="Options">How the job runs.</param>
internal sealed record StreamGraph(string JobName, IReadOnlyList<StreamNode> Nodes, ExecutionOptions Options)
{
    /// <summary>How many subtasks an operator has.</summary>
    public int ParallelismOf(StreamNode node) => Math.Min(node.Parallelism ?? Options.Parallelism, node.Source?.MaxParallelism ?? int.MaxValue);

    public int MaxParallelismOf(StreamNode node) => node.MaxParallelism ?? Options.MaxParallelism;

    /// <summary>The partitioning of an edge, with the default resolved, where every operator has the parallelism that the program says.</summary>
    public PartitioningKind Resolve(StreamEdge edge) => Resolve(edge, ParallelismOf(edge.Source) == ParallelismOf(edge.Target));

    /// <summary>The partitioning of an edge, with the default resolved.</summary>
    public static PartitioningKind Resolve(StreamEdge edge, bool isAsManyOnBothSides) =>
        edge.Partitioning != PartitioningKind.Default ? edge.Partitioning : isAsManyOnBothSides ? PartitioningKind.Forward : PartitioningKind.Rebalance;
}
