using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Tests.Coordination;
using static Millrace.Runtime.Tests.Checkpointing.CheckpointRig;

namespace Millrace.Runtime.Tests.Checkpointing;

/// <summary>Subtasks that have drained, and the last checkpoint of a job.</summary>
public sealed class CheckpointEndTests
{
    [Fact]
    public void Drained_All_TakesTheFinalCheckpointAtOnce()
    {
        var options = Every(10, pause: 60);
        options.IntervalDuringBacklog = TimeSpan.Zero;
        var rig = new CheckpointRig(options);
        rig.Coordinator.SetBacklog(true, 0);
        rig.Drained(A0).AssertTriggers();
        rig.Drained(A1).AssertTriggers();
        rig.Drained(B0).AssertTriggers(1);
        Assert.Equal([A0, A1, B0], rig.Complete(1, isDrained: true).Only<CheckpointDecision.Completed>().Finish);

        // They end now, and nothing is triggered meanwhile.
        rig.At(100).AssertTriggers();
    }

    [Fact]
    public void Drained_BeforeAProducer_IsNotTheEnd()
    {
        // Nobody waits for barriers here: B0 has heard of an end of A1 that lies behind the barrier.
        var rig = new CheckpointRig(OnDemand());
        rig.Request(OneMore()).AssertTriggers(1);
        rig.Acknowledge(1, A0, isDrained: true);
        rig.Acknowledge(1, A1);
        var store = rig.Acknowledge(1, B0, isDrained: true).Only<CheckpointDecision.Store>();
        Assert.Equal([A0], store.Snapshots.Where(snapshot => snapshot.IsDrained).Select(snapshot => snapshot.Subtask));
        Assert.Equal([A0], rig.Stored(1).Only<CheckpointDecision.Completed>().Finish);
    }

    [Fact]
    public void Drained_NoInterval_TakesTheFinalCheckpoint() => new CheckpointRig(OnDemand()).DrainedAll().AssertTriggers(1);

    [Fact]
    public void Drained_BeforeStart_TakesTheFinalCheckpointAtStart()
    {
        var rig = new CheckpointRig(OnDemand(), start: false);
        rig.DrainedAll().AssertTriggers();
        rig.Start().AssertTriggers(1);
    }

    [Fact]
    public void Drained_OneIsPending_TheFinalOneFollowsIt()
    {
        var rig = new CheckpointRig();
        rig.At(10).AssertTriggers(1);
        rig.DrainedAll().AssertTriggers();
        rig.Complete(1).AssertTriggers(2);
        rig.Complete(2, isDrained: true).AssertTriggers();
    }

    [Fact]
    public void Drained_ThePendingOneHasThemDrainedAlready_IsTheFinalOne()
    {
        var rig = new CheckpointRig();
        rig.At(10).AssertTriggers(1);
        rig.DrainedAll();
        rig.Complete(1, isDrained: true).AssertTriggers();
    }

    [Fact]
    public void Drained_Some_EndWithTheNextCheckpoint()
    {
        var rig = new CheckpointRig();
        rig.Drained(A0);
        rig.At(10);
        rig.Acknowledge(1, A0, isDrained: true);
        rig.Acknowledge(1, A1);
        rig.Acknowledge(1, B0);
        Assert.Equal([A0], rig.Stored(1).Only<CheckpointDecision.Completed>().Finish);
    }

    [Fact]
    public void Released_UntilItHasEnded_NothingBegins()
    {
        var rig = new CheckpointRig();
        rig.Drained(A0);
        rig.At(10);
        rig.Acknowledge(1, A0, isDrained: true);
        rig.Acknowledge(1, A1);
        rig.Acknowledge(1, B0);
        rig.Stored(1);
        rig.At(20).AssertTriggers();
        rig.Request(Savepoint()).AssertTriggers();
        rig.Finished(A0).AssertTriggers(2);
    }

    [Fact]
    public void Final_Fails_IsTriedAgainAfterASecondAsLongAsThatIsTolerated()
    {
        var rig = new CheckpointRig(OnDemand(tolerable: 2));
        rig.DrainedAll().AssertTriggers(1);
        Assert.Equal(1_000, rig.Decline(1, A0).Only<CheckpointDecision.SetTimer>().DueAt);
        rig.At(1).AssertTriggers(2);
        rig.AcknowledgeAll(2);
        Assert.Equal(2_000, rig.NotStored(2).Only<CheckpointDecision.SetTimer>().DueAt);
        rig.At(2).AssertTriggers(3);
        rig.Decline(3, A0).Only<CheckpointDecision.Fail>();
        rig.At(3).AssertTriggers();
    }

    [Fact]
    public void Final_SubtaskFinishesMeanwhile_IsTakenAnewAtOnce()
    {
        var rig = new CheckpointRig(OnDemand());
        rig.DrainedAll();
        rig.Finished(A0).AssertTriggers(2);
    }

    [Fact]
    public void Final_AfterARestart_WaitsUntilAllHaveDrainedAgain()
    {
        var rig = new CheckpointRig(OnDemand(), Topologies.TwoPipelines);
        rig.DrainedAll().AssertTriggers(1);
        rig.Stop();
        rig.Coordinator.Replaced([A0, B0]);
        rig.Start().AssertTriggers();
        rig.Drained(A0).AssertTriggers();
        rig.Drained(B0).AssertTriggers(2);
    }
}
