using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Tests.Coordination;
using static Millrace.Runtime.Tests.Checkpointing.CheckpointRig;

namespace Millrace.Runtime.Tests.Checkpointing;

/// <summary>When checkpoints begin, where, and how their barriers travel.</summary>
public sealed class CheckpointTriggeringTests
{
    [Fact]
    public void Start_Interval_AsksForTheFirstTick()
    {
        var rig = new CheckpointRig(start: false);
        Assert.Equal([new CheckpointDecision.SetTimer(10_500)], rig.Coordinator.Start(500));
        Assert.Empty(rig.Coordinator.Start(600));
    }

    [Fact]
    public void Start_NoInterval_AsksForNothing() => Assert.Empty(new CheckpointRig(OnDemand(), start: false).Coordinator.Start(0));

    [Fact]
    public void Tick_IntervalIsOver_TriggersAtSources()
    {
        var rig = new CheckpointRig(firstId: 7);
        Assert.Equal([new CheckpointDecision.SetTimer(10_000)], rig.At(9.9));
        var decisions = rig.At(10);
        var trigger = decisions.Only<CheckpointDecision.Trigger>();
        Assert.Equal(new CheckpointBarrier(7, 10_000), trigger.Barrier);
        Assert.Equal([A0, A1], trigger.At);
        Assert.Null(trigger.Request);

        // The next one is due at 20 s, but waits for this one, which is given up at 610 s.
        Assert.Equal(new CheckpointDecision.SetTimer(610_000), decisions[1]);
    }

    [Fact]
    public void Tick_LateTick_StaysInStep()
    {
        var rig = new CheckpointRig();
        rig.At(12).AssertTriggers(1);
        Assert.Equal(20_000, rig.Complete(1).Only<CheckpointDecision.SetTimer>().DueAt);
        rig.At(20).AssertTriggers(2);
    }

    [Fact]
    public void Tick_ManyIntervalsMissed_TriggersOnce()
    {
        var rig = new CheckpointRig(Every(10, concurrent: 10));
        rig.At(95).AssertTriggers(1);
        rig.At(104.9).AssertTriggers();
        rig.At(105).AssertTriggers(2);
    }

    [Fact]
    public void Tick_AsManyAsMayRun_WaitsForOneToEnd()
    {
        var rig = new CheckpointRig(Every(10, concurrent: 2));
        rig.At(10).AssertTriggers(1);
        rig.At(20).AssertTriggers(2);
        rig.At(30).AssertTriggers();
        rig.AcknowledgeAll(1).AssertTriggers();
        rig.Stored(1).AssertTriggers(3);
    }

    [Fact]
    public void MinPause_AfterACompletedCheckpoint_IsKept()
    {
        var rig = new CheckpointRig(Every(10, pause: 4));
        rig.At(10);
        rig.Now = 18_000;
        Assert.Equal(22_000, rig.Complete(1).Only<CheckpointDecision.SetTimer>().DueAt);
        rig.At(20).AssertTriggers();
        rig.At(22).AssertTriggers(2);
    }

    [Fact]
    public void MinPause_AfterAFailedCheckpoint_IsKept()
    {
        var rig = new CheckpointRig(Every(10, pause: 4, tolerable: 1));
        rig.At(10);
        rig.Now = 18_000;
        rig.Decline(1, B0);
        rig.At(20).AssertTriggers();
        rig.At(22).AssertTriggers(2);
    }

