namespace Millrace.Runtime.Checkpointing;

/// <summary>What a barrier stands for.</summary>
internal enum SnapshotKind : byte
{
    /// <summary>The engine's own: may be incremental and unaligned.</summary>
    Checkpoint,

    /// <summary>The user's, in the canonical format: any backend reads it, at any parallelism.</summary>
    CanonicalSavepoint,

    /// <summary>The user's, in the backend's own format: faster to take and to restore.</summary>
    NativeSavepoint,
}

/// <summary>How a barrier travels.</summary>
internal enum BarrierAlignment : byte
{
    /// <summary>In order; an input whose barrier has come waits for the others.</summary>
    Aligned,

    /// <summary>In order, and nobody waits.</summary>
    AtLeastOnce,

    /// <summary>It overtakes what is in front of it, which becomes part of the checkpoint.</summary>
    Unaligned,

    /// <summary>In order at first; overtakes when <see cref="CheckpointBarrier.OvertakeAt"/> has come.</summary>
    AlignedWithTimeout,
}

/// <summary>Divides a stream into what belongs to a checkpoint and what does not.</summary>
/// <param name="CheckpointId">The checkpoint.</param>
/// <param name="Timestamp">When it began, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="Kind">What it stands for.</param>
/// <param name="Alignment">How it travels.</param>
/// <param name="OvertakeAt">When a barrier with timeout begins to overtake, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="Folder">Where a savepoint goes, in the storage.</param>
/// <param name="StopsSources">Whether sources read nothing behind it: the job is to end with a savepoint.</param>
internal sealed record CheckpointBarrier(
    long CheckpointId,
    long Timestamp,
    SnapshotKind Kind = SnapshotKind.Checkpoint,
    BarrierAlignment Alignment = BarrierAlignment.Aligned,
    long OvertakeAt = long.MaxValue,
    string? Folder = null,
    bool StopsSources = false)
{
    public bool IsSavepoint => Kind != SnapshotKind.Checkpoint;
}
