using Millrace.Runtime.Clustering;

namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>
/// Decides when a job starts, with which parallelism, and when it is rescaled: facts in, decisions out. No I/O, no clock, no thread; a host carries the decisions out. Times are milliseconds since 1970-01-01 UTC.
/// </summary>
/// <remarks>
/// <para>Modelled after Flink's adaptive scheduler: created, waiting for slots, deploying, executing, rescaling, and again waiting.</para>
/// <para>
/// Invariants: what is started fits into the slots that there are; a job is stopped for a rescale only when a task's parallelism changes, never within the cooldown, and only after a checkpoint unless none comes;
/// while anything is decided by time alone, a timer runs.
/// </para>
/// <para>Restarts of parts of a job are not asked for here: whoever cannot place such a part stops the job and says <see cref="Stopped"/>.</para>
/// </remarks>
internal sealed partial class AdaptiveScheduler
{
    private readonly SchedulerOptions _options;
    private readonly ScalableJob _job;
    private ParallelismFit _fit;

    // Where tasks have a parallelism of their own: what the greatest of them may be.
    private (int Min, int Max)? _bounds;
    private IReadOnlyList<WorkerInfo> _workers = [];

    // How many slots the running job is to go down to, since another one needs the others.
    private int? _giveBackTo;
    private SchedulingDecision.Wait _wait = new(null, "");
    private Phase _phase = Phase.Created;
    private int? _requested;

    // Whether a request has changed nothing yet, and still could.
    private bool _isRequestOpen;

    // Of a job that waits: since when, since when it could start, and the slots that it need not wait for more than.
    private long _waitingSince;
    private long? _sufficientSince;
    private int? _enoughSlots;

    // Of a job that runs.
    private ParallelismChoice? _current;
    private IReadOnlyList<WorkerInfo> _workersAtStart = [];
    private long _runningSince;
    private Change? _change;

    public AdaptiveScheduler(SchedulerOptions options, ScalableJob job)
    {
        _options = options;
        _job = job;
        _fit = new ParallelismFit(job.DemandOf);
    }

    private enum Phase
    {
        Created,
        Waiting,
        Deploying,
        Executing,
        Rescaling,
        Ended,
    }

    /// <summary>The default parallelism that the job was started with last; 0 before.</summary>
    public int Parallelism => _current?.Parallelism ?? 0;

    /// <summary>What is waited for, as a sentence; null where it is nothing.</summary>
    public string? Waiting => _wait.Reason.Length == 0 ? null : _wait.Reason;

    /// <summary>Whether a running job is about to be stopped for another parallelism, or has been.</summary>
    public bool IsRescaling => _phase == Phase.Rescaling || _change is not null;

    /// <summary>The slots without which the job cannot run as it is to, and all that it could use.</summary>
    public (int Least, int Wanted) Demand => (_fit.DemandOf(Bounds.Min).Slots, _fit.DemandOf(Bounds.Max).Slots);

    /// <summary>Whether the job uses whatever slots there are, and so can do with fewer.</summary>
    public bool IsReactive => _options.Mode == SchedulerMode.Reactive && _bounds is null;

    private int Slots => _workers.Sum(worker => worker.Slots);

    /// <summary>The least and the greatest default parallelism that may be chosen now.</summary>
    private (int Min, int Max) Bounds
    {
        get
        {
            if (_bounds is { } bounds)
            {
                return bounds;
            }

            int max = _requested ?? _job.Parallelism;
            if (_options.Mode == SchedulerMode.Fixed)
            {
                return (max, max);
            }

            max = Math.Min(_requested ?? int.MaxValue, Math.Min(_options.MaxParallelism ?? int.MaxValue, _job.MaxParallelism));
            return (Math.Min(_options.MinParallelism, max), max);
        }
    }

    /// <summary>The job is to run.</summary>
    public IReadOnlyList<SchedulingDecision> Start(long now) => _phase == Phase.Created ? BeginWaiting(null, now) : [];

    /// <summary>Workers came or went.</summary>
    /// <param name="workers">All that offer slots to this job, with how many: those too that its subtasks are in.</param>
    /// <param name="now">The time.</param>
    /// <param name="giveBackTo">How many slots a job that runs is to go down to, since another one needs the others; null where it may keep what it has.</param>
    public IReadOnlyList<SchedulingDecision> SlotsChanged(IReadOnlyList<WorkerInfo> workers, long now, int? giveBackTo = null)
    {
        _workers = workers;
        _giveBackTo = giveBackTo;
        return Advance(now);
    }

    /// <summary>All subtasks run, as <see cref="SchedulingDecision.Start"/> wanted.</summary>
    public IReadOnlyList<SchedulingDecision> Running(long now)
    {
        if (_phase != Phase.Deploying)
        {
            return [];
        }

        _phase = Phase.Executing;
        _runningSince = now;
        _change = null;
        return Advance(now);
    }

