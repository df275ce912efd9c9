namespace Millrace.Cluster.Coordination;

/// <summary>Slots of a worker that a job is in.</summary>
/// <param name="Worker">The id of the worker.</param>
/// <param name="Job">The job.</param>
/// <param name="Slots">How many.</param>
internal sealed record SlotUse(string Worker, string Job, int Slots);
