namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>What the scheduler knows of a job.</summary>
/// <param name="Parallelism">The default parallelism that the program declares.</param>
/// <param name="MaxParallelism">The greatest that it can have: its key groups.</param>
/// <param name="DemandOf">The slots that it takes with a default parallelism. More parallelism never takes less.</param>
/// <param name="CheckpointInterval">Null where no checkpoints are taken.</param>
internal sealed record ScalableJob(int Parallelism, int MaxParallelism, Func<int, SlotDemand> DemandOf, TimeSpan? CheckpointInterval);
