using Millrace.Checkpointing;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Checkpointing;

/// <summary>Why a checkpoint did not come to be.</summary>
internal enum AbortReason
{
    /// <summary>A subtask could not take part. Counts.</summary>
    Declined,

    /// <summary>A subtask was being closed and could not take part any more.</summary>
    Closing,

    /// <summary>It took longer than <see cref="CheckpointOptions.Timeout"/>. Counts.</summary>
    Expired,

    /// <summary>The manifest could not be written. Counts.</summary>
    NotStored,

    /// <summary>A newer one is complete.</summary>
    Subsumed,

    /// <summary>A subtask ended before it had acknowledged.</summary>
    SubtaskFinished,

    /// <summary>The job, or a part of it, was stopped.</summary>
    Stopped,
}

/// <summary>What the checkpoint coordinator wants done.</summary>
internal abstract record CheckpointDecision
{
    private CheckpointDecision()
    {
    }

    /// <summary>Begin a checkpoint.</summary>
    /// <param name="Barrier">The barrier.</param>
    /// <param name="At">The subtasks that are told directly: sources, and those all of whose producers have finished.</param>
    /// <param name="Request">Who asked for it. With <see cref="StopMode.Suspend"/> sources stop behind the barrier until they hear what has become of it.</param>
    public sealed record Trigger(CheckpointBarrier Barrier, IReadOnlyList<SubtaskId> At, SnapshotRequest? Request) : CheckpointDecision;

    /// <summary>Tell sources to end their input.</summary>
    public sealed record Drain(IReadOnlyList<SubtaskId> Sources) : CheckpointDecision;

    /// <summary>Write the manifest, and the entry in the log unless it is a savepoint; then say <see cref="CheckpointCoordinator.Stored"/>.</summary>
    /// <param name="Barrier">The checkpoint.</param>
    /// <param name="Snapshots">What the subtasks contribute.</param>
    /// <param name="Finished">The subtasks that had ended before it began.</param>
    /// <param name="Request">Who asked for it.</param>
    public sealed record Store(CheckpointBarrier Barrier, IReadOnlyList<TaskSnapshot> Snapshots, IReadOnlyList<SubtaskId> Finished, SnapshotRequest? Request) : CheckpointDecision
    {
        public long Id => Barrier.CheckpointId;
    }

    /// <summary>A checkpoint or savepoint is complete.</summary>
    /// <param name="Id">The checkpoint.</param>
    /// <param name="Path">Where it is.</param>
    /// <param name="Request">Who asked for it.</param>
    /// <param name="Notify">Who hears of it, and commits: those that took part and live. Nobody for a savepoint from which no failure recovers, because what was committed would come again.</param>
    /// <param name="Finish">Those of them that may end now: everything that they had prepared is committed. All where the job is stopped.</param>
    /// <param name="Stops">Whether the job ends with it. Not where it failed or was cancelled meanwhile, although that was asked for.</param>
    public sealed record Completed(long Id, string? Path, SnapshotRequest? Request, IReadOnlyList<SubtaskId> Notify, IReadOnlyList<SubtaskId> Finish, bool Stops = false) : CheckpointDecision;

    /// <summary>A checkpoint is given up.</summary>
    /// <param name="Id">The checkpoint.</param>
    /// <param name="Reason">Why.</param>
    /// <param name="Error">What happened.</param>
    /// <param name="Notify">Who hears of it.</param>
    /// <param name="Snapshots">What was written for it, to be discarded.</param>
    public sealed record Aborted(long Id, AbortReason Reason, Exception Error, IReadOnlyList<SubtaskId> Notify, IReadOnlyList<TaskSnapshot> Snapshots) : CheckpointDecision;

    /// <summary>Remove the files that were written for a checkpoint that is not under way any more; not those that a completed checkpoint names too.</summary>
    public sealed record Discard(TaskSnapshot Snapshot) : CheckpointDecision;

    /// <summary>Fail the job as a whole. Nothing is triggered until <see cref="CheckpointCoordinator.Start"/>.</summary>
    public sealed record Fail(Exception Error) : CheckpointDecision;

    /// <summary>Say <see cref="CheckpointCoordinator.Tick"/> at a time in milliseconds since 1970-01-01 UTC. Replaces the timer before.</summary>
    public sealed record SetTimer(long DueAt) : CheckpointDecision;

    /// <summary>Answer a request. It may have a path and an error: the savepoint is complete, but the job could not be stopped with it.</summary>
    public sealed record RequestDone(SnapshotRequest Request, string? Path, Exception? Error) : CheckpointDecision;
}
