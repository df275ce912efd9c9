using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <summary>What the coordinator wants done.</summary>
internal abstract record JobDecision
{
    private JobDecision()
    {
    }

    /// <summary>
    /// Make subtasks, restore their state and start them, all together. Their facts carry the attempt. Where that does not work:
    /// <see cref="JobCoordinator.DeployFailed"/>. One that is cancelled before it was made is answered as canceled.
    /// </summary>
    public sealed record Deploy(IReadOnlyList<SubtaskId> Subtasks, int Attempt, bool IsRestart) : JobDecision;

    /// <summary>Tell a subtask to stop.</summary>
    public sealed record Cancel(SubtaskId Subtask) : JobDecision;

    /// <summary>Tell a subtask to end as if its input had: it has taken part in the savepoint that the job is stopped with.</summary>
    public sealed record Finish(SubtaskId Subtask) : JobDecision;

    /// <summary>Say when the time that subtasks have to stop is over, with the number. Several may run at once.</summary>
    public sealed record StartCancellationTimer(int Number) : JobDecision;

    /// <summary>Say <see cref="JobCoordinator.RestartDue"/> at a time in milliseconds since 1970-01-01 UTC. Replaces the timer before.</summary>
    public sealed record StartRestartTimer(long DueAt) : JobDecision;

    /// <summary>Subtasks will be started again: for the log. Comes before what it leads to.</summary>
    public sealed record Restarting(Exception Cause, SubtaskId? Subtask, TimeSpan Delay, IReadOnlyList<SubtaskId> Subtasks) : JobDecision;

    /// <summary>Subtasks do not stop: report their stacks and go on without them.</summary>
    public sealed record GiveUp(IReadOnlyList<SubtaskId> Subtasks) : JobDecision;

    /// <summary>An error that does not change the outcome.</summary>
    public sealed record Report(SubtaskId? Subtask, Exception Error) : JobDecision;

    /// <summary>The job has ended.</summary>
    /// <param name="State">How.</param>
    /// <param name="FailedSubtask">Where it failed, if that was in a subtask.</param>
    /// <param name="Error">The last failure.</param>
    /// <param name="WhyNoRestart">Why it was not started again, where that needs to be said: a sentence.</param>
    public sealed record Complete(JobState State, SubtaskId? FailedSubtask, Exception? Error, string? WhyNoRestart = null) : JobDecision;
}
