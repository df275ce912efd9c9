using Millrace.Checkpointing;

namespace Millrace.Simulation.Worlds;

/// <summary>Something that the world does to the job.</summary>
/// <param name="At">When, counted from the beginning.</param>
internal abstract record Fault(TimeSpan At)
{
    /// <summary>Whether a job without fault tolerance bears it too: it only takes longer.</summary>
    public virtual bool IsHarmless => false;

    /// <summary>A subtask or another actor is slow for a while.</summary>
    public sealed record SlowActor(TimeSpan At, TimeSpan For, TimeSpan Each) : Fault(At)
    {
        public override bool IsHarmless => true;
    }

    /// <summary>A process stands still for a while.</summary>
    public sealed record Freeze(TimeSpan At, int Process, TimeSpan For) : Fault(At)
    {
        public override bool IsHarmless => true;
    }

    /// <summary>The clock on the wall of a process is set.</summary>
    public sealed record ClockJump(TimeSpan At, int Process, TimeSpan By) : Fault(At)
    {
        public override bool IsHarmless => true;
    }

    /// <summary>The network between two workers delivers nothing for a while.</summary>
    public sealed record Partition(TimeSpan At, int Connection, TimeSpan For) : Fault(At)
    {
        public override bool IsHarmless => true;
    }

    /// <summary>A connection between two workers breaks.</summary>
    public sealed record BreakConnection(TimeSpan At, int Connection) : Fault(At);

    /// <summary>All processes of the job die; it is started again a while later.</summary>
    public sealed record CrashAll(TimeSpan At, TimeSpan Down) : Fault(At);

    /// <summary>A worker dies; the coordinator hears of it a while later, and another takes its place.</summary>
    public sealed record CrashWorker(TimeSpan At, int Worker, TimeSpan Noticed) : Fault(At);

    /// <summary>All processes of the job die in the middle of an operation on the storage.</summary>
    public sealed record CrashAtOperation(TimeSpan At, int Operations, TimeSpan Down) : Fault(At);

    /// <summary>All processes of the job stand still, another start takes over, and later they go on.</summary>
    public sealed record Zombie(TimeSpan At, TimeSpan Until) : Fault(At);

    /// <summary>
    /// The coordinator is lost, alone: the workers live on, and know nothing of the start that takes over. Later they end too; or the coordinator had only stood still, and goes on with them.
    /// </summary>
    public sealed record LoseCoordinator(TimeSpan At, TimeSpan Down, TimeSpan Until, bool ComesBack) : Fault(At);

    /// <summary>The membership does not count a worker among the living for a while, though it lives. On a cluster only.</summary>
    public sealed record FalseDeath(TimeSpan At, int Worker, TimeSpan For) : Fault(At);

    /// <summary>Another coordinator takes over while the first one is well and believes in itself; both want the same workers. On a cluster only.</summary>
    public sealed record SecondCoordinator(TimeSpan At) : Fault(At);

    /// <summary>Operations on the storage fail for a while.</summary>
    public sealed record StorageFails(TimeSpan At, TimeSpan For, double Rate) : Fault(At);

    /// <summary>Work on the storage is slow for a while.</summary>
    public sealed record StorageSlow(TimeSpan At, TimeSpan For, TimeSpan Delay) : Fault(At);

    /// <summary>The storage is full for a while.</summary>
    public sealed record StorageFull(TimeSpan At, TimeSpan For, int Room) : Fault(At);

    /// <summary>A process does not reach the storage for a while.</summary>
    public sealed record StorageCutOff(TimeSpan At, int Process, TimeSpan For) : Fault(At);

    /// <summary>A stored file changes by itself.</summary>
    public sealed record Corruption(TimeSpan At) : Fault(At);

    /// <summary>The external system fails requests for a while.</summary>
    public sealed record LedgerFails(TimeSpan At, TimeSpan For, double Rate) : Fault(At);

    /// <summary>A savepoint is taken.</summary>
    public sealed record Savepoint(TimeSpan At, SavepointFormat Format) : Fault(At);

    /// <summary>
    /// The job is stopped with a savepoint and started from it with another parallelism. Where it is drained first, it has come to an end before that of its input, and the next start adds nothing.
    /// </summary>
    public sealed record StopAndRescale(TimeSpan At, SavepointFormat Format, ClaimMode Claim, bool Drains) : Fault(At);

    /// <summary>The job is cancelled and started with another parallelism from its last checkpoint.</summary>
    public sealed record CancelAndRescale(TimeSpan At) : Fault(At);

    /// <summary>All processes die, what the job has written to is set back to one of the savepoints, and the job is started from it with another parallelism.</summary>
    public sealed record ReturnToSavepoint(TimeSpan At, TimeSpan Down, ClaimMode Claim) : Fault(At);
}
