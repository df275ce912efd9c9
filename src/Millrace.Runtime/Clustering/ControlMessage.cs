using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Time;

namespace Millrace.Runtime.Clustering;

/// <summary>What a coordinator and a worker tell each other. Immutable.</summary>
internal abstract record ControlMessage
{
    private ControlMessage()
    {
    }

    /// <summary>An order about one subtask of one attempt; a worker that has no such subtask any more passes over it.</summary>
    public abstract record Order(SubtaskId Subtask, int Attempt) : ControlMessage;

    /// <summary>A report of one subtask of one attempt.</summary>
    public abstract record Report(SubtaskId Subtask, int Attempt) : ControlMessage;

    /// <summary>Make subtasks, restore their state, connect them and run them.</summary>
    public sealed record Deploy(DeploymentPlan Plan) : ControlMessage;

    public sealed record Cancel(SubtaskId Subtask, int Attempt) : Order(Subtask, Attempt);

    public sealed record Finish(SubtaskId Subtask, int Attempt) : Order(Subtask, Attempt);

    public sealed record Drain(SubtaskId Subtask, int Attempt) : Order(Subtask, Attempt);

    /// <summary>The subtask does not end: give its thread up, and write into the log where it is.</summary>
    public sealed record Abandon(SubtaskId Subtask, int Attempt) : Order(Subtask, Attempt);

    public sealed record Trigger(SubtaskId Subtask, int Attempt, CheckpointBarrier Barrier) : Order(Subtask, Attempt);

    public sealed record Completed(SubtaskId Subtask, int Attempt, long CheckpointId) : Order(Subtask, Attempt);

    public sealed record Aborted(SubtaskId Subtask, int Attempt, long CheckpointId) : Order(Subtask, Attempt);

    /// <summary>A checkpoint is over; files that were written for it are of no use where it is discarded.</summary>
    public sealed record CheckpointOver(long CheckpointId, bool IsDiscarded) : ControlMessage;

    /// <summary>The worker is being stopped, and is to be done without: it goes on until the coordinator lets it go.</summary>
    public sealed record Leaving : ControlMessage;

    public sealed record AddSplits(SubtaskId Subtask, int Attempt, IReadOnlyList<ReadOnlyMemory<byte>> Splits) : Order(Subtask, Attempt);

    public sealed record NoMoreSplits(SubtaskId Subtask, int Attempt) : Order(Subtask, Attempt);

    public sealed record AlignTo(SubtaskId Subtask, int Attempt, long Watermark) : Order(Subtask, Attempt);

    /// <summary>Begins a checkpoint at a reader: what it was given before belongs to it.</summary>
    public sealed record TriggerReader(SubtaskId Subtask, int Attempt, CheckpointBarrier Barrier) : Order(Subtask, Attempt);

    /// <param name="Subtask">The subtask.</param>
    /// <param name="Attempt">The attempt.</param>
    /// <param name="State">The state it is in now.</param>
    /// <param name="Error">What went wrong.</param>
    public sealed record StateChanged(SubtaskId Subtask, int Attempt, SubtaskState State, Exception? Error) : Report(Subtask, Attempt);

    /// <param name="Subtask">The subtask.</param>
    /// <param name="Attempt">The attempt.</param>
    /// <param name="CheckpointId">The checkpoint.</param>
    /// <param name="Snapshot">What it contributes.</param>
    /// <param name="Written">The files in it that were written for it, by this worker.</param>
    public sealed record Acknowledged(SubtaskId Subtask, int Attempt, long CheckpointId, TaskSnapshot Snapshot, IReadOnlyList<string> Written) : Report(Subtask, Attempt);

    public sealed record Declined(SubtaskId Subtask, int Attempt, long CheckpointId, Exception Error) : Report(Subtask, Attempt);

    public sealed record Drained(SubtaskId Subtask, int Attempt) : Report(Subtask, Attempt);

    /// <summary>A reader's subtask is there, and may be told of checkpoints; one that had come to its end before never starts reading.</summary>
    public sealed record ReaderConnected(SubtaskId Subtask, int Attempt) : Report(Subtask, Attempt);

    public sealed record ReaderStarted(SubtaskId Subtask, int Attempt) : Report(Subtask, Attempt);

    public sealed record RequestSplit(SubtaskId Subtask, int Attempt) : Report(Subtask, Attempt);

    /// <summary>What a subtask has counted so far, and how far its operators have come, told as often as <see cref="DeploymentPlan.MeasureInterval"/> says.</summary>
    public sealed record Measured(SubtaskId Subtask, int Attempt, TaskCounts Counts, IReadOnlyList<OperatorProgress> Operators) : Report(Subtask, Attempt);

    public sealed record ReportWatermark(SubtaskId Subtask, int Attempt, string Group, long Watermark) : Report(Subtask, Attempt);
}
