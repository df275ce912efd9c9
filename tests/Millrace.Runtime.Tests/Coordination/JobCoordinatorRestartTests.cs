using Millrace.Runtime.Coordination;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Coordination;

public sealed class JobCoordinatorRestartTests
{
    private static readonly SubtaskId A0 = new(0, 0);
    private static readonly SubtaskId A1 = new(0, 1);
    private static readonly SubtaskId B0 = new(1, 0);
    private static readonly SubtaskId B1 = new(1, 1);
    private static readonly InvalidOperationException Broken = new("broken");

    private static JobCoordinator Started(RestartStrategy? strategy = null, JobTopology? topology = null, bool isRecoverable = true)
    {
        var coordinator = new JobCoordinator(topology ?? Topologies.TwoPipelines, strategy ?? RestartStrategy.FixedDelay(10), new Random(1), isRecoverable);
        coordinator.Start(0);
        return coordinator;
    }

    private static void AssertDeploy(JobDecision decision, int attempt, params SubtaskId[] subtasks)
    {
        var deploy = Assert.IsType<JobDecision.Deploy>(decision);
        Assert.Equal(subtasks, deploy.Subtasks);
        Assert.Equal(attempt, deploy.Attempt);
        Assert.True(deploy.IsRestart);
    }

    private static JobDecision.Restarting AssertRestarting(JobDecision decision, params SubtaskId[] subtasks)
    {
        var restarting = Assert.IsType<JobDecision.Restarting>(decision);
        Assert.Equal(subtasks, restarting.Subtasks);
        return restarting;
    }

    private static JobDecision.Complete AssertFailed(IReadOnlyList<JobDecision> decisions) =>
        Assert.Single(decisions.OfType<JobDecision.Complete>(), complete => complete.State == JobState.Failed);

    [Fact]
    public void Failure_OfOneRegion_CancelsItAloneAndDeploysItAgainWhenTheTimeHasCome()
    {
        var coordinator = Started();
        var decisions = coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 100);
        var restarting = AssertRestarting(decisions[0], A0, B0);
        Assert.Same(Broken, restarting.Cause);
        Assert.Equal(A0, restarting.Subtask);
        Assert.Equal(TimeSpan.FromSeconds(1), restarting.Delay);
        Assert.Equal([new JobDecision.Cancel(B0), new JobDecision.StartCancellationTimer(1)], decisions.Skip(1));
        Assert.Equal(JobState.Restarting, coordinator.State);
        Assert.Equal(SubtaskState.Deploying, coordinator.StateOf(A1));

