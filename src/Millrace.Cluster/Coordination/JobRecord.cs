using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Coordination;

/// <summary>What a cluster remembers of a job while no coordinator of it runs. Small; written with an ETag.</summary>
/// <param name="Term">The number of the coordinator that ran last; raised, and written, before a coordinator does anything.</param>
/// <param name="Parallelism">What somebody asked for by a rescale; null where nobody has.</param>
/// <param name="End">How the job ended; null while it has not. A job that has ended is not started again.</param>
/// <param name="Error">Why, where it failed.</param>
internal sealed record JobRecord(long Term, int? Parallelism, JobState? End, string? Error)
{
    /// <summary>How many subtasks the autoscaler wants each task to have, by its place; null where it has not decided since the last rescale.</summary>
    public IReadOnlyList<int>? Tasks { get; init; }

    /// <summary>The bounds of parallelism that somebody has given to tasks, by the uid of an operator of theirs; null for those of the program.</summary>
    public IReadOnlyDictionary<string, ParallelismBounds>? Bounds { get; init; }

    /// <summary>Where the job comes from; null where every worker has it itself.</summary>
    public JobProgram? Program { get; init; }

    /// <summary>The job's name, where it was submitted: a store may know only what its name becomes.</summary>
    public string? Name { get; init; }

    /// <summary>When it was submitted.</summary>
    public DateTimeOffset? SubmittedAt { get; init; }

    /// <summary>When it ended, where it was submitted.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    public static JobRecord New { get; } = new(0, null, null, null);
}
