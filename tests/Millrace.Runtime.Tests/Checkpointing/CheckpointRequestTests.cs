using Millrace.Runtime.Checkpointing;
using static Millrace.Runtime.Tests.Checkpointing.CheckpointRig;

namespace Millrace.Runtime.Tests.Checkpointing;

/// <summary>Checkpoints and savepoints that somebody asked for, and stopping with them.</summary>
public sealed class CheckpointRequestTests
{
    private static void AssertRefused(IReadOnlyList<CheckpointDecision> decisions, SnapshotRequest request, string code = "MR3103")
    {
        var done = decisions.Only<CheckpointDecision.RequestDone>();
        Assert.Same(request, done.Request);
        Assert.Null(done.Path);
        Assert.Equal(code, Assert.IsType<MillraceException>(done.Error).Code);
    }

    [Fact]
    public void SnapshotRequest_StopWithACheckpoint_Throws() => Assert.Throws<ArgumentException>(() => new SnapshotRequest(SnapshotKind.Checkpoint, stop: StopMode.Drain));

    [Fact]
    public void Checkpoint_OnDemand_IsTakenAtOnceAndAnswered()
    {
        var rig = new CheckpointRig(Every(10, pause: 60));
        rig.At(10);
        rig.Complete(1);
        var request = OneMore();
        Assert.Same(request, rig.Request(request).Only<CheckpointDecision.Trigger>().Request);
        rig.AcknowledgeAll(2);
        var decisions = rig.Stored(2);
        Assert.Equal(new CheckpointDecision.RequestDone(request, "chk-2", null), decisions.Only<CheckpointDecision.RequestDone>());
        Assert.Equal(3, decisions.Only<CheckpointDecision.Completed>().Notify.Count);
    }

