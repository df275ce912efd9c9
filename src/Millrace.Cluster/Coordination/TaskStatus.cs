namespace Millrace.Cluster.Coordination;

/// <summary>A task at one moment: see <see cref="Millrace.Hosting.ClusterTask"/>.</summary>
internal sealed record TaskStatus(string Name, int Parallelism, double RecordsIn, double RecordsOut, double Busy, double Backpressured, long? Watermark, long? Pending = null)
{
    /// <summary>How few and how many subtasks it may have.</summary>
    public ParallelismBounds? Bounds { get; init; }
}
