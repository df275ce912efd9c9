namespace Millrace.Checkpointing;

/// <summary>What was taken.</summary>
public enum CheckpointKind
{
    /// <summary>A checkpoint, which is the job's own.</summary>
    Checkpoint,

    /// <summary>A savepoint in the canonical format.</summary>
    Savepoint,

    /// <summary>A savepoint in the format of the backend.</summary>
    NativeSavepoint,
}

/// <summary>What has become of a checkpoint or savepoint.</summary>
public enum CheckpointState
{
    /// <summary>It is under way.</summary>
    InProgress,

    /// <summary>It is complete.</summary>
    Completed,

    /// <summary>It was given up.</summary>
    Failed,
}

/// <summary>A checkpoint or savepoint, as it went. Sizes are in bytes and grow while it is under way.</summary>
public sealed record CheckpointSummary
{
    /// <summary>Its number: unique and growing over all runs of the job.</summary>
    public required long Id { get; init; }

    /// <summary>What it is.</summary>
    public required CheckpointKind Kind { get; init; }

    /// <summary>What has become of it.</summary>
    public required CheckpointState State { get; init; }

    /// <summary>When it was begun.</summary>
    public required DateTimeOffset BeganAt { get; init; }

    /// <summary>From the beginning until it was complete or given up; <see langword="null"/> while it is under way. In steps of 1 ms.</summary>
    public required TimeSpan? Duration { get; init; }

    /// <summary>The size of all state in it, in bytes, files included that it shares with earlier ones.</summary>
    public required long StateSize { get; init; }

    /// <summary>How much was written anew for it, in bytes.</summary>
    public required long WrittenSize { get; init; }

    /// <summary>The size of the records that barriers overtook, in bytes; 0 where they were aligned.</summary>
    public required long InFlightSize { get; init; }

    /// <summary>Its folder in the storage, when it is complete.</summary>
    public required string? Path { get; init; }

    /// <summary>Why it was given up.</summary>
    public required string? FailureReason { get; init; }

    /// <summary>How many subtasks take part: all that had not finished when it was begun.</summary>
    public required int Subtasks { get; init; }

    /// <summary>How many of them have written their part.</summary>
    public required int AcknowledgedSubtasks { get; init; }

    /// <summary>The tasks, sources first.</summary>
    public required IReadOnlyList<TaskCheckpointSummary> Tasks { get; init; }
}

/// <summary>A task's part in a checkpoint or savepoint. Sizes are in bytes.</summary>
public sealed record TaskCheckpointSummary
{
    /// <summary>The task's name: those of its operators.</summary>
    public required string Name { get; init; }

    /// <summary>The names of the operators that are fused into the task.</summary>
    public required IReadOnlyList<string> Operators { get; init; }

    /// <summary>How many subtasks the task has.</summary>
    public required int Parallelism { get; init; }

    /// <summary>Those that have written their part, in the order of their numbers.</summary>
    public required IReadOnlyList<SubtaskCheckpointSummary> Subtasks { get; init; }

    /// <summary>The size of the state of all of them, in bytes.</summary>
    public long StateSize => Subtasks.Sum(subtask => subtask.StateSize);

    /// <summary>How much all of them wrote anew, in bytes.</summary>
    public long WrittenSize => Subtasks.Sum(subtask => subtask.WrittenSize);

    /// <summary>The size of the records that barriers overtook on the way into and out of all of them, in bytes.</summary>
    public long InFlightSize => Subtasks.Sum(subtask => subtask.InFlightSize);

    /// <summary>The longest that one of them took, from the beginning of the checkpoint until it had written its part; zero before the first has.</summary>
    public TimeSpan LongestDuration => Subtasks.Select(subtask => subtask.Duration).DefaultIfEmpty().Max();
}

/// <summary>A subtask's part in a checkpoint or savepoint. Sizes are in bytes.</summary>
public sealed record SubtaskCheckpointSummary
{
    /// <summary>The subtask's number in its task, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>When the coordinator heard that the part was written.</summary>
    public required DateTimeOffset AcknowledgedAt { get; init; }

    /// <summary>From the beginning of the checkpoint until then. In steps of 1 ms.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>From the beginning of the checkpoint until the first barrier was there. Long where a task upstream is held up.</summary>
    public required TimeSpan StartDelay { get; init; }

    /// <summary>From the first barrier until the last: how long inputs waited for each other. Long under backpressure.</summary>
    public required TimeSpan Alignment { get; init; }

    /// <summary>How long the subtask stood still to freeze its state.</summary>
    public required TimeSpan SyncDuration { get; init; }

    /// <summary>How long it took to write the state beside the work.</summary>
    public required TimeSpan AsyncDuration { get; init; }

    /// <summary>The size of the state, in bytes, files included that it shares with earlier checkpoints.</summary>
    public required long StateSize { get; init; }

    /// <summary>How much was written anew, in bytes.</summary>
    public required long WrittenSize { get; init; }

    /// <summary>The size of the records that the barrier overtook, in bytes.</summary>
    public required long InFlightSize { get; init; }

    /// <summary>Whether the subtask had come to the end of its input and had only stayed for a checkpoint.</summary>
    public required bool IsDrained { get; init; }
}
