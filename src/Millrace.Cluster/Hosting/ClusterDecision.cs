namespace Millrace.Hosting;

/// <summary>A decision about slots or parallelism.</summary>
/// <param name="Time">When.</param>
/// <param name="Text">What, and why.</param>
public sealed record ClusterDecision(DateTimeOffset Time, string Text);
