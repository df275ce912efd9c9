namespace Millrace.Cluster.Coordination;

/// <summary>A decision about slots or parallelism.</summary>
/// <param name="Time">When.</param>
/// <param name="Decision">What, and why.</param>
internal sealed record SchedulingEvent(DateTimeOffset Time, string Decision);
