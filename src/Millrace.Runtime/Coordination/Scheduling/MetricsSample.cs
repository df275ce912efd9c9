namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>What a task did, at one moment.</summary>
/// <param name="Busy">How many milliseconds of a second its busiest subtask worked.</param>
/// <param name="Backpressured">How many milliseconds of a second the subtask that waited most for consumers waited.</param>
/// <param name="RecordsIn">Records in a second that all subtasks took in; of a source, that they read.</param>
/// <param name="RecordsOut">Records in a second that all subtasks sent; one that goes on two streams is two.</param>
/// <param name="Pending">Of a source: records that are there and not read; null where it cannot tell.</param>
internal readonly record struct VertexMetrics(double Busy, double Backpressured, double RecordsIn, double RecordsOut, double? Pending = null);

/// <summary>What a job did, at one moment.</summary>
/// <param name="Time">In milliseconds since 1970-01-01 UTC.</param>
/// <param name="Vertices">All tasks, by their place.</param>
/// <param name="Edges">Records in a second on each stream between tasks, by its place; null where they are not counted: they are then concluded from what tasks take in and send.</param>
internal sealed record MetricsSample(long Time, IReadOnlyList<VertexMetrics> Vertices, IReadOnlyList<double>? Edges = null);