    [Fact]
    public void Start_AfterStop_CountsTheIntervalAnewAndGoesOnWithIds()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        rig.Stop();
        rig.At(100).AssertTriggers();
        Assert.Equal([new CheckpointDecision.SetTimer(110_000)], rig.Start());
        rig.At(110).AssertTriggers(2);
    }

    [Fact]
    public void Enter_ClockIsSetBack_NothingIsPutOff()
    {
        var rig = new CheckpointRig();
        rig.Coordinator.Tick(6_000);
        Assert.Equal([new CheckpointDecision.SetTimer(-6_000)], rig.Coordinator.Tick(-10_000));
        rig.Coordinator.Tick(-6_000).AssertTriggers(1);
    }

    [Fact]
    public void Trigger_SomeProducersFinished_AtThoseWithoutProducersThatLive()
    {
        var rig = new CheckpointRig();
        rig.Finished(A0);
        Assert.Equal([A1], rig.At(10).Only<CheckpointDecision.Trigger>().At);
        rig.Finished(A1);
        Assert.Equal([B0], rig.At(20).Only<CheckpointDecision.Trigger>().At);
    }

    [Fact]
    public void Trigger_ForwardProducerFinished_AtItsConsumerAlone()
    {
        var rig = new CheckpointRig(topology: Topologies.TwoPipelines);
        rig.Finished(A1);
        Assert.Equal([A0, new SubtaskId(1, 1)], rig.At(10).Only<CheckpointDecision.Trigger>().At);
    }

    [Fact]
    public void Trigger_OneOfTwoProducerTasksFinished_NotAtTheConsumer()
    {
        var rig = new CheckpointRig(topology: new JobTopology([Topologies.Source(1), Topologies.Source(1), Topologies.Task(1, new JobTaskInput(0, PartitioningKind.Hash), new JobTaskInput(1, PartitioningKind.Hash))]));
        rig.Finished(A0);
        Assert.Equal([B0], rig.At(10).Only<CheckpointDecision.Trigger>().At);
    }

    [Fact]
    public void Trigger_AllFinished_NoMore()
    {
        var rig = new CheckpointRig();
        foreach (var subtask in rig.Topology.Subtasks)
        {
            rig.Finished(subtask);
        }

        Assert.Empty(rig.At(10));
    }

    [Theory]
    [InlineData(false, false, 0, nameof(BarrierAlignment.Aligned), long.MaxValue)]
    [InlineData(true, false, 0, nameof(BarrierAlignment.AtLeastOnce), long.MaxValue)]
    [InlineData(false, true, 0, nameof(BarrierAlignment.Unaligned), long.MaxValue)]
    [InlineData(false, false, 5, nameof(BarrierAlignment.AlignedWithTimeout), 5_000)]
    [InlineData(false, true, 5, nameof(BarrierAlignment.Unaligned), long.MaxValue)]
    public void Trigger_Options_DecideHowBarriersTravel(bool isAtLeastOnce, bool isUnaligned, int alignedTimeout, string alignment, long overtakeAfter)
    {
        var options = new CheckpointOptions
        {
            Mode = isAtLeastOnce ? CheckpointMode.AtLeastOnce : CheckpointMode.ExactlyOnce,
            Unaligned = isUnaligned,
            AlignedTimeout = TimeSpan.FromSeconds(alignedTimeout),
        };
        var rig = new CheckpointRig(options) { Now = 3_000 };
        var barrier = rig.Request(OneMore()).Only<CheckpointDecision.Trigger>().Barrier;
        Assert.Equal(new CheckpointBarrier(1, 3_000, SnapshotKind.Checkpoint, Enum.Parse<BarrierAlignment>(alignment), overtakeAfter), barrier);

        // A savepoint is always exact.
        rig.Complete(1);
        barrier = rig.Request(new SnapshotRequest(SnapshotKind.NativeSavepoint, "x")).Only<CheckpointDecision.Trigger>().Barrier;
        Assert.Equal(new CheckpointBarrier(2, 3_000, SnapshotKind.NativeSavepoint, Folder: "x"), barrier);
    }

    [Fact]
    public void Backlog_ZeroInterval_NothingBeginsOnItsOwn()
    {
        var options = Every(10);
        options.IntervalDuringBacklog = TimeSpan.Zero;
        var rig = new CheckpointRig(options);
        rig.Coordinator.SetBacklog(true, 0);
        rig.At(1_000).AssertTriggers();
        rig.Request(OneMore()).AssertTriggers(1);
        rig.Complete(1);
        Assert.Equal(1_010_000, rig.Coordinator.SetBacklog(false, 1_000_000).Only<CheckpointDecision.SetTimer>().DueAt);
        rig.At(1_010).AssertTriggers(2);
    }

    [Fact]
    public void Backlog_LongerInterval_IsUsedWhileItLasts()
    {
        var options = Every(10);
        options.IntervalDuringBacklog = TimeSpan.FromSeconds(60);
        var rig = new CheckpointRig(options);
        rig.At(10).AssertTriggers(1);
        rig.Complete(1);
        Assert.Equal(70_000, rig.Coordinator.SetBacklog(true, 15_000).Only<CheckpointDecision.SetTimer>().DueAt);
        rig.At(69).AssertTriggers();
        rig.At(70).AssertTriggers(2);
        rig.Complete(2);
        rig.Now = 75_000;
        Assert.Equal(85_000, rig.Coordinator.SetBacklog(false, 75_000).Only<CheckpointDecision.SetTimer>().DueAt);
    }

    [Fact]
    public void Backlog_NoOption_ChangesNothing()
    {
        var rig = new CheckpointRig();
        rig.Coordinator.SetBacklog(true, 5_000);
        rig.At(10).AssertTriggers(1);
    }

    [Fact]
    public void Backlog_NoInterval_ChangesNothing()
    {
        var options = OnDemand();
        options.IntervalDuringBacklog = TimeSpan.FromSeconds(60);
        Assert.Empty(new CheckpointRig(options).Coordinator.SetBacklog(true, 0));
    }
}
