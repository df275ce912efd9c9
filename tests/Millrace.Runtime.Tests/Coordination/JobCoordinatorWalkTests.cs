using CsCheck;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Coordination;

public sealed class JobCoordinatorWalkTests
{
    private static readonly JobTopology[] Jobs =
    [
        Topologies.Empty, Topologies.Alone(), Topologies.Joined, Topologies.TwoPipelines, Topologies.Pipelines(4),
        new([Topologies.Source(2), Topologies.Source(1), Topologies.Task(2, new JobTaskInput(0, PartitioningKind.Forward)), Topologies.Task(2, new JobTaskInput(1, PartitioningKind.Hash))]),
    ];

    private static readonly RestartStrategy[] Strategies =
    [
        RestartStrategy.None(), RestartStrategy.FixedDelay(0), RestartStrategy.FixedDelay(3, TimeSpan.Zero), RestartStrategy.FixedDelay(100),
        RestartStrategy.FailureRate(2, TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(200)), RestartStrategy.ExponentialDelay(), RestartStrategy.ExponentialDelay(maxAttempts: 2),
    ];

    [Fact]
    public void Any_interleaving_of_facts_keeps_the_invariants() =>
        Gen.Select(Gen.Int[0, Jobs.Length - 1], Gen.Int[0, Strategies.Length - 1], Gen.Bool, Gen.Int[0, 9_999].Array[0, 120]).Sample(
            (job, strategy, isRecoverable, choices) =>
            {
                var walk = new Walk(Jobs[job], Strategies[strategy], isRecoverable);
                foreach (int choice in choices)
                {
                    walk.Step(choice % 100, choice / 100);
                }

                walk.Drain();
            },
            iter: 30_000);

    /// <summary>A host that tells facts in any order, and checks what is decided.</summary>
    private sealed class Walk(JobTopology topology, RestartStrategy strategy, bool isRecoverable)
    {
        private readonly JobCoordinator _coordinator = new(topology, strategy, new Random(3), isRecoverable);
        private readonly Dictionary<SubtaskId, int> _live = [];
        private readonly Dictionary<SubtaskId, int> _finished = [];
        private readonly HashSet<SubtaskId> _told = [];
        private readonly List<int> _timers = [];
        private readonly List<int> _attempts = [];
        private long _now = 1_000_000;
        private long _due = long.MaxValue;
        private bool _cancelled;
        private bool _gaveUp;
        private bool _started;
        private JobDecision.Complete? _complete;

        public void Step(int kind, int pick)
        {
            _now += pick % 7 * 50;
            var subtask = topology.Subtasks.Count == 0 ? new SubtaskId(0, 0) : topology.Subtasks[pick % topology.Subtasks.Count];
            switch (kind)
            {
                case < 10:
                    Start();
                    break;
                case < 12:
                    _cancelled |= _coordinator.State is JobState.Created or JobState.Running or JobState.Restarting;
                    Check(_coordinator.Cancel(_now));
                    break;
                case < 16:
                    Check(_coordinator.Failed(new InvalidOperationException("outside"), _now));
                    break;
                case < 18 when _timers.Count > 0:
                    Check(_coordinator.CancellationTimedOut(_timers[pick % _timers.Count], _now));
                    break;
                case < 19:
                    Check(_coordinator.FinishAll());
                    break;
                case < 20:
                    Tell(subtask, SubtaskState.Failed, new NonRecoverableException("hopeless"));
                    break;
                case < 26:
                    Tell(subtask, SubtaskState.Failed, new InvalidOperationException("broken"));
                    break;
                case < 30:
                    Tell(subtask, SubtaskState.Canceling, new InvalidOperationException("broken, and closing"));
                    break;
                case < 45:
                    Tell(subtask, SubtaskState.Running, null);
                    break;
                case < 60 when _told.Contains(subtask):
                    Tell(subtask, SubtaskState.Canceled, null);
                    break;
                case < 75:
                    Tell(subtask, SubtaskState.Finished, null);
                    break;
                case < 80 when topology.Subtasks.Count > 0:
                    // A zombie.
                    Check(_coordinator.SubtaskChanged(subtask, _coordinator.AttemptOf(subtask) - 1, SubtaskState.Failed, new InvalidOperationException("old"), _now), mustBeEmpty: true);
                    break;
                case < 85:
                    FailDeployment(subtask);
                    break;
                default:
                    _now = _due != long.MaxValue && pick % 2 == 0 ? Math.Max(_now, _due) : _now + pick;
                    Check(_coordinator.RestartDue(_now));
                    break;
            }
        }