    /// <summary>No subtask runs any more and the job is to go on: a worker was lost, something failed, or a rescale stopped it.</summary>
    public IReadOnlyList<SchedulingDecision> Stopped(long now)
    {
        if (_phase is not (Phase.Deploying or Phase.Executing or Phase.Rescaling))
        {
            return [];
        }

        // What it had is enough to go on at once: there is nothing that is about to come back. What was found for a rescale has been waited for already.
        int enough = _phase == Phase.Rescaling ? Target(Slots)?.Demand.Slots ?? _current!.Demand.Slots : _current!.Demand.Slots;
        return BeginWaiting(enough, now);
    }

    public IReadOnlyList<SchedulingDecision> CheckpointCompleted(long now)
    {
        if (_phase == Phase.Executing && _change is { } change)
        {
            change.HasCheckpoint = now >= EligibleAt(change);
        }

        return Advance(now);
    }

    public IReadOnlyList<SchedulingDecision> CheckpointFailed(long now)
    {
        if (_phase == Phase.Executing && _change is { } change && now >= EligibleAt(change))
        {
            change.FailedCheckpoints++;
        }

        return Advance(now);
    }

    /// <summary>Somebody asks for a default parallelism. Of a reactive job it is the greatest that is used.</summary>
    /// <param name="parallelism">1 to the job's greatest; null for what would be without a request.</param>
    /// <param name="now">The time.</param>
    public IReadOnlyList<SchedulingDecision> Request(int? parallelism, long now)
    {
        if (parallelism is { } asked)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(asked, 1, nameof(parallelism));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(asked, _job.MaxParallelism, nameof(parallelism));
        }

