using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Tests.Coordination;
using static Millrace.Runtime.Tests.Checkpointing.CheckpointRig;

namespace Millrace.Runtime.Tests.Checkpointing;

/// <summary>What makes a checkpoint complete, and what loses it.</summary>
public sealed class CheckpointCompletionTests
{
    [Fact]
    public void Acknowledged_ByAll_IsStoredAndThenCompleted()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        Assert.Empty(rig.Acknowledge(1, B0));
        Assert.Empty(rig.Acknowledge(1, A0));
        var decisions = rig.Acknowledge(1, A1);
        var store = decisions.Only<CheckpointDecision.Store>();
        Assert.Equal(1, store.Id);
        Assert.Equal([A0, A1, B0], store.Snapshots.Select(snapshot => snapshot.Subtask));
        Assert.Empty(store.Finished);
        Assert.True(rig.Coordinator.IsStoring);

        var completed = rig.Stored(1).Only<CheckpointDecision.Completed>();
        Assert.Equal((1, "chk-1", null), (completed.Id, completed.Path, completed.Request));
        Assert.Equal([A0, A1, B0], completed.Notify);
        Assert.Empty(completed.Finish);
        Assert.False(rig.Coordinator.IsStoring);
    }

    [Fact]
    public void Acknowledged_SomeHadFinished_TheManifestHearsOfIt()
    {
        var rig = new CheckpointRig();
        rig.Finished(A0);
        rig.At(10);
        rig.Acknowledge(1, A1);
        Assert.Equal([A0], rig.Acknowledge(1, B0).Only<CheckpointDecision.Store>().Finished);
        Assert.Equal([A1, B0], rig.Stored(1).Only<CheckpointDecision.Completed>().Notify);
    }

    [Fact]
    public void Acknowledged_Twice_IsIgnored()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        rig.Acknowledge(1, A0);
        Assert.Empty(rig.Acknowledge(1, A0));
        rig.Acknowledge(1, A1);
        rig.Acknowledge(1, B0);
        Assert.Empty(rig.Acknowledge(1, A0));
        rig.Stored(1);
        Assert.Empty(rig.Acknowledge(1, A0));
    }

    [Fact]
    public void Acknowledged_AbortedOrUnknown_IsDiscarded()
    {
        var rig = new CheckpointRig(Every(10, tolerable: 9));
        rig.At(10);
        rig.Acknowledge(1, A0);
        rig.Decline(1, A1);
        Assert.Equal(B0, rig.Acknowledge(1, B0).Only<CheckpointDecision.Discard>().Snapshot.Subtask);
        rig.Acknowledge(99, B0).Only<CheckpointDecision.Discard>();
    }

    [Fact]
    public void Acknowledged_ByOneThatDoesNotTakePart_IsDiscarded()
    {
        var rig = new CheckpointRig();
        rig.Finished(A0);
        rig.At(10);
        rig.Acknowledge(1, A0).Only<CheckpointDecision.Discard>();
    }

    [Fact]
    public void Declined_AbortsAndDiscardsWhatHasCome()
    {
        var rig = new CheckpointRig(Every(10, tolerable: 1));
        rig.At(10);
        rig.Acknowledge(1, A0);
        var decisions = rig.Decline(1, B0);
        var aborted = decisions.Only<CheckpointDecision.Aborted>();
        Assert.Equal(AbortReason.Declined, aborted.Reason);
        Assert.IsType<IOException>(aborted.Error.InnerException);
        Assert.Equal([A0, A1, B0], aborted.Notify);
        Assert.Equal(A0, Assert.Single(aborted.Snapshots).Subtask);
        decisions.No<CheckpointDecision.Fail>();
        Assert.Empty(rig.Decline(1, A1));
    }

    [Fact]
    public void Declined_AfterItsAcknowledgement_IsIgnored()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        rig.Acknowledge(1, A0);
        Assert.Empty(rig.Decline(1, A0));
    }

    [Fact]
    public void Timeout_Expired_IsAborted()
    {
        var rig = new CheckpointRig(Every(10, tolerable: 1));
        rig.At(10);
        rig.Acknowledge(1, A0);
        rig.At(609.999).No<CheckpointDecision.Aborted>();
        var decisions = rig.At(610);
        var aborted = decisions.Only<CheckpointDecision.Aborted>();
        Assert.Equal(AbortReason.Expired, aborted.Reason);
        Assert.Contains("2 subtasks have not acknowledged, among them 1 of task 0", aborted.Error.Message);
        decisions.AssertTriggers(2);
    }

    [Fact]
    public void Timeout_WhileItIsStored_FailsTheJobAndLeavesOpenWhatBecomesOfIt()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        rig.At(50);
        Assert.Equal(650_000, rig.AcknowledgeAll(1).Only<CheckpointDecision.SetTimer>().DueAt);
        rig.At(649.999).No<CheckpointDecision.Fail>();
        var decisions = rig.At(650);
        Assert.Contains("has not answered for 00:10:00", decisions.Only<CheckpointDecision.Fail>().Error.Message);
        decisions.No<CheckpointDecision.Aborted>();
        Assert.True(rig.Coordinator.IsStoring);
        rig.At(10_000).No<CheckpointDecision.Fail>();

        // It has answered after all: the restart that looks for the latest one finds this one.
        rig.Stop().No<CheckpointDecision.Aborted>();
        rig.Stored(1).Only<CheckpointDecision.Completed>();
    }

    [Fact]
    public void Timeout_WhileItIsStored_CountsOnceForEveryTimeout()
    {
        var rig = new CheckpointRig(Every(10, tolerable: 2));
        rig.At(10);
        rig.AcknowledgeAll(1);
        rig.At(610).No<CheckpointDecision.Fail>();
        rig.At(1_209.999).No<CheckpointDecision.Fail>();
        rig.At(1_210).No<CheckpointDecision.Fail>();
        rig.At(1_810).Only<CheckpointDecision.Fail>();
    }

    [Fact]
    public void Timeout_WhileItIsStored_ACompletionBeginsAnew()
    {
        var rig = new CheckpointRig(Every(10, tolerable: 1));
        rig.At(10);
        rig.AcknowledgeAll(1);
        rig.At(610);
        rig.Stored(1).Only<CheckpointDecision.Completed>();
        rig.AcknowledgeAll(2);
        rig.At(1_210).No<CheckpointDecision.Fail>();
    }

    [Fact]
    public void Timeout_WaitsForTheStorage_IsAborted()
    {
        var rig = new CheckpointRig(Every(10, concurrent: 2, tolerable: 1));
        rig.At(10);
        rig.At(20);
        rig.AcknowledgeAll(1);
        rig.AcknowledgeAll(2).No<CheckpointDecision.Store>();
        var aborted = rig.At(620).Only<CheckpointDecision.Aborted>();
        Assert.Equal((2, AbortReason.Expired), (aborted.Id, aborted.Reason));
        Assert.Contains("storage is busy", aborted.Error.Message);
    }

    [Fact]
    public void Store_OneAtATime_InOrder()
    {
        var rig = new CheckpointRig(Every(10, concurrent: 3));
        rig.At(10);
        rig.At(20);
        rig.At(30);
        Assert.Equal(1, rig.AcknowledgeAll(1).Only<CheckpointDecision.Store>().Id);
        rig.AcknowledgeAll(3).No<CheckpointDecision.Store>();
        rig.AcknowledgeAll(2).No<CheckpointDecision.Store>();
        Assert.Equal(2, rig.Stored(1).Only<CheckpointDecision.Store>().Id);
        Assert.Equal(3, rig.Stored(2).Only<CheckpointDecision.Store>().Id);
        rig.Stored(3).No<CheckpointDecision.Store>();
    }

    [Fact]
    public void Stored_OfAnother_IsIgnored()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        Assert.Empty(rig.Stored(1));
        rig.AcknowledgeAll(1);
        Assert.Empty(rig.Stored(2));
    }

    [Fact]
    public void Stored_NewerOne_SubsumesTheOlderWithoutCounting()
    {
        var rig = new CheckpointRig(Every(10, concurrent: 3));
        rig.At(10);
        rig.At(20);
        rig.At(30);
        rig.Acknowledge(1, A0);
        var decisions = rig.Complete(2);
        var aborted = decisions.Only<CheckpointDecision.Aborted>();
        Assert.Equal((1, AbortReason.Subsumed), (aborted.Id, aborted.Reason));
        Assert.Single(aborted.Snapshots);
        decisions.No<CheckpointDecision.Fail>();
        rig.Complete(3).No<CheckpointDecision.Aborted>();
    }

    [Fact]
    public void Stored_Failed_Counts()
    {
        var rig = new CheckpointRig(Every(10, tolerable: 1));
        rig.At(10);
        rig.AcknowledgeAll(1);
        var decisions = rig.NotStored(1);
        Assert.Equal(AbortReason.NotStored, decisions.Only<CheckpointDecision.Aborted>().Reason);
        Assert.Equal(3, decisions.Only<CheckpointDecision.Aborted>().Snapshots.Count);
        decisions.No<CheckpointDecision.Fail>();
        rig.At(20);
        rig.AcknowledgeAll(2);
        var error = Assert.IsType<MillraceException>(rig.NotStored(2).Only<CheckpointDecision.Fail>().Error);
        Assert.Equal("MR3101", error.Code);
        Assert.StartsWith("MR3101: 2 checkpoints failed in a row, and CheckpointOptions.TolerableFailures is 1. The last: ", error.Message);
    }

    [Fact]
    public void TolerableFailures_Zero_TheFirstFailsTheJobAndNothingBegins()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        rig.Decline(1, A0).Only<CheckpointDecision.Fail>();
        rig.At(20).AssertTriggers();
        rig.Start();
        rig.At(30).AssertTriggers(2);
        rig.Decline(2, A0).Only<CheckpointDecision.Fail>();
    }

    [Fact]
    public void TolerableFailures_ACompletedCheckpointBetween_BeginsAnew()
    {
        var rig = new CheckpointRig(Every(10, tolerable: 1));
        rig.At(10);
        rig.Decline(1, A0).No<CheckpointDecision.Fail>();
        rig.At(20);
        rig.Complete(2);
        rig.At(30);
        rig.Decline(3, A0).No<CheckpointDecision.Fail>();
        rig.At(40);
        rig.Decline(4, A0).Only<CheckpointDecision.Fail>();
    }

    [Fact]
    public void TolerableFailures_SavepointsNeitherCountNorReset()
    {
        var rig = new CheckpointRig(Every(10, tolerable: 1));
        rig.At(10);
        rig.Decline(1, A0);
        rig.Request(Savepoint());
        rig.Decline(2, A0).No<CheckpointDecision.Fail>();
        rig.Request(Savepoint());
        rig.Complete(3);
        rig.At(20);
        rig.Decline(4, A0).Only<CheckpointDecision.Fail>();
    }

    [Fact]
    public void TolerableFailures_ClosingAndFinishing_DoNotCount()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        var decisions = rig.Coordinator.Declined(1, A0, new OperationCanceledException(), rig.Now);
        Assert.Equal(AbortReason.Closing, decisions.Only<CheckpointDecision.Aborted>().Reason);
        decisions.No<CheckpointDecision.Fail>();
        rig.At(20);
        decisions = rig.Finished(A0);
        Assert.Equal(AbortReason.SubtaskFinished, decisions.Only<CheckpointDecision.Aborted>().Reason);
        Assert.Equal([A1, B0], decisions.Only<CheckpointDecision.Aborted>().Notify);
        decisions.No<CheckpointDecision.Fail>();
    }

    [Fact]
    public void Finished_AfterItsAcknowledgement_TheCheckpointGoesOn()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        rig.Acknowledge(1, A0);
        rig.Finished(A0).No<CheckpointDecision.Aborted>();
        rig.Acknowledge(1, A1);
        Assert.Equal(3, rig.Acknowledge(1, B0).Only<CheckpointDecision.Store>().Snapshots.Count);
        Assert.Equal([A1, B0], rig.Stored(1).Only<CheckpointDecision.Completed>().Notify);
    }

    [Fact]
    public void Stop_AbortsAllWithoutCounting()
    {
        var rig = new CheckpointRig(Every(10, concurrent: 2));
        rig.At(10);
        rig.At(20);
        var decisions = rig.Stop();
        Assert.Equal([1L, 2L], decisions.OfType<CheckpointDecision.Aborted>().Select(aborted => aborted.Id));
        Assert.All(decisions.OfType<CheckpointDecision.Aborted>(), aborted => Assert.Equal(AbortReason.Stopped, aborted.Reason));
        decisions.No<CheckpointDecision.Fail>();
    }

    [Fact]
    public void Stop_WhileOneIsStored_ItIsDecidedByTheStorage()
    {
        var rig = new CheckpointRig(Every(10, concurrent: 2), Topologies.TwoPipelines);
        rig.At(10);
        rig.AcknowledgeAll(1);
        rig.Stop().No<CheckpointDecision.Aborted>();
        rig.Coordinator.Replaced([A0, B0]);
        rig.Start();

        // Only those that are still the ones that took part hear of it.
        Assert.Equal([A1, new(1, 1)], rig.Stored(1).Only<CheckpointDecision.Completed>().Notify);
    }

    [Fact]
    public void Stop_WhileOneIsStoredInVain_ItIsAbortedWithoutCounting()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        rig.AcknowledgeAll(1);
        rig.Stop();
        var decisions = rig.NotStored(1);
        Assert.Equal(AbortReason.NotStored, decisions.Only<CheckpointDecision.Aborted>().Reason);
        decisions.No<CheckpointDecision.Fail>();
    }

    [Fact]
    public void Replaced_Finished_TakesPartAgain()
    {
        var rig = new CheckpointRig();
        rig.Finished(A0);
        rig.Stop();
        rig.Coordinator.Replaced([A0, A1, B0]);
        rig.Start();
        Assert.Equal([A0, A1], rig.At(10).Only<CheckpointDecision.Trigger>().At);
    }
}
