using Millrace.Runtime.Checkpointing;
using static Millrace.Runtime.Tests.Checkpointing.CheckpointRig;

namespace Millrace.Runtime.Tests.Checkpointing;

public sealed class CheckpointHistoryTests
{
    [Fact]
    public void Completed_HasTimesSizesAndSubtasks()
    {
        var rig = new CheckpointRig();
        rig.At(10);
        Assert.Equal(new CheckpointCounts(1, 0, 0, 1, 0), rig.Coordinator.History.Current.Counts);
        rig.Now = 11_000;
        rig.Acknowledge(1, B0, isDrained: true);
        var early = rig.Coordinator.History.Current;
        rig.Now = 12_000;
        rig.Complete(1);

        var overview = rig.Coordinator.History.Current;
        var record = Assert.Single(overview.Records);
        Assert.Same(record, overview.LatestCompleted);
        Assert.Equal(new CheckpointCounts(1, 1, 0, 0, 0), overview.Counts);
        Assert.Equal((1, SnapshotKind.Checkpoint, CheckpointStatus.Completed, 10_000, 12_000, TimeSpan.FromSeconds(2)), (record.Id, record.Kind, record.Status, record.BeganAt, record.EndedAt, record.Duration));
        Assert.Equal((3, 300, 30, 3, "chk-1"), (record.Participants, record.StateBytes, record.WrittenBytes, record.InFlightBytes, record.Path));
        Assert.Equal([(B0, 11_000, true), (A0, 12_000, false), (A1, 12_000, false)], record.Subtasks.Select(subtask => (subtask.Subtask, subtask.AcknowledgedAt, subtask.IsDrained)));

        // What was read before does not change.
        Assert.Single(early.Records[0].Subtasks);
        Assert.Null(early.Records[0].Duration);
    }

    [Fact]
    public void Failed_HasTheReason()
    {
        var rig = new CheckpointRig(Every(10, tolerable: 1));
        rig.At(10);
        rig.Decline(1, B0);
        var overview = rig.Coordinator.History.Current;
        Assert.Equal(CheckpointStatus.Failed, overview.LatestFailed!.Status);
        Assert.Equal("MR3102: Checkpoint 1 failed in subtask 0 of task 1: cannot write", overview.LatestFailed.FailureReason);
        Assert.Null(overview.LatestCompleted);
        Assert.Equal(new CheckpointCounts(1, 0, 1, 0, 0), overview.Counts);
    }

    [Fact]
    public void Savepoint_IsTheLatestSavepoint()
    {
        var rig = new CheckpointRig();
        rig.Request(Savepoint());
        rig.Complete(1);
        Assert.Equal(1, rig.Coordinator.History.Current.LatestSavepoint!.Id);
        Assert.Null(rig.Coordinator.History.Current.LatestCompleted);
    }

    [Fact]
    public void Restored_IsRemembered()
    {
        var history = new CheckpointHistory();
        history.Restored(5, SnapshotKind.NativeSavepoint, "savepoints/x", 77);
        Assert.Equal(new RestoredCheckpoint(5, SnapshotKind.NativeSavepoint, "savepoints/x", 77), history.Current.LatestRestored);
        Assert.Equal(1, history.Current.Counts.Restored);
    }

    [Fact]
    public void Records_MoreThanTheCapacity_KeepsTheLast()
    {
        var history = new CheckpointHistory();
        for (long id = 1; id <= 250; id++)
        {
            history.Triggered(new CheckpointBarrier(id, id), 1);
            if (id > 1)
            {
                history.Completed(id, null, id);
            }
        }

        history.Completed(1, "late", 300);
        var overview = history.Current;
        Assert.Equal(Enumerable.Range(151, 100).Select(id => (long)id), overview.Records.Select(record => record.Id));
        Assert.Equal("late", overview.LatestCompleted!.Path);
        Assert.Equal(new CheckpointCounts(250, 250, 0, 0, 0), overview.Counts);
    }
}
