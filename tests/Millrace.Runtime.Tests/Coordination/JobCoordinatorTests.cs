using Millrace.Runtime.Coordination;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Coordination;

public sealed class JobCoordinatorTests
{
    private static readonly SubtaskId A = new(0, 0);
    private static readonly SubtaskId B = new(0, 1);
    private static readonly SubtaskId C = new(1, 0);

    private static JobCoordinator Create(JobTopology topology) => new(topology, RestartStrategy.None(), new Random(1), isRecoverable: true);

    private static JobCoordinator Started()
    {
        var coordinator = Create(Topologies.Joined);
        coordinator.Start(0);
        return coordinator;
    }

    [Fact]
    public void Start_Subtasks_DeploysAllInOrder()
    {
        var coordinator = Create(Topologies.Joined);
        Assert.Equal(JobState.Created, coordinator.State);
        var deploy = Assert.IsType<JobDecision.Deploy>(Assert.Single(coordinator.Start(0)));
        Assert.Equal([A, B, C], deploy.Subtasks);
        Assert.Equal(1, deploy.Attempt);
        Assert.False(deploy.IsRestart);
        Assert.Equal(1, coordinator.AttemptOf(B));
        Assert.Equal(JobState.Running, coordinator.State);
        Assert.Equal(SubtaskState.Deploying, coordinator.StateOf(B));
    }

    [Fact]
    public void Start_NoSubtasks_Finishes()
    {
        var coordinator = Create(Topologies.Empty);
        Assert.Equal([new JobDecision.Complete(JobState.Finished, null, null)], coordinator.Start(0));
        Assert.True(coordinator.IsTerminal);
    }

    [Fact]
    public void FinishedBefore_DeploysNothing_AndIsTheEnd()
    {
        var coordinator = Create(Topologies.Joined);
        Assert.Equal([new JobDecision.Complete(JobState.Finished, null, null)], coordinator.FinishedBefore());
        Assert.True(coordinator.IsTerminal);
        Assert.Empty(coordinator.Start(0));
        Assert.Empty(coordinator.Cancel(0));
        Assert.Empty(coordinator.FinishedBefore());
    }

    [Fact]
    public void FinishedBefore_Cancelled_DecidesNothing()
    {
        var coordinator = Create(Topologies.Alone());
        coordinator.Cancel(0);
        Assert.Empty(coordinator.FinishedBefore());
        Assert.Equal(JobState.Canceled, coordinator.State);
    }

    [Fact]
    public void Start_Twice_DecidesNothing() => Assert.Empty(Started().Start(0));

    [Fact]
    public void Start_CancelledBefore_DecidesNothing()
    {
        var coordinator = Create(Topologies.Alone());
        Assert.Equal([new JobDecision.Complete(JobState.Canceled, null, null)], coordinator.Cancel(0));
        Assert.Empty(coordinator.Start(0));
        Assert.Equal(JobState.Canceled, coordinator.State);
    }

    [Fact]
    public void Failed_BeforeStart_FailsTheJob()
    {
        var coordinator = Create(Topologies.Alone());
        var error = new InvalidOperationException("early");
        Assert.Equal([new JobDecision.Complete(JobState.Failed, null, error)], coordinator.Failed(error, 0));
        Assert.Empty(coordinator.Start(0));
    }

    [Fact]
    public void SubtaskChanged_AllFinished_FinishesWithTheLast()
    {
        var coordinator = Started();
        Assert.Empty(coordinator.SubtaskChanged(A, 1, SubtaskState.Running, null, 0));
        Assert.Empty(coordinator.SubtaskChanged(A, 1, SubtaskState.Finished, null, 0));
        Assert.Empty(coordinator.SubtaskChanged(B, 1, SubtaskState.Finished, null, 0));
        Assert.Equal([new JobDecision.Complete(JobState.Finished, null, null)], coordinator.SubtaskChanged(C, 1, SubtaskState.Finished, null, 0));
        Assert.Equal(JobState.Finished, coordinator.State);
    }

