using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <summary>What the coordinator wants done.</summary>
internal abstract record JobDecision
{
    private JobDecision()
    {
    }

    /// <summary>Start a subtask.</summary>
    public sealed record Deploy(SubtaskId Subtask) : JobDecision;

    /// <summary>Tell a subtask to stop.</summary>
    public sealed record Cancel(SubtaskId Subtask) : JobDecision;

    /// <summary>Say when the time that subtasks have to stop is over.</summary>
    public sealed record StartCancellationTimer : JobDecision;

    /// <summary>Subtasks do not stop: report their stacks and go on without them.</summary>
    public sealed record GiveUp(IReadOnlyList<SubtaskId> Subtasks) : JobDecision;

    /// <summary>An error that does not change the outcome.</summary>
    public sealed record Report(SubtaskId? Subtask, Exception Error) : JobDecision;

    /// <summary>The job has ended.</summary>
    public sealed record Complete(JobState State, SubtaskId? FailedSubtask, Exception? Error) : JobDecision;
}
