namespace Millrace.Runtime.Graph;

/// <summary>The program as the user wrote it: one node per operator.</summary>
/// <param name="JobName">The job's name.</param>
/// <param name="Nodes">The operators; every one behind those that feed it.</param>
/// <param name="Options">How the job runs.</param>
internal sealed record StreamGraph(string JobName, IReadOnlyList<StreamNode> Nodes, ExecutionOptions Options)
{
    private readonly Dictionary<StreamNode, string> _groups = GroupsOf(Nodes);

    /// <summary>How many subtasks an operator has.</summary>
    public int ParallelismOf(StreamNode node) =>
        Math.Min(node.Parallelism ?? node.ParallelismBounds?.Clamp(Options.Parallelism) ?? Options.Parallelism, node.Source?.MaxParallelism ?? int.MaxValue);

    public int MaxParallelismOf(StreamNode node) => node.MaxParallelism ?? Options.MaxParallelism;

    /// <summary>The slot-sharing group of an operator: its own, or the one that all of its inputs are in, or else <c>default</c>.</summary>
    public string SlotSharingGroupOf(StreamNode node) => _groups[node];

    /// <summary>The partitioning of an edge, with the default resolved, where every operator has the parallelism that the program says.</summary>
    public PartitioningKind Resolve(StreamEdge edge) => Resolve(edge, ParallelismOf(edge.Source) == ParallelismOf(edge.Target));

    /// <summary>The partitioning of an edge, with the default resolved.</summary>
    public static PartitioningKind Resolve(StreamEdge edge, bool isAsManyOnBothSides) =>
        edge.Partitioning != PartitioningKind.Default ? edge.Partitioning : isAsManyOnBothSides ? PartitioningKind.Forward : PartitioningKind.Rebalance;

    private static Dictionary<StreamNode, string> GroupsOf(IReadOnlyList<StreamNode> nodes)
    {
        var groups = new Dictionary<StreamNode, string>();
        foreach (var node in nodes)
        {
            string[] inherited = [.. node.Inputs.Select(edge => groups[edge.Source]).Distinct()];
            groups.Add(node, node.SlotSharingGroup ?? (inherited is [var only] ? only : "default"));
        }

        return groups;
    }
}
