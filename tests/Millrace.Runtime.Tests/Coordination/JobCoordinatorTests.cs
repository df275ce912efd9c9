using CsCheck;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Coordination;

public sealed class JobCoordinatorTests
{
    private static readonly SubtaskId A = new(0, 0);
    private static readonly SubtaskId B = new(0, 1);
    private static readonly SubtaskId C = new(1, 0);

    private static JobCoordinator Started()
    {
        var coordinator = new JobCoordinator([A, B, C]);
        coordinator.Start();
        return coordinator;
    }

    [Fact]
    public void Start_Subtasks_DeploysEachInOrder()
    {
        var coordinator = new JobCoordinator([A, B, C]);
        Assert.Equal(JobState.Created, coordinator.State);
        Assert.Equal([new JobDecision.Deploy(A), new JobDecision.Deploy(B), new JobDecision.Deploy(C)], coordinator.Start());
        Assert.Equal(JobState.Running, coordinator.State);
        Assert.Equal(SubtaskState.Deploying, coordinator.StateOf(B));
    }

    [Fact]
    public void Start_NoSubtasks_Finishes()
    {
        var coordinator = new JobCoordinator([]);
        Assert.Equal([new JobDecision.Complete(JobState.Finished, null, null)], coordinator.Start());
        Assert.True(coordinator.IsTerminal);
    }

    [Fact]
    public void Start_Twice_DecidesNothing() => Assert.Empty(Started().Start());

    [Fact]
    public void Start_CancelledBefore_DecidesNothing()
    {
        var coordinator = new JobCoordinator([A]);
        Assert.Equal([new JobDecision.Complete(JobState.Canceled, null, null)], coordinator.Cancel());
        Assert.Empty(coordinator.Start());
        Assert.Equal(JobState.Canceled, coordinator.State);
    }

    [Fact]
    public void Failed_BeforeStart_FailsTheJob()
    {
        var coordinator = new JobCoordinator([A]);
        var error = new InvalidOperationException("early");
        Assert.Equal([new JobDecision.Complete(JobState.Failed, null, error)], coordinator.Failed(error));
        Assert.Empty(coordinator.Start());
    }

    [Fact]
    public void SubtaskChanged_AllFinished_FinishesWithTheLast()
    {
        var coordinator = Started();
        Assert.Empty(coordinator.SubtaskChanged(A, SubtaskState.Running, null));
        Assert.Empty(coordinator.SubtaskChanged(A, SubtaskState.Finished, null));
        Assert.Empty(coordinator.SubtaskChanged(B, SubtaskState.Finished, null));
        Assert.Equal([new JobDecision.Complete(JobState.Finished, null, null)], coordinator.SubtaskChanged(C, SubtaskState.Finished, null));
        Assert.Equal(JobState.Finished, coordinator.State);
    }