    [Fact]
    public void Request_AsManyAsMayRun_Waits()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        rig.Request(Savepoint()).AssertTriggers();
        rig.Complete(1).AssertTriggers(2);
    }

    [Fact]
    public void Requests_Several_SavepointsComeFirst()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        SnapshotRequest[] requests = [OneMore(), Savepoint(), OneMore(), Savepoint()];
        foreach (var request in requests)
        {
            rig.Request(request);
        }

        List<SnapshotRequest?> order = [];
        for (long id = 1; id <= 4; id++)
        {
            order.Add(rig.Complete(id).Only<CheckpointDecision.Trigger>().Request);
        }

        Assert.Equal([requests[1], requests[3], requests[0], requests[2]], order);
    }

    [Fact]
    public void Request_BeforeStart_Waits()
    {
        var rig = new CheckpointRig(start: false);
        Assert.Empty(rig.Request(Savepoint()));
        rig.Start().AssertTriggers(1);
    }

    [Fact]
    public void Savepoint_Completed_NobodyCommitsAndNobodyEnds()
    {
        var rig = new CheckpointRig();
        rig.Drained(A0);
        rig.Request(Savepoint());
        var completed = rig.Complete(1, isDrained: true).Only<CheckpointDecision.Completed>();
        Assert.Empty(completed.Notify);
        Assert.Empty(completed.Finish);
    }

    [Fact]
    public void Savepoint_NeitherSubsumesNorIsSubsumed()
    {
        var rig = new CheckpointRig(Every(10, concurrent: 3));
        rig.At(10).AssertTriggers(1);
        rig.Request(Savepoint()).AssertTriggers(2);
        rig.At(20).AssertTriggers(3);
        rig.Complete(2).No<CheckpointDecision.Aborted>();
        rig.Request(Savepoint()).AssertTriggers(4);
        Assert.Equal(1, rig.Complete(3).Only<CheckpointDecision.Aborted>().Id);
        rig.At(30).AssertTriggers(5);
        rig.Complete(5).No<CheckpointDecision.Aborted>();
        rig.Complete(4).Only<CheckpointDecision.RequestDone>();
    }

    [Fact]
    public void Checkpoint_OnDemandSubsumed_IsAnsweredWithTheNewerOne()
    {
        var rig = new CheckpointRig(Every(10, concurrent: 2));
        var request = OneMore();
        rig.Request(request);
        rig.At(10);
        Assert.Equal(new CheckpointDecision.RequestDone(request, "chk-2", null), rig.Complete(2).Only<CheckpointDecision.RequestDone>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Request_Fails_IsAnsweredWithTheError(bool atStorage)
    {
        var rig = new CheckpointRig();
        var request = Savepoint();
        rig.Request(request);
        if (atStorage)
        {
            rig.AcknowledgeAll(1);
        }

        AssertRefused(atStorage ? rig.NotStored(1) : rig.Decline(1, B0), request, "MR3102");
    }

    [Fact]
    public void Request_SubtaskFinishesMeanwhile_IsTakenAnew()
    {
        var rig = new CheckpointRig();
        var request = Savepoint();
        rig.Request(request);
        var decisions = rig.Finished(A0);
        decisions.No<CheckpointDecision.RequestDone>();
        Assert.Same(request, decisions.Only<CheckpointDecision.Trigger>().Request);
    }

    [Fact]
    public void Stop_RequestsPendingAndWaiting_AllFail()
    {
        var rig = new CheckpointRig();
        rig.Request(Savepoint());
        rig.Request(OneMore());
        rig.Request(Savepoint(StopMode.Drain));
        Assert.Equal(3, rig.Stop().OfType<CheckpointDecision.RequestDone>().Count(done => done.Error is not null));
        var late = OneMore();
        AssertRefused(rig.Request(late), late);
        rig.Start();
        rig.Request(OneMore()).AssertTriggers(2);
    }

    [Fact]
    public void Request_AllFinished_IsRefused()
    {
        var rig = new CheckpointRig();
        foreach (var subtask in rig.Topology.Subtasks)
        {
            rig.Finished(subtask);
        }

        var request = Savepoint(StopMode.Suspend);
        AssertRefused(rig.Request(request), request);
    }

    [Fact]
    public void Suspend_Completed_AllCommitAndEnd()
    {
        var rig = new CheckpointRig();
        var request = Savepoint(StopMode.Suspend);
        Assert.Same(request, rig.Request(request).Only<CheckpointDecision.Trigger>().Request);
        rig.At(100).AssertTriggers();
        rig.Request(OneMore()).AssertTriggers();
        var decisions = rig.Complete(1);
        var completed = decisions.Only<CheckpointDecision.Completed>();
        Assert.Equal([A0, A1, B0], completed.Notify);
        Assert.Equal([A0, A1, B0], completed.Finish);
        Assert.Equal([true, false], decisions.OfType<CheckpointDecision.RequestDone>().Select(done => done.Error is null));
        var late = OneMore();
        AssertRefused(rig.Request(late), late);
        rig.At(200).AssertTriggers();
    }

    [Fact]
    public void Suspend_Fails_TheJobGoesOn()
    {
        var rig = new CheckpointRig();
        var request = Savepoint(StopMode.Suspend);
        rig.Request(request);
        var decisions = rig.Decline(1, B0);
        AssertRefused(decisions, request, "MR3102");
        decisions.No<CheckpointDecision.Fail>();
        Assert.Equal(3, decisions.Only<CheckpointDecision.Aborted>().Notify.Count);
        rig.At(10).AssertTriggers(2);
    }

    [Fact]
    public void Suspend_OthersPending_AreAborted()
    {
        var rig = new CheckpointRig(Every(10, concurrent: 2));
        rig.At(10);
        rig.Request(Savepoint(StopMode.Suspend)).AssertTriggers(2);
        Assert.Equal((1, AbortReason.Stopped), (rig.Complete(2).Only<CheckpointDecision.Aborted>() is var aborted ? aborted.Id : 0, aborted.Reason));
    }

    [Fact]
    public void Stopping_ASecondTime_IsRefused()
    {
        var rig = new CheckpointRig();
        rig.Request(Savepoint(StopMode.Suspend));
        var second = Savepoint(StopMode.Drain);
        AssertRefused(rig.Request(second), second);
    }

    [Fact]
    public void Drain_SourcesEndFirst_ThenTheSavepointIsTaken()
    {
        var rig = new CheckpointRig();
        var request = Savepoint(StopMode.Drain);
        var decisions = rig.Request(request);
        Assert.Equal([A0, A1], decisions.Only<CheckpointDecision.Drain>().Sources);
        decisions.AssertTriggers();
        rig.At(50).AssertTriggers();
        rig.Drained(A0).AssertTriggers();
        rig.Drained(A1).AssertTriggers();
        var trigger = rig.Drained(B0).Only<CheckpointDecision.Trigger>();
        Assert.Same(request, trigger.Request);
        Assert.True(trigger.Barrier.IsSavepoint);
        var completed = rig.Complete(1, isDrained: true);
        Assert.Equal([A0, A1, B0], completed.Only<CheckpointDecision.Completed>().Finish);
        Assert.Null(completed.Only<CheckpointDecision.RequestDone>().Error);
    }

    [Fact]
    public void Drain_BeforeStart_BeginsWithStart()
    {
        var rig = new CheckpointRig(start: false);
        rig.Request(Savepoint(StopMode.Drain)).No<CheckpointDecision.Drain>();
        rig.Start().Only<CheckpointDecision.Drain>();
    }

    [Fact]
    public void Drain_AnotherCheckpointCompletesMeanwhile_NobodyEndsWithIt()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        rig.Request(Savepoint(StopMode.Drain));
        rig.DrainedAll().AssertTriggers();
        var decisions = rig.Complete(1, isDrained: true);
        Assert.Empty(decisions.Only<CheckpointDecision.Completed>().Finish);
        decisions.AssertTriggers(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Drain_APartOfTheJobFails_AllOfItStartsAgain(bool isBeingStored)
    {
        // What was drained and has not failed itself would count as one that has come to the end of its input.
        var rig = new CheckpointRig();
        rig.Request(Savepoint(StopMode.Drain));
        rig.Drained(A0);
        if (isBeingStored)
        {
            rig.Drained(A1);
            rig.Drained(B0);
            rig.AcknowledgeAll(1, isDrained: true);
        }

        Assert.Equal("MR3104", Assert.IsType<MillraceException>(rig.Stop().Only<CheckpointDecision.Fail>().Error).Code);
        rig.Stop().No<CheckpointDecision.Fail>();
    }

    [Fact]
    public void OtherSavepoints_APartOfTheJobFails_TheRestGoesOn()
    {
        var rig = new CheckpointRig();
        rig.Request(Savepoint(StopMode.Suspend));
        rig.Stop().No<CheckpointDecision.Fail>();
        rig.Start();
        rig.Request(Savepoint());
        rig.Stop().No<CheckpointDecision.Fail>();
    }

    [Fact]
    public void Drain_OthersAskMeanwhile_WaitUntilItIsOver()
    {
        // A savepoint of now would say that the input had ended, and whoever goes on from it would read nothing any more.
        var rig = new CheckpointRig(OnDemand(tolerable: 100));
        var drain = Savepoint(StopMode.Drain);
        rig.Request(drain);
        rig.Request(Savepoint()).AssertTriggers();
        rig.DrainedAll();
        AssertRefused(rig.Decline(1, B0), drain, "MR3102");
    }

    [Fact]
    public void Drain_SavepointFails_TheJobStartsAgainBecauseItsSourcesHaveEnded()
    {
        var rig = new CheckpointRig(OnDemand(tolerable: 100));
        var request = Savepoint(StopMode.Drain);
        rig.Request(request);
        rig.DrainedAll();
        var decisions = rig.Decline(1, B0);
        AssertRefused(decisions, request, "MR3102");
        Assert.Equal("MR3104", Assert.IsType<MillraceException>(decisions.Only<CheckpointDecision.Fail>().Error).Code);
        decisions.AssertTriggers();
    }

    [Fact]
    public void Stop_WhileTheSavepointOfAStopIsStored_IsAnsweredWithPathAndError()
    {
        var rig = new CheckpointRig();
        rig.Request(Savepoint(StopMode.Suspend));
        rig.AcknowledgeAll(1);
        rig.Stop().No<CheckpointDecision.RequestDone>();
        var decisions = rig.Stored(1);
        var done = decisions.Only<CheckpointDecision.RequestDone>();
        Assert.Equal("chk-1", done.Path);
        Assert.Equal("MR3104", Assert.IsType<MillraceException>(done.Error).Code);
        Assert.Empty(decisions.Only<CheckpointDecision.Completed>().Notify);
    }
}
