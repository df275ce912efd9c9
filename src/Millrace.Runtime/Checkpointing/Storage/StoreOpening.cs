namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>What a run of a job finds when it begins.</summary>
/// <param name="Epoch">The number of this run.</param>
/// <param name="NextCheckpointId">Greater than any number that a checkpoint of the job ever had, also one that came to nothing.</param>
/// <param name="Latest">The checkpoint to go on from; null where there is none, or the job had finished.</param>
/// <param name="Damaged">Checkpoints that are newer but cannot be used.</param>
internal sealed record StoreOpening(long Epoch, long NextCheckpointId, CheckpointManifest? Latest, IReadOnlyList<DamagedCheckpoint> Damaged);

/// <summary>A checkpoint that is kept but cannot be used.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Path">Its folder.</param>
/// <param name="Reason">What is wrong with it.</param>
internal sealed record DamagedCheckpoint(long Id, string Path, string Reason);
