using CsCheck;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

public sealed class AdaptiveSchedulerWalkTests
{
    private const int MaxParallelism = 12;

    private static readonly Func<int, SlotDemand>[] Jobs =
    [
        parallelism => Cluster.Demand(parallelism),
        parallelism => Cluster.Demand(3, parallelism, 1),
        _ => Cluster.Demand(2, 2),
        parallelism => new SlotDemand([new("default", parallelism), new("io", parallelism)]),
        parallelism => new SlotDemand([new("default", Math.Min(parallelism, 4)), new("io", 1)]),
    ];

    [Fact]
    public void Any_order_of_facts_keeps_the_invariants() =>
        Gen.Select(Gen.Int[0, Jobs.Length - 1], Gen.Bool, Gen.Int[1, MaxParallelism], Gen.Int[1, 4], Gen.Bool, Gen.Int[0, 99_999].Array[0, 80]).Sample(
            (job, isReactive, parallelism, min, hasCheckpoints, choices) =>
            {
                var walk = new Walk(Jobs[job], isReactive, parallelism, min, hasCheckpoints);
                foreach (int choice in choices)
                {
                    walk.Step(choice % 100, choice / 100);
                }

                walk.Settle();
            },
            iter: 20_000);

    [Fact]
    public void The_parallelism_found_is_the_greatest_that_fits() =>
        Gen.Select(Gen.Int[0, Jobs.Length - 1], Gen.Int[1, MaxParallelism], Gen.Int[1, MaxParallelism], Gen.Int[0, 30]).Where((_, min, max, _) => min <= max).Sample(
            (job, min, max, slots) => Assert.Equal(Oracle(Jobs[job], min, max, slots), new ParallelismFit(Jobs[job]).Greatest(min, max, slots)?.Parallelism));

    /// <summary>One by one, from the least on.</summary>
    private static int? Oracle(Func<int, SlotDemand> demandOf, int min, int max, int slots)
    {
        int? best = null;
        for (int parallelism = min; parallelism <= max && demandOf(parallelism).Slots <= slots; parallelism++)
        {
            best = best is { } before && demandOf(before).IsSameAs(demandOf(parallelism)) ? before : parallelism;
        }

        return best;
    }

    /// <summary>A host that tells facts in any order, and checks what is decided.</summary>
    private sealed class Walk
    {
        private readonly SchedulerOptions _options;
        private readonly Func<int, SlotDemand> _demandOf;
        private readonly AdaptiveScheduler _scheduler;
        private readonly int _parallelism;
        private readonly bool _hasCheckpoints;
        private IReadOnlyList<WorkerInfo> _workers = [];
        private long _now = 1_000_000;
        private long? _timer;
        private long _runningSince;
        private long _waitingSince;
        private int? _requested;
        private bool _isStarted;
        private bool _isDeploying;
        private bool _isRunning;
        private bool _isStopping;
        private bool _gaveUp;
        private int _current;
        private int? _giveBackTo;

        public Walk(Func<int, SlotDemand> demandOf, bool isReactive, int parallelism, int min, bool hasCheckpoints)
        {
            _options = new SchedulerOptions { Mode = isReactive ? SchedulerMode.Reactive : SchedulerMode.Fixed, MinParallelism = min };
            _demandOf = demandOf;
            _parallelism = parallelism;
            _hasCheckpoints = hasCheckpoints;
            _scheduler = new AdaptiveScheduler(_options, new ScalableJob(parallelism, MaxParallelism, demandOf, hasCheckpoints ? TimeSpan.FromSeconds(10) : null));
        }

        private int Slots => _workers.Sum(worker => worker.Slots);

        private (int Min, int Max) Bounds => _options.Mode == SchedulerMode.Fixed ? (_requested ?? _parallelism, _requested ?? _parallelism)
            : (Math.Min(_options.MinParallelism, _requested ?? MaxParallelism), _requested ?? MaxParallelism);

        public void Step(int kind, int pick)
        {
            // A timer is never late by more than a step, so that nothing is seen that a host would not see.
            long then = _now + (pick % 7 * 4_000);
            while (_timer <= then)
            {
                _now = Math.Max(_now, _timer.Value);
                _timer = null;
                Check(_scheduler.TimeDue(_now), false);
            }

            _now = then;
            switch (kind)
            {
                case < 25:
                    _workers = Cluster.Workers(pick % 13, pick / 13 % 9, pick / 117 % 5);
                    _giveBackTo = pick % 4 == 0 ? pick / 4 % 12 : null;
                    Check(_scheduler.SlotsChanged(_workers, _now, _giveBackTo), false);
                    break;
                case < 35:
                    Start();
                    break;
                case < 50 when _isDeploying:
                    Running();
                    break;
                case < 58 when _isRunning || _isDeploying:
                    Stopped();
                    break;
                case < 65:
                    _requested = pick % 3 == 0 ? null : 1 + (pick % MaxParallelism);
                    Check(_scheduler.Request(_requested, _now), false);
                    break;
                case < 85 when _hasCheckpoints && _isRunning:
                    Check(_scheduler.CheckpointCompleted(_now), true);
                    break;
                case < 92 when _hasCheckpoints && _isRunning:
                    Check(_scheduler.CheckpointFailed(_now), false);
                    break;
                default:
                    Check(_scheduler.TimeDue(_now), false);
                    break;
            }
        }

