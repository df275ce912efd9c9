namespace Millrace.Hosting;

/// <summary>A job of a cluster at one moment.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">Its state.</param>
/// <param name="Term">The number of its coordinator: one more with each that has taken over.</param>
/// <param name="Parallelism">The default parallelism that it runs with; 0 while it waits for slots, and when it has ended.</param>
/// <param name="Subtasks">Its subtasks, with the workers that they run on.</param>
/// <param name="Waiting">What it waits for; <see langword="null"/> where it runs or has ended.</param>
/// <param name="Restarts">How often it was started again under this coordinator.</param>
/// <param name="LastCheckpoint">The number of its last completed checkpoint; <see langword="null"/> where there is none.</param>
/// <param name="LastFailure">The message of the last failure under this coordinator, or of the one that has ended the job.</param>
public sealed record ClusterJobStatus(
    string Name, JobState State, long Term, int Parallelism, IReadOnlyList<ClusterSubtask> Subtasks, string? Waiting, long Restarts, long? LastCheckpoint, string? LastFailure)
{
    /// <summary>Its tasks, and what they do; empty while it waits for slots, and when it has ended.</summary>
    public IReadOnlyList<ClusterTask> Tasks { get; init; } = [];

    /// <summary>The slots that it should have, whether they are there or not: with the autoscaler those that its load needs. <see langword="null"/> while that is not known, and when it has ended.</summary>
    public int? WantedSlots { get; init; }

    /// <summary>What was decided about slots and parallelism under this coordinator, and why; the newest last, at most 50.</summary>
    public IReadOnlyList<ClusterDecision> Decisions { get; init; } = [];
}
