using Millrace.Runtime.Coordination;
using Millrace.Runtime.Tasks;

namespace Millrace;

/// <summary>What a failure of a job led to.</summary>
public enum JobFailureOutcome
{
    /// <summary>A part of the job, or all of it, is started again.</summary>
    Restart,

    /// <summary>What failed was about to be started again already, because of the failure before.</summary>
    Merged,

    /// <summary>The job has failed.</summary>
    JobFailed,

    /// <summary>The job was ending anyway.</summary>
    Ignored,
}

/// <summary>The failures of a job in this run of the program: a snapshot of one moment, immutable.</summary>
/// <param name="Total">How many there were, also those that are not kept.</param>
/// <param name="Restarts">How often a part of the job, or all of it, was to be started again.</param>
/// <param name="History">The last 100, the newest last.</param>
public sealed record JobFailures(long Total, long Restarts, IReadOnlyList<JobFailure> History)
{
    internal static JobFailures From(JobExecution execution)
    {
        var failures = execution.Failures;
        return new JobFailures(failures.Failures, failures.Restarts, [.. failures.Records.Select(failure => From(execution, failure))]);
    }

    private static JobFailure From(JobExecution execution, FailureRecord failure) => new(
        CheckpointSummaries.TimeOf(failure.Time),
        failure.Error,
        failure.Subtask is { } subtask ? NameOf(execution, subtask) : null,
        failure.Outcome switch
        {
            FailureOutcome.Restart => JobFailureOutcome.Restart,
            FailureOutcome.Merged => JobFailureOutcome.Merged,
            FailureOutcome.JobFailed => JobFailureOutcome.JobFailed,
            _ => JobFailureOutcome.Ignored,
        },
        [.. failure.Restarted.Select(restarted => NameOf(execution, restarted))],
        failure.Delay);

    private static string NameOf(JobExecution execution, SubtaskId subtask)
    {
        var vertex = execution.Job.Vertices[subtask.Vertex];
        return $"{vertex.Name} ({subtask.Index + 1}/{vertex.Parallelism})";
    }
}

/// <summary>A failure of a job.</summary>
/// <param name="Time">When.</param>
/// <param name="Cause">What was thrown, with the operator in its message where it was thrown in one.</param>
/// <param name="Subtask">Where, for example <c>Map (2/4)</c>; <see langword="null"/> outside of subtasks: an enumerator, the storage.</param>
/// <param name="Outcome">What it led to.</param>
/// <param name="Restarted">The subtasks that are started again because of it.</param>
/// <param name="Delay">The time until they are started again; zero where none is.</param>
public sealed record JobFailure(DateTimeOffset Time, Exception Cause, string? Subtask, JobFailureOutcome Outcome, IReadOnlyList<string> Restarted, TimeSpan Delay);
