namespace Millrace.Runtime.Graph;

/// <summary>A task: operators that are fused, and run in the same subtasks.</summary>
/// <param name="Index">The task's place in the job graph.</param>
/// <param name="Nodes">The operators, from the head on; every one behind the one that feeds it.</param>
/// <param name="Chained">The streams between them.</param>
/// <param name="Inputs">The streams that lead here from other tasks, by their index in <see cref="JobGraph.Edges"/>.</param>
/// <param name="Outputs">The streams that lead to other tasks, by their index in <see cref="JobGraph.Edges"/>.</param>
/// <param name="Parallelism">How many subtasks.</param>
internal sealed record JobVertex(
    int Index, IReadOnlyList<StreamNode> Nodes, IReadOnlyList<StreamEdge> Chained, IReadOnlyList<int> Inputs, IReadOnlyList<int> Outputs, int Parallelism)
{
    public StreamNode Head => Nodes[0];

    public bool IsBlocking => Head.IsBlocking;

    public string Name => string.Join(" → ", Nodes.Select(node => node.Name));
}

/// <summary>A stream between two tasks.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Partitioning">How records are dealt out, with the default resolved.</param>
/// <param name="Source">The producing task.</param>
/// <param name="Target">The consuming task.</param>
internal sealed record JobEdge(StreamEdge Stream, PartitioningKind Partitioning, int Source, int Target);

/// <summary>The program as it runs: operators fused into tasks, uids given, everything checked.</summary>
/// <param name="Stream">The program as the user wrote it.</param>
/// <param name="Vertices">The tasks; every one behind those that feed it.</param>
/// <param name="Edges">The streams between tasks.</param>
/// <param name="Uids">The uid of every operator.</param>
/// <param name="Fingerprint">A hash of all that must be the same on every worker.</param>
/// <param name="NodeFingerprints">The same for each operator, to be able to say which one differs.</param>
internal sealed record JobGraph(
    StreamGraph Stream,
    IReadOnlyList<JobVertex> Vertices,
    IReadOnlyList<JobEdge> Edges,
    IReadOnlyDictionary<StreamNode, string> Uids,
    string Fingerprint,
    IReadOnlyList<NodeFingerprint> NodeFingerprints)
{
    public ExecutionOptions Options => Stream.Options;

    /// <summary>The name of an edge in checkpoints: the same in every program in which the same operators are connected alike, whether or not it is chained.</summary>
    public string KeyOf(StreamEdge edge)
    {
        string key = Name(edge);
        int twins = edge.Target.Inputs.TakeWhile(other => other != edge).Count(other => Name(other) == key);
        return twins == 0 ? key : $"{key}#{twins}";

        string Name(StreamEdge stream) => $"{Uids[stream.Source]}|{Uids[stream.Target]}|{stream.TargetInput}|{stream.SideOutput}";
    }
}