    [Fact]
    public void SubtaskChanged_OneFails_CancelsThoseThatHaveNotEnded()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A, SubtaskState.Finished, null);
        var error = new InvalidOperationException("broken");
        Assert.Equal([new JobDecision.Cancel(C), new JobDecision.StartCancellationTimer()], coordinator.SubtaskChanged(B, SubtaskState.Failed, error));
        Assert.Equal(JobState.Failing, coordinator.State);
        Assert.Equal([new JobDecision.Complete(JobState.Failed, B, error)], coordinator.SubtaskChanged(C, SubtaskState.Canceled, null));
    }

    [Fact]
    public void SubtaskChanged_FailsAndIsStillClosing_TheJobWaitsForItButNotForEver()
    {
        var coordinator = Started();
        var error = new InvalidOperationException("broken");
        var decisions = coordinator.SubtaskChanged(B, SubtaskState.Canceling, error);
        Assert.Equal([new JobDecision.Cancel(A), new JobDecision.Cancel(B), new JobDecision.Cancel(C), new JobDecision.StartCancellationTimer()], decisions);
        coordinator.SubtaskChanged(A, SubtaskState.Canceled, null);
        Assert.Empty(coordinator.SubtaskChanged(C, SubtaskState.Canceled, null));
        Assert.Equal([new JobDecision.Complete(JobState.Failed, B, error)], coordinator.SubtaskChanged(B, SubtaskState.Failed, null));
    }

    [Fact]
    public void SubtaskChanged_SecondFailure_IsReportedButDoesNotReplaceTheFirst()
    {
        var coordinator = Started();
        var (first, second) = (new InvalidOperationException("first"), new InvalidOperationException("second"));
        coordinator.SubtaskChanged(A, SubtaskState.Failed, first);
        Assert.Equal([new JobDecision.Report(B, second)], coordinator.SubtaskChanged(B, SubtaskState.Failed, second));
        Assert.Equal([new JobDecision.Complete(JobState.Failed, A, first)], coordinator.SubtaskChanged(C, SubtaskState.Finished, null));
    }

    [Fact]
    public void SubtaskChanged_FailsWithoutAnError_TheJobFailsWithOne()
    {
        var coordinator = new JobCoordinator([A]);
        coordinator.Start();
        var complete = Assert.IsType<JobDecision.Complete>(Assert.Single(coordinator.SubtaskChanged(A, SubtaskState.Failed, null)));
        Assert.NotNull(complete.Error);
    }

    [Fact]
    public void SubtaskChanged_RunningAfterCancel_StaysCanceling()
    {
        var coordinator = Started();
        coordinator.Cancel();
        coordinator.SubtaskChanged(A, SubtaskState.Running, null);
        Assert.Equal(SubtaskState.Canceling, coordinator.StateOf(A));
    }

    [Fact]
    public void Cancel_Running_CancelsAllAndEndsAsCanceled()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A, SubtaskState.Finished, null);
        Assert.Equal([new JobDecision.Cancel(B), new JobDecision.Cancel(C), new JobDecision.StartCancellationTimer()], coordinator.Cancel());
        Assert.Empty(coordinator.Cancel());
        coordinator.SubtaskChanged(B, SubtaskState.Finished, null);
        Assert.Equal([new JobDecision.Complete(JobState.Canceled, null, null)], coordinator.SubtaskChanged(C, SubtaskState.Canceled, null));
    }

    [Fact]
    public void Failed_OutsideSubtasks_FailsTheJob()
    {
        var coordinator = Started();
        var error = new InvalidOperationException("enumerator");
        Assert.Equal(4, coordinator.Failed(error).Count);
        coordinator.SubtaskChanged(A, SubtaskState.Canceled, null);
        coordinator.SubtaskChanged(B, SubtaskState.Canceled, null);
        Assert.Equal([new JobDecision.Complete(JobState.Failed, null, error)], coordinator.SubtaskChanged(C, SubtaskState.Canceled, null));
    }

    [Fact]
    public void CancellationTimedOut_SomeStuck_GivesUpThoseAndFails()
    {
        var coordinator = Started();
        coordinator.Cancel();
        coordinator.SubtaskChanged(A, SubtaskState.Canceled, null);
        var decisions = coordinator.CancellationTimedOut();
        Assert.Equal([B, C], Assert.IsType<JobDecision.GiveUp>(decisions[0]).Subtasks);
        Assert.Equal(new JobDecision.Complete(JobState.Failed, null, null), decisions[1]);
        Assert.Empty(coordinator.SubtaskChanged(B, SubtaskState.Canceled, null));
        Assert.Empty(coordinator.CancellationTimedOut());
    }

    [Fact]
    public void CancellationTimedOut_Running_DecidesNothing() => Assert.Empty(Started().CancellationTimedOut());

    [Fact]
    public void Any_interleaving_of_facts_keeps_the_invariants() =>
        Gen.Select(Gen.Int[0, 6], Gen.Int[0, 99].Array[0, 60]).Sample(
            (count, choices) =>
            {
                SubtaskId[] subtasks = [.. Enumerable.Range(0, count).Select(index => new SubtaskId(index / 2, index % 2))];
                var walk = new Walk(subtasks);
                foreach (int choice in choices)
                {
                    walk.Step(choice);
                }

                walk.Drain();
            },
            iter: 20_000);

    /// <summary>A host that tells facts in any order, and checks what is decided.</summary>
    private sealed class Walk(SubtaskId[] subtasks)
    {
        private readonly JobCoordinator _coordinator = new(subtasks);
        private readonly HashSet<SubtaskId> _ended = [];
        private readonly HashSet<SubtaskId> _deployed = [];
        private Exception? _firstError;
        private bool _started;
        private bool _cancelled;
        private JobDecision.Complete? _complete;

        public void Step(int choice)
        {
            var subtask = subtasks.Length == 0 ? default : subtasks[choice / 10 % subtasks.Length];
            switch (choice % 10)
            {
                case 0:
                    _started |= _complete is null;
                    Check(_coordinator.Start());
                    break;
                case 1 when choice < 20:
                    _cancelled |= _complete is null && _firstError is null;
                    Check(_coordinator.Cancel());
                    break;
                case 2 when choice < 30:
                    var outside = new InvalidOperationException("outside");
                    _firstError ??= _complete is null && !_cancelled ? outside : null;
                    Check(_coordinator.Failed(outside));
                    break;
                case 3 when choice < 40:
                    Check(_coordinator.CancellationTimedOut());
                    break;
                case 4 or 5:
                    Tell(subtask, SubtaskState.Running, null);
                    break;
                case 6:
                    Fail(subtask, SubtaskState.Failed);
                    break;
                case 7:
                    Fail(subtask, SubtaskState.Canceling);
                    break;
                case 8:
                    Tell(subtask, SubtaskState.Canceled, null);
                    break;
                default:
                    Tell(subtask, SubtaskState.Finished, null);
                    break;
            }
        }

        /// <summary>Everything that has been started ends: then the job has ended.</summary>
        public void Drain()
        {
            if (!_started)
            {
                Check(_coordinator.Start());
                _started = true;
            }

            foreach (var subtask in subtasks)
            {
                Tell(subtask, SubtaskState.Finished, null);
            }

            Assert.NotNull(_complete);
            Assert.True(_coordinator.IsTerminal);
        }

        private void Fail(SubtaskId subtask, SubtaskState state)
        {
            if (!_deployed.Contains(subtask) || _ended.Contains(subtask))
            {
                return;
            }

            var error = new InvalidOperationException($"{subtask}");
            _firstError ??= _complete is null && !_cancelled ? error : null;
            Tell(subtask, state, error);
        }

        private void Tell(SubtaskId subtask, SubtaskState state, Exception? error)
        {
            // A subtask speaks only when it has been deployed, and not after its end.
            if (!_deployed.Contains(subtask) || _ended.Contains(subtask))
            {
                return;
            }

            if (state is SubtaskState.Finished or SubtaskState.Canceled or SubtaskState.Failed)
            {
                _ended.Add(subtask);
            }

            Check(_coordinator.SubtaskChanged(subtask, state, error));
        }

        private void Check(IReadOnlyList<JobDecision> decisions)
        {
            if (_complete is not null)
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
                        Assert.True(_deployed.Add(deploy.Subtask));
                        break;
                    case JobDecision.Cancel cancel:
                        Assert.DoesNotContain(cancel.Subtask, _ended);
                        break;
                    case JobDecision.GiveUp giveUp:
                        Assert.DoesNotContain(giveUp.Subtasks, _ended.Contains);
                        _ended.UnionWith(giveUp.Subtasks);
                        Assert.Equal(JobState.Failed, _coordinator.State);
                        break;
                    case JobDecision.Complete complete:
                        _complete = complete;
                        CheckEnd(complete);
                        break;
                }
            }

            Assert.Equal(_complete is not null, _coordinator.IsTerminal);
        }

        private void CheckEnd(JobDecision.Complete complete)
        {
            Assert.Equal(_coordinator.State, complete.State);
            Assert.True(_deployed.All(_ended.Contains), "The job ended before its subtasks.");
            Assert.Same(_firstError, complete.Error);
            if (complete.State == JobState.Finished)
            {
                Assert.False(_cancelled);
                Assert.Null(_firstError);
            }

            if (_firstError is not null)
            {
                Assert.Equal(JobState.Failed, complete.State);
            }
        }
    }
}
