namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>What an entry of the log says has happened.</summary>
internal enum LogEntryKind : byte
{
    /// <summary>A run, or a restart within a run, has begun: all earlier epochs are over.</summary>
    EpochBegan,

    /// <summary>Numbers of checkpoints were set aside for this epoch.</summary>
    IdsReserved,

    /// <summary>A checkpoint is complete.</summary>
    CheckpointCompleted,

    /// <summary>A savepoint is complete.</summary>
    SavepointCompleted,

    /// <summary>A savepoint belongs to the job from now on.</summary>
    SavepointClaimed,

    /// <summary>The job has ended.</summary>
    JobEnded,
}

/// <summary>What is true after an entry of the log. Every entry has all of it, so that the last one is enough.</summary>
/// <param name="Epoch">The epoch that is in charge; 0 before the first.</param>
/// <param name="ReservedId">No checkpoint has a higher number.</param>
/// <param name="Retained">The completed checkpoints that are kept, the oldest first.</param>
/// <param name="Ended">How the job ended, if it has.</param>
/// <param name="Savepoint">
/// The savepoint that the job was stopped with and goes on from, as long as it has completed nothing since. It belongs to the user. Nothing is retained beside it: what was committed
/// with it would come again out of any checkpoint.
/// </param>
internal sealed record LogState(long Epoch, long ReservedId, IReadOnlyList<RetainedCheckpoint> Retained, JobState? Ended, StopSavepoint? Savepoint = null)
{
    public static LogState Empty { get; } = new(0, 0, [], null);
}

/// <summary>A completed checkpoint that is kept.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Path">Its folder in the storage.</param>
/// <param name="ManifestChecksum">XxHash3 over all bytes of its manifest.</param>
/// <param name="IsClaimed">Whether it is a savepoint that the job has taken over.</param>
internal sealed record RetainedCheckpoint(long Id, string Path, ulong ManifestChecksum, bool IsClaimed);

/// <summary>A savepoint that a job was stopped with.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Path">Its folder in the storage.</param>
/// <param name="ManifestChecksum">XxHash3 over all bytes of its manifest.</param>
/// <param name="InsteadOf">What the run that was stopped had been told to restore from, or nothing: where the next start is told the same, that is what was there before, and not a wish to go back.</param>
internal sealed record StopSavepoint(long Id, string Path, ulong ManifestChecksum, string InsteadOf);

/// <summary>An entry of the log.</summary>
/// <param name="Sequence">Its number, from 1.</param>
/// <param name="Token">Tells this attempt to write it from every other attempt of anybody.</param>
/// <param name="Kind">What happened.</param>
/// <param name="When">When, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="Subject">The number of the checkpoint, where it is about one.</param>
/// <param name="State">What is true now.</param>
internal sealed record LogEntry(long Sequence, Guid Token, LogEntryKind Kind, long When, long Subject, LogState State);
