namespace Millrace.Runtime.Clustering;

/// <summary>Who belongs to the cluster at one moment. Immutable.</summary>
/// <param name="Version">Grows with every change.</param>
/// <param name="Me">This worker.</param>
/// <param name="Workers">All that are alive and take work, this one too.</param>
internal sealed record ClusterSnapshot(long Version, WorkerInfo Me, IReadOnlyList<WorkerInfo> Workers);