        // What a parallelism takes may be another thing than before: bounds of tasks may have changed.
        _bounds = null;
        _fit = new ParallelismFit(_job.DemandOf);
        _requested = parallelism;
        _isRequestOpen = true;
        _change = null;
        return Advance(now);
    }

    /// <summary>Every task is to have a parallelism of its own: the autoscaler has decided so. Holds until somebody asks for a default parallelism.</summary>
    /// <param name="demandOf">The slots that the job takes when no task has more subtasks than a number. More never takes less.</param>
    /// <param name="greatest">The number that takes nothing from any task. Where slots are fewer, a lesser one is chosen.</param>
    /// <param name="now">The time.</param>
    public IReadOnlyList<SchedulingDecision> DemandChanged(Func<int, SlotDemand> demandOf, int greatest, long now)
    {
        _fit = new ParallelismFit(demandOf);
        _bounds = (1, greatest);
        _isRequestOpen = true;
        _change = null;
        return Advance(now);
    }

    /// <summary>The time of a <see cref="SchedulingDecision.Wait"/> has come. Harmless at any time.</summary>
    public IReadOnlyList<SchedulingDecision> TimeDue(long now) => Advance(now);

    /// <summary>The job has ended: nothing more is decided.</summary>
    public void End()
    {
        _phase = Phase.Ended;
        _wait = new SchedulingDecision.Wait(null, "");
    }

    private IReadOnlyList<SchedulingDecision> BeginWaiting(int? enoughSlots, long now)
    {
        _phase = Phase.Waiting;
        _waitingSince = now;
        _sufficientSince = null;
        _enoughSlots = enoughSlots;
        _change = null;
        return Advance(now);
    }

    private IReadOnlyList<SchedulingDecision> Advance(long now)
    {
        var decisions = new List<SchedulingDecision>();
        if (_phase == Phase.Waiting)
        {
            AdvanceWaiting(now, decisions);
        }
        else if (_phase == Phase.Executing)
        {
            AdvanceExecuting(now, decisions);
        }

        return decisions;
    }

    private void AdvanceWaiting(long now, List<SchedulingDecision> decisions)
    {
        var (min, max) = Bounds;
        int slots = Slots;
        long? giveUpAt = _options.WaitMilliseconds() is { } wait ? _waitingSince + wait : null;
        if (Target(slots) is not { } target)
        {
            _sufficientSince = null;
            string shortage = ShortageOf(min, slots);
            if (now >= giveUpAt)
            {
                _phase = Phase.Ended;
                Wait(null, "", decisions);
                decisions.Add(new SchedulingDecision.GiveUp(
                    $"{shortage} This did not change for {Text.Duration(now - _waitingSince)} ({nameof(SchedulerOptions.ResourceWaitTimeout)}). Start more workers or give them more slots, or lower the parallelism."));
                return;
            }

            Wait(giveUpAt, shortage, decisions);
            return;
        }

        _sufficientSince ??= now;
        long startAt = Math.Min(_sufficientSince.Value + SchedulerOptions.Milliseconds(_options.ResourceStabilizationTimeout), giveUpAt ?? long.MaxValue);
        bool isAll = target.Demand.IsSameAs(_fit.DemandOf(max));
        bool isEnough = slots >= _enoughSlots;
        if (isAll || isEnough || now >= startAt)
        {
            _phase = Phase.Deploying;
            Wait(null, "", decisions);
            string reason = WhyStart(target, slots, isAll, isEnough);
            _current = target;
            _isRequestOpen = false;
            _workersAtStart = _workers;
            decisions.Add(new SchedulingDecision.Start(target.Parallelism, target.Demand, reason));
            return;
        }

        Wait(
            startAt,
            $"There are {Text.Count(slots, "slot")}, enough for parallelism {Text.Number(target.Parallelism)}; more may come within {nameof(SchedulerOptions.ResourceStabilizationTimeout)} ({Text.Duration(startAt - _sufficientSince.Value)}).",
            decisions);
    }

    private void AdvanceExecuting(long now, List<SchedulingDecision> decisions)
    {
        var current = _current!;

        // Slots that seem to be lost are still held by subtasks that run. If they are lost, the subtasks fail. Those that another job needs are given back.
        bool givesBack = _giveBackTo < current.Demand.Slots;
        var target = Target(givesBack ? _giveBackTo!.Value : Math.Max(Slots, current.Demand.Slots));
        if (target is null || target.Demand.IsSameAs(current.Demand))
        {
            _change = null;
            _isRequestOpen &= target is null;
            Wait(null, target is null ? $"The job goes on with parallelism {Text.Number(current.Parallelism)}: {ShortageOf(Bounds.Min, Slots)}" : "", decisions);
            return;
        }

        if (_change is { } begun && begun.GivesBack != givesBack)
        {
            _change = null;
        }

        var change = _change ??= new Change(now) { IsRequested = _isRequestOpen || givesBack, GivesBack = givesBack };
        change.IsAll = target.Demand.IsSameAs(_fit.DemandOf(Bounds.Max));
        string what = WhatChanges(current, target, change);
        long eligibleAt = EligibleAt(change);
        if (now < eligibleAt)
        {
            // A checkpoint before counts for nothing: by then it is old.
            bool isCooling = eligibleAt == CooldownEnd;
            Wait(
                eligibleAt,
                what + (isCooling ? $" It was started a short time ago: the {nameof(SchedulerOptions.ScalingCooldown)} of {Text.Duration(CooldownEnd - _runningSince)} is not over."
                    : $" More slots may come within {nameof(SchedulerOptions.RescaleStabilizationTimeout)} ({Text.Duration(eligibleAt - change.Since)})."),
                decisions);
            return;
        }

        change.EligibleSince ??= now;
        long dueAt = change.EligibleSince.Value + MaxDelay();
        string? trigger = change.HasCheckpoint ? "A checkpoint has just completed."
            : change.FailedCheckpoints >= _options.RescaleMaxCheckpointFailures ? $"{Text.Count(change.FailedCheckpoints, "checkpoint")} failed meanwhile: it goes back to the last one that did not."
            : _job.CheckpointInterval is null ? "There are no checkpoints: it begins anew."
            : now >= dueAt ? $"No checkpoint completed within {Text.Duration(MaxDelay())} ({nameof(SchedulerOptions.RescaleMaxDelay)}): it goes back to the last one."
            : null;
        if (trigger is not null)
        {
            _phase = Phase.Rescaling;
            _change = null;
            _isRequestOpen = false;
            Wait(null, "", decisions);
            decisions.Add(new SchedulingDecision.Rescale(target.Parallelism, $"{what} {trigger}"));
            return;
        }

        if (change is { IsRequested: true, HasAskedForCheckpoint: false })
        {
            change.HasAskedForCheckpoint = true;
            decisions.Add(new SchedulingDecision.TakeCheckpoint($"{what} It starts from a checkpoint that is taken now."));
        }

        Wait(dueAt, $"{what} It waits for the next checkpoint, so that little is processed again.", decisions);
    }

    private ParallelismChoice? Target(int slots) => _fit.Greatest(Bounds.Min, Bounds.Max, slots);

    private long CooldownEnd => _runningSince + SchedulerOptions.Milliseconds(_options.ScalingCooldown);

    /// <summary>When a change may be carried out: what was asked for, or cannot become more, need not become stable.</summary>
    private long EligibleAt(Change change)
    {
        long stableAt = change.IsRequested || change.IsAll ? change.Since : change.Since + SchedulerOptions.Milliseconds(_options.RescaleStabilizationTimeout);
        return Math.Max(CooldownEnd, stableAt);
    }

    private long MaxDelay() => _options.RescaleMaxDelay is { } delay ? SchedulerOptions.Milliseconds(delay)
        : SchedulerOptions.Milliseconds(_job.CheckpointInterval ?? TimeSpan.Zero) * (_options.RescaleMaxCheckpointFailures + 1);

    private void Wait(long? until, string reason, List<SchedulingDecision> decisions)
    {
        var wait = new SchedulingDecision.Wait(until, reason);
        if (wait != _wait)
        {
            _wait = wait;
            decisions.Add(wait);
        }
    }

    /// <summary>A parallelism other than that of the running job would fit, since some time.</summary>
    private sealed class Change(long since)
    {
        public long Since => since;

        /// <summary>Whether somebody waits for it.</summary>
        public bool IsRequested { get; init; }

        /// <summary>Whether it is another job that waits for slots.</summary>
        public bool GivesBack { get; init; }

        /// <summary>Whether it is all that the job could ever use.</summary>
        public bool IsAll { get; set; }

        public long? EligibleSince { get; set; }

        public bool HasCheckpoint { get; set; }

        public int FailedCheckpoints { get; set; }

        public bool HasAskedForCheckpoint { get; set; }
    }
}
