using System.Diagnostics;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <summary>
/// Decides what happens to a job: facts in, decisions out. No I/O, no clock, no thread; a host carries the decisions out. Times are milliseconds since 1970-01-01 UTC.
/// </summary>
/// <remarks>
/// Invariants: a job ends exactly once, and only when every subtask has ended or has been given up; a subtask is deployed only when its older attempt has ended; what an older
/// attempt says counts for nothing.
/// </remarks>
internal sealed class JobCoordinator
{
    private readonly Dictionary<SubtaskId, Slot> _slots = [];
    private readonly List<Slot> _ordered = [];
    private readonly List<Region> _regions = [];
    private readonly RestartBackoff _backoff;
    private readonly bool _isRecoverable;
    private int _attempt;
    private int _cancellations;
    private long _timerAt = long.MaxValue;
    private bool _isFinishing;
    private bool _gaveUp;
    private SubtaskId? _failedSubtask;
    private Exception? _error;
    private string? _whyNoRestart;

    /// <param name="topology">The subtasks and their channels.</param>
    /// <param name="strategy">Whether and when what failed starts again.</param>
    /// <param name="jitter">Where delays vary.</param>
    /// <param name="isRecoverable">Whether there is anything to start again from. Otherwise the first failure ends the job.</param>
    public JobCoordinator(JobTopology topology, RestartStrategy strategy, Random jitter, bool isRecoverable)
    {
        _backoff = RestartBackoff.Create(strategy, jitter);
        _isRecoverable = isRecoverable;
        foreach (var subtasks in topology.Regions)
        {
            var region = new Region();
            _regions.Add(region);
            foreach (var subtask in subtasks)
            {
                var slot = new Slot(subtask, region);
                region.Slots.Add(slot);
                _slots.Add(subtask, slot);
            }
        }

        _ordered.AddRange(topology.Subtasks.Select(subtask => _slots[subtask]));
    }

    public JobState State { get; private set; } = JobState.Created;

    /// <summary>The last failures; readable from any thread.</summary>
    public FailureHistory Failures { get; } = new();

    public bool IsTerminal => State is JobState.Finished or JobState.Failed or JobState.Canceled;

    private bool IsUp => State is JobState.Running or JobState.Restarting;

    public SubtaskState StateOf(SubtaskId subtask) => _slots[subtask].State;

    /// <summary>The attempt in which a subtask was deployed last; 0 before the first.</summary>
    public int AttemptOf(SubtaskId subtask) => _slots[subtask].Attempt;

    public IReadOnlyList<JobDecision> Start(long now)
    {
        // Whoever started it may have been overtaken by a cancellation.
        if (State != JobState.Created)
        {
            return [];
        }

        State = JobState.Running;
        var decisions = new List<JobDecision>();
        if (_ordered.Count > 0)
        {
            Deploy(_regions, false, decisions);
        }

        Advance(now, decisions);
        return decisions;
    }

    /// <summary>An earlier run has finished the job: it ends without having begun.</summary>
    public IReadOnlyList<JobDecision> FinishedBefore()
    {
        if (State != JobState.Created)
        {
            return [];
        }

        State = JobState.Finished;
        return [new JobDecision.Complete(State, null, null)];
    }

    /// <param name="subtask">The subtask.</param>
    /// <param name="attempt">The attempt that it belongs to: the one of its deployment.</param>
    /// <param name="state">The state it is in now.</param>
    /// <param name="error">What went wrong. With <see cref="SubtaskState.Canceling"/>: it has failed and is closing its functions. A <see cref="RelocationException"/>: nothing did, and its state is what it was, but it is to go on elsewhere.</param>
    /// <param name="now">The time.</param>
    public IReadOnlyList<JobDecision> SubtaskChanged(SubtaskId subtask, int attempt, SubtaskState state, Exception? error, long now)
    {
        var slot = _slots[subtask];
        if (IsTerminal || attempt != slot.Attempt || slot.IsEnded)
        {
            return [];
        }

        if (error is RelocationException relocation)
        {
            return Relocate(slot, relocation, now);
        }

        // A subtask that is being cancelled may report that it has just begun to run.
        if (slot.State != SubtaskState.Canceling || SlotStates.IsEnded(state))
        {
            slot.State = state;
        }

        if (error is null && slot.Cancellation == 0)
        {
            error = state switch
            {
                SubtaskState.Failed => new InvalidOperationException("A subtask failed without an error."),
                SubtaskState.Canceled => new InvalidOperationException("A subtask was cancelled, but not by its job."),
                _ => null,
            };
        }

        var decisions = new List<JobDecision>();
        if (error is not null)
        {
            Fail([slot.Region], subtask, error, now, decisions);
        }

        Advance(now, decisions);
        return decisions;
    }