    [Fact]
    public void SubtaskChanged_OneFails_CancelsThoseThatHaveNotEnded()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A, 1, SubtaskState.Finished, null, 0);
        var error = new InvalidOperationException("broken");
        Assert.Equal([new JobDecision.Cancel(C), new JobDecision.StartCancellationTimer(1)], coordinator.SubtaskChanged(B, 1, SubtaskState.Failed, error, 0));
        Assert.Equal(JobState.Failing, coordinator.State);
        Assert.Equal([new JobDecision.Complete(JobState.Failed, B, error)], coordinator.SubtaskChanged(C, 1, SubtaskState.Canceled, null, 0));
    }

    [Fact]
    public void SubtaskChanged_FailsAndIsStillClosing_TheJobWaitsForItButNotForEver()
    {
        var coordinator = Started();
        var error = new InvalidOperationException("broken");
        var decisions = coordinator.SubtaskChanged(B, 1, SubtaskState.Canceling, error, 0);
        Assert.Equal([new JobDecision.Cancel(A), new JobDecision.Cancel(B), new JobDecision.Cancel(C), new JobDecision.StartCancellationTimer(1)], decisions);
        coordinator.SubtaskChanged(A, 1, SubtaskState.Canceled, null, 0);
        Assert.Empty(coordinator.SubtaskChanged(C, 1, SubtaskState.Canceled, null, 0));
        Assert.Equal([new JobDecision.Complete(JobState.Failed, B, error)], coordinator.SubtaskChanged(B, 1, SubtaskState.Failed, null, 0));
    }

    [Fact]
    public void SubtaskChanged_SecondFailure_IsReportedButDoesNotReplaceTheFirst()
    {
        var coordinator = Started();
        var (first, second) = (new InvalidOperationException("first"), new InvalidOperationException("second"));
        coordinator.SubtaskChanged(A, 1, SubtaskState.Failed, first, 0);
        Assert.Equal([new JobDecision.Report(B, second)], coordinator.SubtaskChanged(B, 1, SubtaskState.Failed, second, 0));
        Assert.Equal([new JobDecision.Complete(JobState.Failed, A, first)], coordinator.SubtaskChanged(C, 1, SubtaskState.Finished, null, 0));
    }

    [Fact]
    public void SubtaskChanged_FailsWithoutAnError_TheJobFailsWithOne()
    {
        var coordinator = Create(Topologies.Alone());
        coordinator.Start(0);
        var complete = Assert.IsType<JobDecision.Complete>(Assert.Single(coordinator.SubtaskChanged(A, 1, SubtaskState.Failed, null, 0)));
        Assert.NotNull(complete.Error);
    }

    [Fact]
    public void SubtaskChanged_RunningAfterCancel_StaysCanceling()
    {
        var coordinator = Started();
        coordinator.Cancel(0);
        coordinator.SubtaskChanged(A, 1, SubtaskState.Running, null, 0);
        Assert.Equal(SubtaskState.Canceling, coordinator.StateOf(A));
    }

    [Fact]
    public void Cancel_Running_CancelsAllAndEndsAsCanceled()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A, 1, SubtaskState.Finished, null, 0);
        Assert.Equal([new JobDecision.Cancel(B), new JobDecision.Cancel(C), new JobDecision.StartCancellationTimer(1)], coordinator.Cancel(0));
        Assert.Empty(coordinator.Cancel(0));
        coordinator.SubtaskChanged(B, 1, SubtaskState.Finished, null, 0);
        Assert.Equal([new JobDecision.Complete(JobState.Canceled, null, null)], coordinator.SubtaskChanged(C, 1, SubtaskState.Canceled, null, 0));
    }

    [Fact]
    public void Failed_OutsideSubtasks_FailsTheJob()
    {
        var coordinator = Started();
        var error = new InvalidOperationException("enumerator");
        Assert.Equal(4, coordinator.Failed(error, 0).Count);
        coordinator.SubtaskChanged(A, 1, SubtaskState.Canceled, null, 0);
        coordinator.SubtaskChanged(B, 1, SubtaskState.Canceled, null, 0);
        Assert.Equal([new JobDecision.Complete(JobState.Failed, null, error)], coordinator.SubtaskChanged(C, 1, SubtaskState.Canceled, null, 0));
    }

    [Fact]
    public void CancellationTimedOut_SomeStuck_GivesUpThoseAndFails()
    {
        var coordinator = Started();
        coordinator.Cancel(0);
        coordinator.SubtaskChanged(A, 1, SubtaskState.Canceled, null, 0);
        var decisions = coordinator.CancellationTimedOut(1, 0);
        Assert.Equal([B, C], Assert.IsType<JobDecision.GiveUp>(decisions[0]).Subtasks);
        Assert.Equal(new JobDecision.Complete(JobState.Failed, null, null), decisions[1]);
        Assert.Empty(coordinator.SubtaskChanged(B, 1, SubtaskState.Canceled, null, 0));
        Assert.Empty(coordinator.CancellationTimedOut(1, 0));
    }

    [Fact]
    public void CancellationTimedOut_Running_DecidesNothing() => Assert.Empty(Started().CancellationTimedOut(1, 0));
}
