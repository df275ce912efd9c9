using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Clustering;

/// <summary>A deployment, as a worker needs to know it.</summary>
/// <param name="Fingerprint">Of the coordinator's graph.</param>
/// <param name="Nodes">The fingerprints of its operators, to be able to say which one differs.</param>
/// <param name="Parallelism">The default parallelism that the graph is built with.</param>
/// <param name="Tasks">How many subtasks each task has; the worker's graph gets as many.</param>
/// <param name="Attempt">The attempt, in this run of the coordinator.</param>
/// <param name="Epoch">The attempt, over all runs.</param>
/// <param name="Workers">The workers that take part.</param>
/// <param name="Placement">All subtasks of the deployment, each with the index of its worker.</param>
/// <param name="Manifest">The checkpoint to begin with, as <see cref="Checkpointing.Storage.ManifestFormat"/> writes it; empty for none.</param>
/// <param name="IsKept">Whether later checkpoints may name the files of that one again.</param>
internal sealed record DeploymentPlan(
    string Fingerprint,
    IReadOnlyList<NodeFingerprint> Nodes,
    int Parallelism,
    IReadOnlyList<int> Tasks,
    int Attempt,
    long Epoch,
    IReadOnlyList<WorkerInfo> Workers,
    IReadOnlyList<(SubtaskId Subtask, int Worker)> Placement,
    ReadOnlyMemory<byte> Manifest,
    bool IsKept)
{
    /// <summary>How often the worker tells what its subtasks have counted, in whole milliseconds; null for never.</summary>
    public TimeSpan? MeasureInterval { get; init; }

    /// <summary>Where the job comes from; null where workers have it themselves.</summary>
    public JobProgram? Program { get; init; }
}