        /// <summary>Everything that was asked for is done: then the job ends.</summary>
        public void Drain()
        {
            Start();
            for (int round = 0; _complete is null; round++)
            {
                Assert.True(round < 1_000, $"Stuck in {_coordinator.State}.");
                foreach (var subtask in topology.Subtasks)
                {
                    Tell(subtask, _told.Contains(subtask) ? SubtaskState.Canceled : SubtaskState.Finished, null);
                }

                if (_complete is null)
                {
                    Assert.True(_due != long.MaxValue || _live.Count > 0, $"Nobody will ever say anything again in {_coordinator.State}.");
                    if (_due != long.MaxValue)
                    {
                        _now = Math.Max(_now, _due);
                        _due = long.MaxValue;
                        Check(_coordinator.RestartDue(_now));
                    }
                }
            }

            Assert.True(_coordinator.IsTerminal);
            Assert.Empty(_live);
        }

        private void Start()
        {
            _started |= _coordinator.State == JobState.Created;
            Check(_coordinator.Start(_now));
        }

        private void FailDeployment(SubtaskId subtask)
        {
            // What was deployed together and has not ended failed to be restored.
            if (_live.TryGetValue(subtask, out int attempt))
            {
                List<SubtaskId> group = [.. _live.Where(pair => pair.Value == attempt).Select(pair => pair.Key)];
                group.ForEach(id => _live.Remove(id));
                Check(_coordinator.DeployFailed(group, new InvalidOperationException("restore"), _now));
            }
        }

        private void Tell(SubtaskId subtask, SubtaskState state, Exception? error)
        {
            // A subtask speaks only when it has been deployed, and not after its end.
            if (!_live.TryGetValue(subtask, out int attempt))
            {
                return;
            }

            if (state is SubtaskState.Finished or SubtaskState.Canceled or SubtaskState.Failed)
            {
                _live.Remove(subtask);
                if (state == SubtaskState.Finished)
                {
                    _finished[subtask] = attempt;
                }
            }

            Check(_coordinator.SubtaskChanged(subtask, attempt, state, error, _now));
        }

        private void Check(IReadOnlyList<JobDecision> decisions, bool mustBeEmpty = false)
        {
            if (_complete is not null || mustBeEmpty)
            {
                Assert.Empty(decisions);
                return;
            }

            foreach (var decision in decisions)
            {
                Assert.Null(_complete);
                switch (decision)
                {
                    case JobDecision.Deploy deploy:
                        CheckDeploy(deploy);
                        break;
                    case JobDecision.Cancel cancel:
                        Assert.True(_live.ContainsKey(cancel.Subtask), "Only what lives is cancelled.");
                        Assert.True(_told.Add(cancel.Subtask), "Nobody is told twice.");
                        break;
                    case JobDecision.Finish finish:
                        Assert.True(_live.ContainsKey(finish.Subtask), "Only what lives is told to end.");
                        break;
                    case JobDecision.StartCancellationTimer timer:
                        Assert.DoesNotContain(timer.Number, _timers);
                        _timers.Add(timer.Number);
                        break;
                    case JobDecision.StartRestartTimer timer:
                        Assert.True(timer.DueAt > _now);
                        _due = timer.DueAt;
                        break;
                    case JobDecision.GiveUp giveUp:
                        Assert.All(giveUp.Subtasks, subtask => Assert.True(_live.Remove(subtask)));
                        _gaveUp = true;
                        break;
                    case JobDecision.Complete complete:
                        _complete = complete;
                        CheckEnd(complete);
                        break;
                }
            }

            Assert.Equal(_complete is not null, _coordinator.IsTerminal);
            if (_coordinator.State is JobState.Cancelling or JobState.Failing)
            {
                Assert.Equal(_live.Keys.ToHashSet(), _told.Where(_live.ContainsKey).ToHashSet());
            }
        }

        private void CheckDeploy(JobDecision.Deploy deploy)
        {
            Assert.NotEmpty(deploy.Subtasks);
            Assert.Equal(deploy.Attempt > 1, deploy.IsRestart);
            Assert.True(_attempts.Count == 0 || deploy.Attempt > _attempts[^1], "Attempts grow.");
            Assert.False(_cancelled || _gaveUp);
            Assert.True(isRecoverable || !deploy.IsRestart);
            _attempts.Add(deploy.Attempt);
            foreach (var subtask in deploy.Subtasks)
            {
                Assert.True(_live.TryAdd(subtask, deploy.Attempt), "The older attempt has ended.");
                _finished.Remove(subtask);
                _told.Remove(subtask);
            }

            foreach (var region in topology.Regions)
            {
                Assert.True(region.All(deploy.Subtasks.Contains) || !region.Any(deploy.Subtasks.Contains), "A region is deployed as a whole.");
            }
        }

        private void CheckEnd(JobDecision.Complete complete)
        {
            Assert.Equal(_coordinator.State, complete.State);
            Assert.Empty(_live);
            switch (complete.State)
            {
                case JobState.Finished:
                    Assert.False(_cancelled || _gaveUp);
                    Assert.True(_started);
                    Assert.Equal(topology.Subtasks.Count, _finished.Count);
                    break;
                case JobState.Canceled:
                    Assert.True(_cancelled && !_gaveUp);
                    break;
                default:
                    Assert.True(complete.Error is not null || (_gaveUp && _cancelled), "A failure has a cause.");
                    break;
            }
        }
    }
}