    /// <summary>Something outside the subtasks failed, for example an enumerator, or too many checkpoints: everything is started again.</summary>
    public IReadOnlyList<JobDecision> Failed(Exception error, long now)
    {
        var decisions = new List<JobDecision>();
        if (!IsTerminal)
        {
            Fail(_regions, null, error, now, decisions);
            Advance(now, decisions);
        }

        return decisions;
    }

    /// <summary>Subtasks could not be made: a failure of their regions.</summary>
    /// <param name="subtasks">Those of one <see cref="JobDecision.Deploy"/>; none of them runs.</param>
    /// <param name="error">Why, for example because their state cannot be read.</param>
    /// <param name="now">The time.</param>
    public IReadOnlyList<JobDecision> DeployFailed(IReadOnlyList<SubtaskId> subtasks, Exception error, long now)
    {
        var slots = subtasks.Select(subtask => _slots[subtask]).Where(slot => slot.Attempt > 0 && !slot.IsEnded).ToList();
        var decisions = new List<JobDecision>();
        if (IsTerminal || slots.Count == 0)
        {
            return decisions;
        }

        foreach (var slot in slots)
        {
            slot.State = SubtaskState.Failed;
        }

        Fail([.. slots.Select(slot => slot.Region).Distinct()], null, error, now, decisions);
        Advance(now, decisions);
        return decisions;
    }

    public IReadOnlyList<JobDecision> Cancel(long now)
    {
        var decisions = new List<JobDecision>();
        if (State == JobState.Created || IsUp)
        {
            State = JobState.Cancelling;
            CancelAll(_ordered, decisions);
            Advance(now, decisions);
        }

        return decisions;
    }

    /// <summary>The savepoint that the job is stopped with is complete: subtasks end. A failure from now on is not recovered from, because what was committed with the savepoint would come again.</summary>
    public IReadOnlyList<JobDecision> FinishAll()
    {
        if (State != JobState.Running || _isFinishing)
        {
            return [];
        }

        _isFinishing = true;
        return [.. _ordered.Where(slot => !slot.IsEnded).Select(slot => new JobDecision.Finish(slot.Id))];
    }

    /// <summary>The time that <see cref="JobDecision.StartRestartTimer"/> asked for has come. Too early does no harm.</summary>
    public IReadOnlyList<JobDecision> RestartDue(long now)
    {
        var decisions = new List<JobDecision>();
        _timerAt = long.MaxValue;
        if (IsUp)
        {
            Advance(now, decisions);
        }

        return decisions;
    }

    /// <summary>The time that subtasks have to end is over.</summary>
    /// <param name="number">The number of <see cref="JobDecision.StartCancellationTimer"/>.</param>
    /// <param name="now">The time.</param>
    public IReadOnlyList<JobDecision> CancellationTimedOut(int number, long now)
    {
        var stuck = _ordered.Where(slot => !slot.IsEnded && slot.Cancellation > 0 && slot.Cancellation <= number).ToList();
        if (IsTerminal || stuck.Count == 0)
        {
            return [];
        }

        foreach (var slot in stuck)
        {
            slot.State = SubtaskState.Failed;
        }

        // Nobody knows what the function that is stuck will still do, so nothing is started in its place.
        _gaveUp = true;
        var decisions = new List<JobDecision> { new JobDecision.GiveUp([.. stuck.Select(slot => slot.Id)]) };
        if (IsUp)
        {
            var cause = Failures.Records.LastOrDefault(failure => failure.Outcome == FailureOutcome.Restart);
            _error = cause?.Error;
            _failedSubtask = cause?.Subtask;
            State = JobState.Failing;
            CancelAll(_ordered, decisions);
        }

        Advance(now, decisions);
        return decisions;
    }

