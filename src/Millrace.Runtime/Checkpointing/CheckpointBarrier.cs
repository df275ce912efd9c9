using Millrace.Runtime.Tasks;

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
/// <param name="Timestamp">When it began, in milliseconds since 1970-01-01 UTC: for people, since clocks are set and differ.</param>
/// <param name="Kind">What it stands for.</param>
/// <param name="Alignment">How it travels.</param>
/// <param name="OvertakeAfter">How long after its beginning a barrier with timeout begins to overtake, in milliseconds.</param>
/// <param name="Folder">Where a savepoint goes, in the storage.</param>
/// <param name="StopsSources">Whether sources read nothing behind it: the job is to end with a savepoint.</param>
internal sealed record CheckpointBarrier(
    long CheckpointId,
    long Timestamp,
    SnapshotKind Kind = SnapshotKind.Checkpoint,
    BarrierAlignment Alignment = BarrierAlignment.Aligned,
    long OvertakeAfter = long.MaxValue,
    string? Folder = null,
    bool StopsSources = false)
{
    /// <summary>Belongs to no checkpoint and is sent to nobody.</summary>
    public static CheckpointBarrier Rehearsal { get; } = new(0, 0);

    /// <summary>
    /// When it began, by <see cref="MonotonicClock"/> of the process that the barrier is in. On its way to another process its age is carried instead; how long it is under way there
    /// is not known, and does not count.
    /// </summary>
    public long BegunAt { get; init; }

    /// <summary>When a barrier with timeout begins to overtake, by the same clock.</summary>
    public long OvertakeAt => OvertakeAfter == long.MaxValue ? long.MaxValue : BegunAt + OvertakeAfter;

    public bool IsSavepoint => Kind != SnapshotKind.Checkpoint;
}
