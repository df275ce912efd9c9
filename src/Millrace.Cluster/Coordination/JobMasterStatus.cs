namespace Millrace.Cluster.Coordination;

/// <summary>A job at one moment.</summary>
/// <param name="State">Its state.</param>
/// <param name="Term">The number of the coordinator.</param>
/// <param name="Parallelism">The default parallelism that it runs with; 0 while it waits for slots.</param>
/// <param name="Subtasks">Subtasks with their states and workers.</param>
/// <param name="Waiting">What it waits for; null where it runs.</param>
/// <param name="Restarts">How often parts of it were started again, in this term.</param>
/// <param name="LastCheckpoint">The number of the last completed checkpoint; null where there is none.</param>
/// <param name="LastFailure">The message of the last failure in this term.</param>
internal sealed record JobMasterStatus(
    JobState State, long Term, int Parallelism, IReadOnlyList<SubtaskStatus> Subtasks, string? Waiting, long Restarts, long? LastCheckpoint, string? LastFailure)
{
    /// <summary>What is known of a job by its record alone.</summary>
    public static JobMasterStatus Of(JobRecord record) => new(record.End ?? JobState.Created, record.Term, 0, [], null, 0, null, record.Error);

    /// <summary>The tasks, and what they did between the last two looks.</summary>
    public IReadOnlyList<TaskStatus> Tasks { get; init; } = [];

    /// <summary>The slots that the job should have, whether they are there or not; null while that is not known.</summary>
    public int? WantedSlots { get; init; }

    /// <summary>What was decided about slots and parallelism in this term, and why; the newest last.</summary>
    public IReadOnlyList<SchedulingEvent> Decisions { get; init; } = [];
}
