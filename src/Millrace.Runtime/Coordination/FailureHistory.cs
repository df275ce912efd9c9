using System.Collections.Immutable;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <summary>What a failure led to.</summary>
internal enum FailureOutcome
{
    /// <summary>Subtasks are started again.</summary>
    Restart,

    /// <summary>What failed was about to be started again already.</summary>
    Merged,

    /// <summary>The job has failed.</summary>
    JobFailed,

    /// <summary>The job was ending anyway.</summary>
    Ignored,
}

/// <summary>A failure of a job.</summary>
/// <param name="Time">When, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="Error">What happened.</param>
/// <param name="Subtask">Where; <see langword="null"/> outside of subtasks.</param>
/// <param name="Outcome">What it led to.</param>
/// <param name="Restarted">What is started again because of it.</param>
/// <param name="Delay">After how long.</param>
internal sealed record FailureRecord(long Time, Exception Error, SubtaskId? Subtask, FailureOutcome Outcome, IReadOnlyList<SubtaskId> Restarted, TimeSpan Delay);

/// <summary>The last failures of a job, and how many there were. Written by one thread, read by any.</summary>
internal sealed class FailureHistory
{
    public const int Capacity = 100;

    private State _state = new([], 0, 0);

    /// <summary>The last failures, the newest last.</summary>
    public ImmutableList<FailureRecord> Records => Volatile.Read(ref _state).Records;

    /// <summary>All failures, also those that are not kept.</summary>
    public long Failures => Volatile.Read(ref _state).Failures;

    /// <summary>How often a part of the job or all of it was to be started again.</summary>
    public long Restarts => Volatile.Read(ref _state).Restarts;

    public void Add(FailureRecord failure)
    {
        var records = _state.Records.Count == Capacity ? _state.Records.RemoveAt(0) : _state.Records;
        Volatile.Write(
            ref _state,
            new State(records.Add(failure), _state.Failures + 1, _state.Restarts + (failure.Outcome == FailureOutcome.Restart ? 1 : 0)));
    }

    private sealed record State(ImmutableList<FailureRecord> Records, long Failures, long Restarts);
}