        /// <summary>Nothing changes any more: then the job runs with the greatest parallelism that fits, or waits for slots that are not there.</summary>
        public void Settle()
        {
            Start();

            // Nobody else needs slots any more.
            _giveBackTo = null;
            Check(_scheduler.SlotsChanged(_workers, _now), false);
            for (int round = 0; round < 50 && !_gaveUp; round++)
            {
                if (_isDeploying)
                {
                    Running();
                }
                else if (_isStopping)
                {
                    Stopped();
                }
                else if (_timer is { } timer)
                {
                    _now = Math.Max(_now, timer);
                    _timer = null;
                    Check(_scheduler.TimeDue(_now), false);
                }
            }

            Assert.Null(_timer);
            if (_gaveUp)
            {
                return;
            }

            var (min, max) = Bounds;
            int? expected = Oracle(_demandOf, min, max, _isRunning ? Math.Max(Slots, _demandOf(_current).Slots) : Slots);
            Assert.True(_isRunning || expected is null, $"Nothing runs, though {expected} would fit.");
            if (_isRunning && expected is { } best)
            {
                Assert.True(_demandOf(_current).IsSameAs(_demandOf(best)), $"It runs with {_current}, though {best} would fit.");
                Assert.Null(_scheduler.Waiting);
            }
            else
            {
                Assert.NotNull(_scheduler.Waiting);
            }
        }

        private void Start()
        {
            if (!_isStarted)
            {
                _isStarted = true;
                _waitingSince = _now;
                Check(_scheduler.Start(_now), false);
            }
        }

        private void Running()
        {
            _isDeploying = false;
            _isRunning = true;
            _runningSince = _now;
            Check(_scheduler.Running(_now), false);
        }

        private void Stopped()
        {
            _isDeploying = _isRunning = _isStopping = false;
            _waitingSince = _now;
            Check(_scheduler.Stopped(_now), false);
        }

        private void Check(IReadOnlyList<SchedulingDecision> decisions, bool isCheckpoint)
        {
            foreach (var decision in decisions)
            {
                Assert.True(_isStarted && !_gaveUp, $"{decision} comes before the start or after the end.");
                var (min, max) = Bounds;
                switch (decision)
                {
                    case SchedulingDecision.Start start:
                        Assert.False(_isRunning || _isDeploying || _isStopping);
                        Assert.True(start.Demand.Slots <= Slots);
                        Assert.Equal(Oracle(_demandOf, min, max, Slots), start.Parallelism);
                        _current = start.Parallelism;
                        _isDeploying = true;
                        break;
                    case SchedulingDecision.Rescale rescale:
                        Assert.True(_isRunning);
                        Assert.True(_now - _runningSince >= 30_000, "It was rescaled within the cooldown.");
                        Assert.False(_demandOf(rescale.Parallelism).IsSameAs(_demandOf(_current)), "It was rescaled to what it has.");
                        Assert.InRange(rescale.Parallelism, min, max);
                        Assert.False(_giveBackTo < _demandOf(_current).Slots && _demandOf(rescale.Parallelism).Slots > _giveBackTo, $"It takes more than {_giveBackTo} slots, though another job needs them.");
                        Assert.True(isCheckpoint || !_hasCheckpoints || rescale.Reason.Contains("No checkpoint completed", StringComparison.Ordinal) || rescale.Reason.Contains("checkpoints failed", StringComparison.Ordinal));
                        _isRunning = false;
                        _isStopping = true;
                        break;
                    case SchedulingDecision.GiveUp:
                        Assert.Equal(SchedulerMode.Fixed, _options.Mode);
                        Assert.True(_now - _waitingSince >= 300_000);
                        Assert.True(_demandOf(min).Slots > Slots);
                        _gaveUp = true;
                        break;
                    case SchedulingDecision.Wait wait:
                        Assert.True(wait.Until is null || wait.Until > _now, "A timer is set for the past.");
                        _timer = wait.Until;
                        break;
                    case SchedulingDecision.TakeCheckpoint:
                        Assert.True(_isRunning);
                        break;
                }

                Assert.True(decision is SchedulingDecision.Wait or { Reason.Length: > 20 });
            }
        }
    }
}
