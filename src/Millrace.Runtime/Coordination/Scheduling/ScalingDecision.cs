namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>What was decided about one task, and why.</summary>
/// <param name="Vertex">The task, by its place.</param>
/// <param name="Name">Its name.</param>
/// <param name="Current">Its parallelism now.</param>
/// <param name="Target">The parallelism that it is to have; the present one where nothing changes.</param>
/// <param name="Evaluation">What was measured.</param>
/// <param name="Factor">By how much its parallelism was multiplied before it was rounded, fitted and limited.</param>
/// <param name="IsOutside">Whether it has too little or too much. One task that has makes all changes happen.</param>
/// <param name="IsIneffective">Whether the last step up brought next to nothing.</param>
/// <param name="Explanation">The whole of it in sentences.</param>
internal sealed record VertexScaling(
    int Vertex, string Name, int Current, int Target, VertexEvaluation Evaluation, double Factor, bool IsOutside, bool IsIneffective, string Explanation)
{
    public bool IsChange => Target != Current;
}

/// <summary>What the autoscaler decided at one moment.</summary>
/// <param name="Time">In milliseconds since 1970-01-01 UTC.</param>
/// <param name="IsApplied">Whether the job is to be rescaled now.</param>
/// <param name="Vertices">All tasks, by their place.</param>
/// <param name="Reason">Why it is applied or is not, as a sentence.</param>
internal sealed record ScalingDecision(long Time, bool IsApplied, IReadOnlyList<VertexScaling> Vertices, string Reason)
{
    /// <summary>The slots that the job should have, whether they are there or not: those of what is decided, or of what it has where nothing is to change.</summary>
    public int WantedSlots { get; init; }

    /// <summary>The parallelism of each task.</summary>
    public IReadOnlyList<int> Parallelism => [.. Vertices.Select(vertex => vertex.Target)];

    /// <summary>For the log: the reason, and a line for each task.</summary>
    public override string ToString() => string.Join('\n', Vertices.Select(vertex => $"  {vertex.Name}: {vertex.Explanation}").Prepend(Reason));
}
