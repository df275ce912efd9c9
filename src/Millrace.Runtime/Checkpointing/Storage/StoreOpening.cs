namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>What a run of a job finds when it begins.</summary>
/// <param name="Epoch">The number of this run.</param>
/// <param name="NextCheckpointId">Greater than any number that a checkpoint of the job ever had, also one that came to nothing.</param>
/// <param name="Latest">The checkpoint to go on from; null where there is none.</param>
/// <param name="Damaged">Checkpoints that are newer but cannot be used.</param>
/// <param name="FinishedAt">When the job had finished, in milliseconds since 1970-01-01 UTC, where it is not to run again: no run has begun. Otherwise null.</param>
internal sealed record StoreOpening(long Epoch, long NextCheckpointId, CheckpointManifest? Latest, IReadOnlyList<DamagedCheckpoint> Damaged, long? FinishedAt = null);

/// <summary>A checkpoint that is kept but cannot be used.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Path">Its folder.</param>
/// <param name="Reason">What is wrong with it.</param>
internal sealed record DamagedCheckpoint(long Id, string Path, string Reason);