        Assert.Equal([new JobDecision.StartRestartTimer(1_100)], coordinator.SubtaskChanged(B0, 1, SubtaskState.Canceled, null, 200));
        AssertDeploy(Assert.Single(coordinator.RestartDue(1_100)), 2, A0, B0);
        Assert.Equal(JobState.Running, coordinator.State);
        Assert.Equal((2, 1), (coordinator.AttemptOf(A0), coordinator.AttemptOf(A1)));
    }

    [Fact]
    public void Failure_OfSubtasksThatRestartTogether_CancelsAllOfThemThoughNothingConnectsThem()
    {
        var coordinator = Started();
        coordinator.RestartTogether([B0, B1]);
        AssertRestarting(coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 100)[0], A0, A1, B0, B1);
    }

    [Fact]
    public void RestartTogether_WhereOneOfThemRestartsJustNow_HoldsWhenItIsSaidAgain()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 100);
        coordinator.RestartTogether([B0, B1]);
        coordinator.SubtaskChanged(B0, 1, SubtaskState.Canceled, null, 200);
        AssertDeploy(Assert.Single(coordinator.RestartDue(1_100)), 2, A0, B0);
        coordinator.RestartTogether([B0, B1]);
        AssertRestarting(coordinator.SubtaskChanged(A0, 2, SubtaskState.Failed, Broken, 1_200)[0], A0, A1, B0, B1);
    }

    [Fact]
    public void Relocation_CancelsInOrderStartsAgainAtOnceAndCountsForNothing()
    {
        var relocation = new RelocationException("The worker leaves.");
        var coordinator = Started(RestartStrategy.FixedDelay(1));
        for (int attempt = 1; attempt <= 3; attempt++)
        {
            var decisions = coordinator.SubtaskChanged(A0, attempt, SubtaskState.Canceling, relocation, 100);
            Assert.Equal(TimeSpan.Zero, AssertRestarting(decisions[0], A0, B0).Delay);
            Assert.Equal([new JobDecision.Cancel(A0), new JobDecision.Cancel(B0), new JobDecision.StartCancellationTimer(attempt)], decisions.Skip(1));
            Assert.Empty(coordinator.SubtaskChanged(B0, attempt, SubtaskState.Canceling, relocation, 100));
            Assert.Empty(coordinator.SubtaskChanged(A0, attempt, SubtaskState.Canceled, null, 110));
            AssertDeploy(Assert.Single(coordinator.SubtaskChanged(B0, attempt, SubtaskState.Canceled, null, 120)), attempt + 1, A0, B0);
        }

        Assert.Equal((0, 0), (coordinator.Failures.Failures, coordinator.Failures.Restarts));
        Assert.Equal(TimeSpan.FromSeconds(1), AssertRestarting(coordinator.SubtaskChanged(A0, 4, SubtaskState.Failed, Broken, 200)[0], A0, B0).Delay);
    }

    [Fact]
    public void Relocation_WithoutARestartStrategy_DoesNotEndTheJob()
    {
        var coordinator = Started(RestartStrategy.None());
        AssertRestarting(coordinator.SubtaskChanged(A0, 1, SubtaskState.Canceling, new RelocationException("The worker leaves."), 100)[0], A0, B0);
        Assert.Equal(JobState.Restarting, coordinator.State);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void Relocation_OfWhatEndsOrCannotGoOn_ChangesNothing(bool isRecoverable, bool isFinishing)
    {
        var coordinator = Started(isRecoverable: isRecoverable);
        foreach (var subtask in (SubtaskId[])[A0, A1, B0, B1])
        {
            coordinator.SubtaskChanged(subtask, 1, SubtaskState.Running, null, 10);
        }

        if (isFinishing)
        {
            coordinator.FinishAll();
        }

        Assert.Empty(coordinator.SubtaskChanged(A0, 1, SubtaskState.Canceling, new RelocationException("The worker leaves."), 100));
        Assert.Equal((JobState.Running, SubtaskState.Running), (coordinator.State, coordinator.StateOf(A0)));
    }

    [Fact]
    public void Failure_TimeComesBeforeAllHaveEnded_DeploysWithTheLastEnd()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        Assert.Empty(coordinator.RestartDue(5_000));
        AssertDeploy(Assert.Single(coordinator.SubtaskChanged(B0, 1, SubtaskState.Canceled, null, 6_000)), 2, A0, B0);
    }

    [Fact]
    public void RestartDue_TooEarly_AsksAgain()
    {
        var coordinator = Started(topology: Topologies.Alone());
        Assert.Contains(new JobDecision.StartRestartTimer(1_000), coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0));
        Assert.Equal([new JobDecision.StartRestartTimer(1_000)], coordinator.RestartDue(999));
        AssertDeploy(Assert.Single(coordinator.RestartDue(1_000)), 2, A0);
    }

    [Fact]
    public void RestartDue_ClockWasSetBack_WaitsNoLongerThanTheDelay()
    {
        var coordinator = Started(topology: Topologies.Alone());
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 1_000_000);
        Assert.Equal([new JobDecision.StartRestartTimer(1_500)], coordinator.RestartDue(500));
        AssertDeploy(Assert.Single(coordinator.RestartDue(1_500)), 2, A0);
    }

    [Fact]
    public void Failure_WithoutDelay_DeploysAtOnce()
    {
        var coordinator = Started(RestartStrategy.FixedDelay(3, TimeSpan.Zero), Topologies.Alone());
        var decisions = coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 5);
        AssertRestarting(decisions[0], A0);
        AssertDeploy(decisions[1], 2, A0);
        Assert.Equal(JobState.Running, coordinator.State);
    }

    [Fact]
    public void Failure_FinishedSubtasksOfTheRegion_RestartToo()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Finished, null, 0);
        AssertRestarting(coordinator.SubtaskChanged(B0, 1, SubtaskState.Failed, Broken, 0)[0], A0, B0);
        AssertDeploy(Assert.Single(coordinator.RestartDue(1_000)), 2, A0, B0);
    }

    [Fact]
    public void Failure_FinishedRegion_StaysFinished()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A1, 1, SubtaskState.Finished, null, 0);
        coordinator.SubtaskChanged(B1, 1, SubtaskState.Finished, null, 0);
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        coordinator.SubtaskChanged(B0, 1, SubtaskState.Canceled, null, 0);
        coordinator.RestartDue(1_000);
        Assert.Equal(SubtaskState.Finished, coordinator.StateOf(A1));
        coordinator.SubtaskChanged(A0, 2, SubtaskState.Finished, null, 0);
        Assert.Equal([new JobDecision.Complete(JobState.Finished, null, null)], coordinator.SubtaskChanged(B0, 2, SubtaskState.Finished, null, 0));
    }

    [Fact]
    public void OlderAttempt_Speaks_CountsForNothing()
    {
        var coordinator = Started(RestartStrategy.FixedDelay(3, TimeSpan.Zero), Topologies.Alone());
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        Assert.Empty(coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0));
        Assert.Empty(coordinator.SubtaskChanged(A0, 1, SubtaskState.Finished, null, 0));
        Assert.Equal(SubtaskState.Deploying, coordinator.StateOf(A0));
    }

    [Fact]
    public void GlobalFailure_RestartsEverythingEvenWhatHadFinished()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A1, 1, SubtaskState.Finished, null, 0);
        coordinator.SubtaskChanged(B1, 1, SubtaskState.Finished, null, 0);
        var decisions = coordinator.Failed(Broken, 0);
        Assert.Null(AssertRestarting(decisions[0], A0, A1, B0, B1).Subtask);
        Assert.Equal([new JobDecision.Cancel(A0), new JobDecision.Cancel(B0), new JobDecision.StartCancellationTimer(1), new JobDecision.StartRestartTimer(1_000)], decisions.Skip(1));
        AssertDeploy(coordinator.RestartDue(1_000)[0], 2, A1, B1);
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Canceled, null, 1_001);
        AssertDeploy(Assert.Single(coordinator.SubtaskChanged(B0, 1, SubtaskState.Canceled, null, 1_002)), 3, A0, B0);
        Assert.Equal(JobState.Running, coordinator.State);
    }

    [Fact]
    public void SecondFailure_InARegionThatIsRestarting_IsMerged()
    {
        var coordinator = Started(RestartStrategy.FixedDelay(1));
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        var second = new InvalidOperationException("second");
        var decisions = coordinator.SubtaskChanged(B0, 1, SubtaskState.Failed, second, 10);
        Assert.Equal([new JobDecision.Report(B0, second), new JobDecision.StartRestartTimer(1_000)], decisions);
        Assert.Equal([FailureOutcome.Restart, FailureOutcome.Merged], coordinator.Failures.Records.Select(failure => failure.Outcome));
    }

    [Fact]
    public void SecondFailure_InAnotherRegionWhileTheFirstWaits_SharesTheAttemptAndTheTimeOfExponentialDelay()
    {
        var coordinator = Started(RestartStrategy.ExponentialDelay(jitter: 0, maxAttempts: 1));
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        coordinator.SubtaskChanged(B0, 1, SubtaskState.Canceled, null, 0);
        var decisions = coordinator.SubtaskChanged(B1, 1, SubtaskState.Failed, Broken, 400);
        Assert.Equal(TimeSpan.FromMilliseconds(600), AssertRestarting(decisions[0], A1, B1).Delay);
        Assert.Empty(coordinator.SubtaskChanged(A1, 1, SubtaskState.Canceled, null, 500));
        AssertDeploy(Assert.Single(coordinator.RestartDue(1_000)), 2, A0, A1, B0, B1);
        Assert.Equal("It was restarted once in a row, which is all that RestartStrategy.ExponentialDelay allows (maxAttempts: 1).", FailAll(coordinator, 2).WhyNoRestart);
    }

    [Fact]
    public void GlobalFailure_WhileOneRegionWaits_RestartsTheOthersToo()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        coordinator.SubtaskChanged(B0, 1, SubtaskState.Canceled, null, 0);
        AssertRestarting(coordinator.Failed(Broken, 500)[0], A1, B1);
    }

    [Fact]
    public void Exhausted_TheLastFailureIsTheCause()
    {
        var coordinator = Started(RestartStrategy.FixedDelay(1, TimeSpan.Zero), Topologies.Alone());
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        var last = new InvalidOperationException("last");
        var complete = AssertFailed(coordinator.SubtaskChanged(A0, 2, SubtaskState.Failed, last, 0));
        Assert.Equal(new JobDecision.Complete(JobState.Failed, A0, last, "It was restarted once, which is all that RestartStrategy.FixedDelay allows (attempts: 1)."), complete);
    }

    [Fact]
    public void Exhausted_OtherRegionsAreCancelled()
    {
        var coordinator = Started(RestartStrategy.FixedDelay(0));
        var decisions = coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        Assert.Equal([new JobDecision.Cancel(A1), new JobDecision.Cancel(B0), new JobDecision.Cancel(B1), new JobDecision.StartCancellationTimer(1)], decisions);
        Assert.Equal(JobState.Failing, coordinator.State);
    }

    [Fact]
    public void NotRecoverable_FirstFailure_EndsTheJob()
    {
        var complete = AssertFailed(Started(topology: Topologies.Alone(), isRecoverable: false).SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0));
        Assert.Null(complete.WhyNoRestart);
    }

    [Theory]
    [MemberData(nameof(FailureHistoryTests.Errors), MemberType = typeof(FailureHistoryTests))]
    public void Failure_ThatARestartCannotMend_EndsTheJob(Exception error, bool isRecoverable)
    {
        var coordinator = Started(topology: Topologies.Alone());
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, error, 0);
        Assert.Equal(isRecoverable ? JobState.Restarting : JobState.Failed, coordinator.State);
    }

    [Fact]
    public void NonRecoverable_InARegionThatIsRestarting_EndsTheJob()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        coordinator.SubtaskChanged(B0, 1, SubtaskState.Failed, new NonRecoverableException("no"), 0);
        Assert.Equal(JobState.Failing, coordinator.State);
    }

    [Fact]
    public void DeployFailed_CountsAsAFailureOfTheRegion()
    {
        var coordinator = Started(RestartStrategy.FixedDelay(1));
        var decisions = coordinator.DeployFailed([A0, B0], Broken, 0);
        AssertRestarting(decisions[0], A0, B0);
        Assert.Equal([new JobDecision.StartRestartTimer(1_000)], decisions.Skip(1));
        AssertDeploy(Assert.Single(coordinator.RestartDue(1_000)), 2, A0, B0);
        coordinator.DeployFailed([A0, B0], Broken, 1_500);
        Assert.Equal(JobState.Failing, coordinator.State);
    }

    [Fact]
    public void DeployFailed_OfSeveralRegions_IsOneFailure()
    {
        var coordinator = Started(RestartStrategy.FixedDelay(1, TimeSpan.Zero));
        var decisions = coordinator.DeployFailed([A0, A1, B0, B1], Broken, 0);
        Assert.Equal(2, decisions.Count);
        AssertDeploy(decisions[1], 2, A0, A1, B0, B1);
    }

    [Fact]
    public void DeployFailed_CancelledMeanwhile_TheJobEndsAsCanceled()
    {
        var coordinator = Started();
        coordinator.Cancel(0);
        var decisions = coordinator.DeployFailed([A0, A1, B0, B1], Broken, 0);
        Assert.Equal([new JobDecision.Report(null, Broken), new JobDecision.Complete(JobState.Canceled, null, null)], decisions);
    }

    [Fact]
    public void Cancel_WhileAllWaitForTheRestart_IsCanceledAtOnce()
    {
        var coordinator = Started(topology: Topologies.Alone());
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        Assert.Equal([new JobDecision.Complete(JobState.Canceled, null, null)], coordinator.Cancel(10));
        Assert.Empty(coordinator.RestartDue(1_000));
    }

    [Fact]
    public void Cancel_WhileOneRegionWaits_CancelsTheOthersAndRestartsNothing()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        Assert.Equal([new JobDecision.Cancel(A1), new JobDecision.Cancel(B1), new JobDecision.StartCancellationTimer(2)], coordinator.Cancel(10));
        Assert.Empty(coordinator.RestartDue(1_000));
        coordinator.SubtaskChanged(B0, 1, SubtaskState.Canceled, null, 1_000);
        coordinator.SubtaskChanged(A1, 1, SubtaskState.Canceled, null, 1_000);
        Assert.Equal([new JobDecision.Complete(JobState.Canceled, null, null)], coordinator.SubtaskChanged(B1, 1, SubtaskState.Canceled, null, 1_000));
    }

    [Fact]
    public void CancellationTimedOut_InARestart_NothingIsStartedInPlaceOfWhatIsStuck()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        var decisions = coordinator.CancellationTimedOut(1, 180_000);
        Assert.Equal([B0], Assert.IsType<JobDecision.GiveUp>(decisions[0]).Subtasks);
        Assert.Equal([new JobDecision.Cancel(A1), new JobDecision.Cancel(B1), new JobDecision.StartCancellationTimer(2)], decisions.Skip(1));
        coordinator.SubtaskChanged(A1, 1, SubtaskState.Canceled, null, 0);
        Assert.Equal([new JobDecision.Complete(JobState.Failed, A0, Broken)], coordinator.SubtaskChanged(B1, 1, SubtaskState.Canceled, null, 0));
    }

    [Fact]
    public void CancellationTimedOut_OfAnEarlierCancellation_LeavesTheLaterAlone()
    {
        var coordinator = Started(RestartStrategy.FixedDelay(10, TimeSpan.Zero));
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        coordinator.SubtaskChanged(B0, 1, SubtaskState.Canceled, null, 10);
        Assert.Contains(new JobDecision.StartCancellationTimer(2), coordinator.SubtaskChanged(A1, 1, SubtaskState.Failed, Broken, 179_000));
        Assert.Empty(coordinator.CancellationTimedOut(1, 180_000));
        Assert.Equal([B1], Assert.IsType<JobDecision.GiveUp>(coordinator.CancellationTimedOut(2, 359_000)[0]).Subtasks);
    }

    [Fact]
    public void FinishAll_Running_AllEndAndTheJobIsFinished()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Finished, null, 0);
        Assert.Equal([new JobDecision.Finish(A1), new JobDecision.Finish(B0), new JobDecision.Finish(B1)], coordinator.FinishAll());
        Assert.Empty(coordinator.FinishAll());
        coordinator.SubtaskChanged(A1, 1, SubtaskState.Finished, null, 0);
        coordinator.SubtaskChanged(B0, 1, SubtaskState.Finished, null, 0);
        Assert.Equal([new JobDecision.Complete(JobState.Finished, null, null)], coordinator.SubtaskChanged(B1, 1, SubtaskState.Finished, null, 0));
    }

    [Fact]
    public void FinishAll_FailureAfterwards_IsNotRecoveredFrom()
    {
        var coordinator = Started(topology: Topologies.Alone());
        coordinator.FinishAll();
        var complete = AssertFailed(coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0));
        Assert.Contains("savepoint is complete", complete.WhyNoRestart);
    }

    [Fact]
    public void FinishAll_Restarting_DecidesNothing()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 0);
        Assert.Empty(coordinator.FinishAll());
    }

    [Fact]
    public void Canceled_WithoutHavingBeenTold_IsAFailure()
    {
        var coordinator = Started(topology: Topologies.Alone());
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Canceled, null, 0);
        Assert.Equal(JobState.Restarting, coordinator.State);
    }

    [Fact]
    public void Failures_SayWhatWasRestartedAndWhen()
    {
        var coordinator = Started();
        coordinator.SubtaskChanged(A0, 1, SubtaskState.Failed, Broken, 123);
        var failure = Assert.Single(coordinator.Failures.Records);
        Assert.Equal((123, Broken, A0, FailureOutcome.Restart, TimeSpan.FromSeconds(1)), (failure.Time, failure.Error, failure.Subtask, failure.Outcome, failure.Delay));
        Assert.Equal([A0, B0], failure.Restarted);
    }

    private static JobDecision.Complete FailAll(JobCoordinator coordinator, int attempt)
    {
        List<JobDecision> decisions = [.. coordinator.Failed(Broken, 1_000)];
        foreach (var subtask in new[] { A0, A1, B0, B1 })
        {
            decisions.AddRange(coordinator.SubtaskChanged(subtask, attempt, SubtaskState.Canceled, null, 1_000));
        }

        return AssertFailed(decisions);
    }
}
