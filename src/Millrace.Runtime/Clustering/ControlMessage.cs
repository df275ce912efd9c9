using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;

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

    public sealed record ReportWatermark(SubtaskId Subtask, int Attempt, string Group, long Watermark) : Report(Subtask, Attempt);
}

/// <summary>A deployment, as a worker needs to know it.</summary>
/// <param name="Fingerprint">Of the coordinator's graph.</param>
/// <param name="Nodes">The fingerprints of its operators, to be able to say which one differs.</param>
/// <param name="Parallelism">The default parallelism that the graph is built with.</param>
/// <param name="Tasks">How many subtasks each task has.</param>
/// <param name="Attempt">The attempt, in this run of the coordinator.</param>
/// <param name="Epoch">The attempt, over all runs.</param>
/// <param name="Workers">The workers that take part.</param>
/// <param name="Placement">All subtasks of the deployment, each with the index of its worker.</param>
/// <param name="Manifest">The checkpoint to begin with, as <see cref="Checkpointing.Storage.ManifestFormat"/> writes it; empty for none.</param>
/// <param name="IsKept">Whether later checkpoints may name the files of that one again.</param>
internal sealed record DeploymentPlan(
    string Fingerprint,
    IReadOnlyList<NodeFingerprint> Nodes,
    int Parallelism,
    IReadOnlyList<int> Tasks,
    int Attempt,
    long Epoch,
    IReadOnlyList<WorkerInfo> Workers,
    IReadOnlyList<(SubtaskId Subtask, int Worker)> Placement,
    ReadOnlyMemory<byte> Manifest,
    bool IsKept);
