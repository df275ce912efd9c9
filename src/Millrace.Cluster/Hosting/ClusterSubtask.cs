namespace Millrace.Hosting;

/// <summary>A subtask of a job at one moment.</summary>
/// <param name="Name">The task and the subtask's number.</param>
/// <param name="State">Its state.</param>
/// <param name="Worker">The name of its worker; <see langword="null"/> while it has none.</param>
public sealed record ClusterSubtask(string Name, string State, string? Worker);
