namespace Millrace.Checkpointing;

/// <summary>How the checkpoints and savepoints of a job went: a snapshot of one moment, immutable. <see cref="Triggered"/> = <see cref="Completed"/> + <see cref="Failed"/> + <see cref="InProgress"/>.</summary>
/// <remarks>It speaks of this run of the program. What is in the storage from earlier runs is not counted.</remarks>
public sealed record CheckpointStatistics
{
    internal static CheckpointStatistics None { get; } = new() { History = [] };

    /// <summary>How many checkpoints and savepoints were begun.</summary>
    public long Triggered { get; init; }

    /// <summary>How many of them are under way.</summary>
    public long InProgress { get; init; }

    /// <summary>How many of them were completed.</summary>
    public long Completed { get; init; }

    /// <summary>How many of them were given up, for whatever reason.</summary>
    public long Failed { get; init; }

    /// <summary>How often the job, or a part of it, went on from a checkpoint or savepoint.</summary>
    public long Restored { get; init; }

    /// <summary>The checkpoint, not savepoint, that was completed last.</summary>
    public CheckpointSummary? LatestCompleted { get; init; }

    /// <summary>The checkpoint or savepoint that was given up last.</summary>
    public CheckpointSummary? LatestFailed { get; init; }

    /// <summary>The savepoint that was completed last.</summary>
    public CheckpointSummary? LatestSavepoint { get; init; }

    /// <summary>What the job went on from last.</summary>
    public CheckpointRestore? LatestRestored { get; init; }

    /// <summary>The last 100 checkpoints and savepoints, in the order in which they were begun, the newest last.</summary>
    public required IReadOnlyList<CheckpointSummary> History { get; init; }
}

/// <summary>What a job went on from.</summary>
/// <param name="Id">The number of the checkpoint or savepoint.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Path">Its folder in the storage.</param>
/// <param name="RestoredAt">When.</param>
public sealed record CheckpointRestore(long Id, CheckpointKind Kind, string Path, DateTimeOffset RestoredAt);
