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
    private readonly Dictionary<StreamNode, JobVertex> _vertexOf = Vertices.SelectMany(vertex => vertex.Nodes, (vertex, node) => (vertex, node)).ToDictionary(pair => pair.node, pair => pair.vertex);

    public ExecutionOptions Options => Stream.Options;

    /// <summary>How many subtasks each task has, by its place.</summary>
    public IReadOnlyList<int> Tasks => [.. Vertices.Select(vertex => vertex.Parallelism)];

    /// <summary>In how many subtasks an operator runs.</summary>
    public int ParallelismOf(StreamNode node) => _vertexOf[node].Parallelism;

    /// <summary>How the records of a stream are dealt out: one that says nothing of it leads from each subtask to one where there are as many on both sides, and to all in turn otherwise.</summary>
    public PartitioningKind PartitioningOf(StreamEdge edge) => StreamGraph.Resolve(edge, ParallelismOf(edge.Source) == ParallelismOf(edge.Target));

    /// <summary>The same tasks with other numbers of subtasks. What is fused stays fused.</summary>
    /// <param name="parallelism">Of each task, by its place. Tasks that a declared forward stream connects need the same.</param>
    /// <exception cref="ArgumentException">There is not one for each task, or a task or stream cannot have it.</exception>
    public JobGraph WithTasks(IReadOnlyList<int> parallelism)
    {
        if (parallelism.Count != Vertices.Count)
        {
            throw new ArgumentException($"The job has {Vertices.Count} tasks, and {parallelism.Count} numbers of subtasks were given.", nameof(parallelism));
        }

        foreach (var vertex in Vertices)
        {
            int most = MaxParallelismOf(vertex);
            if (parallelism[vertex.Index] < 1 || parallelism[vertex.Index] > most)
            {
                throw new ArgumentException($"Task {vertex.Name} cannot have {parallelism[vertex.Index]} subtasks, but 1 to {most}.", nameof(parallelism));
            }
        }

        if (Edges.FirstOrDefault(edge => edge.Stream.Partitioning == PartitioningKind.Forward && parallelism[edge.Source] != parallelism[edge.Target]) is { } broken)
        {
            throw new ArgumentException(
                $"A forward stream connects {Vertices[broken.Source].Name} with {Vertices[broken.Target].Name}, which need as many subtasks, and not {parallelism[broken.Source]} and {parallelism[broken.Target]}.", nameof(parallelism));
        }

        return new JobGraph(
            Stream,
            [.. Vertices.Select(vertex => vertex with { Parallelism = parallelism[vertex.Index] })],
            [.. Edges.Select(edge => edge with { Partitioning = StreamGraph.Resolve(edge.Stream, parallelism[edge.Source] == parallelism[edge.Target]) })],
            Uids,
            Fingerprint,
            NodeFingerprints);
    }

    /// <summary>The most subtasks that a task can have.</summary>
    public int MaxParallelismOf(JobVertex vertex) => vertex.Nodes.Min(node => Math.Min(Stream.MaxParallelismOf(node), node.Source?.MaxParallelism ?? int.MaxValue));

    /// <summary>How few and how many subtasks a task may have, by what the program says.</summary>
    public ParallelismBounds BoundsOf(JobVertex vertex)
    {
        // Operators with other bounds are not fused.
        int most = MaxParallelismOf(vertex);
        var (min, max) = vertex.Head.ParallelismBounds ?? new ParallelismBounds(1, most);
        return new ParallelismBounds(Math.Min(min, most), Math.Min(max, most));
    }

    /// <summary>The name of an edge in checkpoints: the same in every program in which the same operators are connected alike, whether or not it is chained.</summary>
    public string KeyOf(StreamEdge edge)
    {
        string key = Name(edge);
        int twins = edge.Target.Inputs.TakeWhile(other => other != edge).Count(other => Name(other) == key);
        return twins == 0 ? key : $"{key}#{twins}";

        string Name(StreamEdge stream) => $"{Uids[stream.Source]}|{Uids[stream.Target]}|{stream.TargetInput}|{stream.SideOutput}";
    }
}
