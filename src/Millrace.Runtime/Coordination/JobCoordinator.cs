using System.Diagnostics;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <summary>
/// Decides what happens to a job: facts in, decisions out. No I/O, no clock, no thread; a host carries the decisions out.
/// </summary>
/// <remarks>
/// Invariants: a job ends exactly once, and only when every subtask has ended or has been given up; the error that is reported is the first.
/// </remarks>
internal sealed class JobCoordinator(IReadOnlyList<SubtaskId> subtasks)
{
    private readonly Dictionary<SubtaskId, SubtaskState> _states = subtasks.ToDictionary(subtask => subtask, _ => SubtaskState.Created);
    private SubtaskId? _failedSubtask;
    private Exception? _error;

    public JobState State { get; private set; } = JobState.Created;

    public SubtaskState StateOf(SubtaskId subtask) => _states[subtask];

    public bool IsTerminal => State is JobState.Finished or JobState.Failed or JobState.Canceled;

    public IReadOnlyList<JobDecision> Start()
    {
        // Whoever started it may have been overtaken by a cancellation.
        if (State != JobState.Created)
        {
            return [];
        }

        State = JobState.Running;
        foreach (var subtask in subtasks)
        {
            _states[subtask] = SubtaskState.Deploying;
        }

        return subtasks.Count == 0 ? Complete(JobState.Finished) : [.. subtasks.Select(subtask => new JobDecision.Deploy(subtask))];
    }

    public IReadOnlyList<JobDecision> SubtaskChanged(SubtaskId subtask, SubtaskState state, Exception? error)
    {
        if (IsTerminal || IsEnded(_states[subtask]))
        {
            return [];
        }

        // A subtask that is being cancelled may report that it has just begun to run.
        if (_states[subtask] != SubtaskState.Canceling || IsEnded(state))
        {
            _states[subtask] = state;
        }

        if (error is not null)
        {
            return Fail(subtask, error);
        }

        return state == SubtaskState.Failed && State == JobState.Running
            ? Fail(subtask, new InvalidOperationException("A subtask failed without an error."))
            : EndIfAllEnded();
    }

    /// <summary>Something outside the subtasks failed, for example the enumerator of a source.</summary>
    public IReadOnlyList<JobDecision> Failed(Exception error) => IsTerminal ? [] : Fail(null, error);

    public IReadOnlyList<JobDecision> Cancel()
    {
        if (State is not (JobState.Created or JobState.Running))
        {
            return [];
        }

        bool started = State == JobState.Running;
        State = JobState.Cancelling;
        return started ? CancelAll() : Complete(JobState.Canceled);
    }

    /// <summary>The time that subtasks have to end is over.</summary>
    public IReadOnlyList<JobDecision> CancellationTimedOut()
    {
        if (State is not (JobState.Cancelling or JobState.Failing))
        {
            return [];
        }

        var stuck = subtasks.Where(subtask => !IsEnded(_states[subtask])).ToList();
        foreach (var subtask in stuck)
        {
            _states[subtask] = SubtaskState.Failed;
        }

        State = JobState.Failed;
        return [new JobDecision.GiveUp(stuck), new JobDecision.Complete(JobState.Failed, _failedSubtask, _error)];
    }

    private static bool IsEnded(SubtaskState state) => state is SubtaskState.Finished or SubtaskState.Canceled or SubtaskState.Failed;

    private IReadOnlyList<JobDecision> Fail(SubtaskId? subtask, Exception error)
    {
        switch (State)
        {
            case JobState.Created or JobState.Running:
                bool started = State == JobState.Running;
                State = JobState.Failing;
                _error = error;
                _failedSubtask = subtask;
                return started ? CancelAll() : Complete(JobState.Failed);
            default:
                // It ends already, by the user's wish or because of the first error; what goes wrong on the way is worth a line in the log.
                return [new JobDecision.Report(subtask, error), .. EndIfAllEnded()];
        }
    }

    private IReadOnlyList<JobDecision> CancelAll()
    {
        var decisions = new List<JobDecision>();
        foreach (var subtask in subtasks)
        {
            if (!IsEnded(_states[subtask]))
            {
                _states[subtask] = SubtaskState.Canceling;
                decisions.Add(new JobDecision.Cancel(subtask));
            }
        }

        if (decisions.Count > 0)
        {
            decisions.Add(new JobDecision.StartCancellationTimer());
        }

        decisions.AddRange(EndIfAllEnded());
        return decisions;
    }

    private IReadOnlyList<JobDecision> EndIfAllEnded()
    {
        if (_states.Values.Any(state => !IsEnded(state)))
        {
            return [];
        }

        return Complete(State switch
        {
            JobState.Failing => JobState.Failed,
            JobState.Cancelling => JobState.Canceled,
            _ => JobState.Finished,
        });
    }

    private IReadOnlyList<JobDecision> Complete(JobState state)
    {
        Debug.Assert(!IsTerminal, "A job ends once.");
        State = state;
        return [new JobDecision.Complete(state, _failedSubtask, _error)];
    }
}