    /// <summary>Subtasks that cannot go back to a checkpoint without each other, though no channels connect them. Those that restart just now stay as they are, until this is said again.</summary>
    public void RestartTogether(IEnumerable<SubtaskId> subtasks)
    {
        List<Region> regions = [.. subtasks.Select(subtask => _slots[subtask].Region).Distinct()];
        if (regions.Count < 2 || regions.Exists(static region => region.IsRestarting))
        {
            return;
        }

        foreach (var other in regions.Skip(1))
        {
            regions[0].Slots.AddRange(other.Slots);
            other.Slots.ForEach(slot => slot.Region = regions[0]);
            _regions.Remove(other);
        }
    }

    private void Fail(IReadOnlyList<Region> regions, SubtaskId? subtask, Exception error, long now, List<JobDecision> decisions)
    {
        if (State != JobState.Created && !IsUp)
        {
            // It ends already, by the user's wish or because of an earlier error; what goes wrong on the way is worth a line in the log.
            decisions.Add(new JobDecision.Report(subtask, error));
            Failures.Add(new FailureRecord(now, error, subtask, FailureOutcome.Ignored, [], default));
            return;
        }

        if (Recoverability.FindNonRecoverable(error) is { } hopeless)
        {
            FailJob(subtask, error, hopeless is NonRecoverableException ? null : $"It was not restarted, because a {hopeless.GetType().Name} would come again.", now, decisions);
            return;
        }

        if (State == JobState.Created || !_isRecoverable || _isFinishing)
        {
            FailJob(subtask, error, _isFinishing ? "It was being stopped, and its savepoint is complete: start it again from that." : null, now, decisions);
            return;
        }

        var affected = regions.Where(region => !region.IsRestarting).ToList();
        if (affected.Count == 0)
        {
            decisions.Add(new JobDecision.Report(subtask, error));
            Failures.Add(new FailureRecord(now, error, subtask, FailureOutcome.Merged, [], default));
            return;
        }

        var verdict = _backoff.Failed(now);
        if (!verdict.MayRestart)
        {
            FailJob(subtask, error, verdict.Refusal, now, decisions);
            return;
        }

        var restarting = Restart(affected, subtask, error, verdict.DueAt, now, decisions);
        Failures.Add(new FailureRecord(now, error, subtask, FailureOutcome.Restart, restarting.Subtasks, restarting.Delay));
    }

    private List<JobDecision> Relocate(Slot slot, RelocationException why, long now)
    {
        var decisions = new List<JobDecision>();

        // What ends already ends where it is, and what could not go on elsewhere stays for as long as it may.
        if (IsUp && !_isFinishing && _isRecoverable && !slot.Region.IsRestarting)
        {
            Restart([slot.Region], slot.Id, why, now, now, decisions);
        }

        return decisions;
    }

    private JobDecision.Restarting Restart(List<Region> regions, SubtaskId? subtask, Exception cause, long dueAt, long now, List<JobDecision> decisions)
    {
        State = JobState.Restarting;
        foreach (var region in regions)
        {
            region.IsRestarting = true;
            region.Delay = dueAt - now;
            region.DueAt = dueAt;
        }

        var slots = _ordered.Where(slot => regions.Contains(slot.Region)).ToList();
        var restarting = new JobDecision.Restarting(cause, subtask, TimeSpan.FromMilliseconds(dueAt - now), [.. slots.Select(slot => slot.Id)]);
        decisions.Add(restarting);
        CancelAll(slots, decisions);
        return restarting;
    }

    private void FailJob(SubtaskId? subtask, Exception error, string? whyNoRestart, long now, List<JobDecision> decisions)
    {
        Failures.Add(new FailureRecord(now, error, subtask, FailureOutcome.JobFailed, [], default));
        State = JobState.Failing;
        _error = error;
        _failedSubtask = subtask;
        _whyNoRestart = whyNoRestart;
        CancelAll(_ordered, decisions);
    }

