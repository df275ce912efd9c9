namespace Millrace.Cluster.Coordination;

/// <summary>A subtask at one moment.</summary>
/// <param name="Name">Task and number, for people.</param>
/// <param name="State">Its state.</param>
/// <param name="Worker">The name of its worker.</param>
internal sealed record SubtaskStatus(string Name, string State, string? Worker);