    private void CancelAll(List<Slot> slots, List<JobDecision> decisions)
    {
        int number = _cancellations + 1;
        foreach (var slot in slots)
        {
            if (slot.Attempt > 0 && !slot.IsEnded && slot.Cancellation == 0)
            {
                slot.State = SubtaskState.Canceling;
                slot.Cancellation = number;
                _cancellations = number;
                decisions.Add(new JobDecision.Cancel(slot.Id));
            }
        }

        if (_cancellations == number)
        {
            decisions.Add(new JobDecision.StartCancellationTimer(number));
        }
    }

    private void Deploy(List<Region> regions, bool isRestart, List<JobDecision> decisions)
    {
        _attempt++;
        var deployed = new HashSet<Region>(regions);
        var slots = _ordered.Where(slot => deployed.Contains(slot.Region)).ToList();
        foreach (var slot in slots)
        {
            Debug.Assert(slot.Attempt == 0 || slot.IsEnded, "The older attempt has ended.");
            slot.Attempt = _attempt;
            slot.Cancellation = 0;
            slot.State = SubtaskState.Deploying;
        }

        foreach (var region in regions)
        {
            region.IsRestarting = false;
        }

        decisions.Add(new JobDecision.Deploy([.. slots.Select(slot => slot.Id)], _attempt, isRestart));
    }

    /// <summary>What follows from what has become of the subtasks: regions whose time has come are deployed, and a job that is over ends.</summary>
    private void Advance(long now, List<JobDecision> decisions)
    {
        if (IsTerminal)
        {
            return;
        }

        if (IsUp)
        {
            Redeploy(now, decisions);
        }

        if (_regions.Any(region => region.IsRestarting) && IsUp)
        {
            return;
        }

        if (State == JobState.Running ? _ordered.TrueForAll(slot => slot.State == SubtaskState.Finished) : _ordered.TrueForAll(slot => slot.Attempt == 0 || slot.IsEnded))
        {
            State = State switch
            {
                JobState.Running => JobState.Finished,
                JobState.Cancelling when !_gaveUp => JobState.Canceled,
                _ => JobState.Failed,
            };
            decisions.Add(new JobDecision.Complete(State, _failedSubtask, _error, _whyNoRestart));
        }
    }

    private void Redeploy(long now, List<JobDecision> decisions)
    {
        var waiting = _regions.FindAll(region => region.IsRestarting && region.Slots.TrueForAll(slot => slot.IsEnded));
        foreach (var region in waiting)
        {
            // A clock that was set back must not make the wait longer than the strategy says.
            region.DueAt = Math.Min(region.DueAt, now + region.Delay);
        }

        var due = waiting.FindAll(region => region.DueAt <= now);
        if (due.Count > 0)
        {
            Deploy(due, true, decisions);
            State = _regions.Any(region => region.IsRestarting) ? JobState.Restarting : JobState.Running;
        }

        long next = waiting.Where(region => region.IsRestarting).Select(region => region.DueAt).DefaultIfEmpty(long.MaxValue).Min();
        if (next != _timerAt && next != long.MaxValue)
        {
            decisions.Add(new JobDecision.StartRestartTimer(next));
        }

        _timerAt = next;
    }

    /// <summary>Subtasks that restart together.</summary>
    private sealed class Region
    {
        public List<Slot> Slots { get; } = [];

        /// <summary>Whether it has failed and is not deployed again yet.</summary>
        public bool IsRestarting { get; set; }

        public long DueAt { get; set; }

        public long Delay { get; set; }
    }

    /// <summary>A subtask in its present attempt.</summary>
    private sealed class Slot(SubtaskId id, Region region)
    {
        public SubtaskId Id => id;

        public Region Region { get; set; } = region;

        public SubtaskState State { get; set; } = SubtaskState.Created;

        public int Attempt { get; set; }

        /// <summary>The number of the timer that runs since it was told to stop; 0 if it was not.</summary>
        public int Cancellation { get; set; }

        public bool IsEnded => SlotStates.IsEnded(State);
    }

    private static class SlotStates
    {
        public static bool IsEnded(SubtaskState state) => state is SubtaskState.Finished or SubtaskState.Canceled or SubtaskState.Failed;
    }
}
