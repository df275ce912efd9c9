using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Tests.Operators;
using Millrace.Serialization;
using Millrace.Testing.Simulation;

namespace Millrace.Runtime.Tests.Checkpointing;

/// <summary>Checkpoints of a subtask with two channels, on its own turn and by its own clock.</summary>
public sealed class SubtaskCheckpointTests : ISnapshotWriter, ISubtaskListener, ISnapshotListener
{
    private readonly SimulatedScheduler _world = new(1);
    private readonly SimulatedProcess _process;
    private readonly Head _head = new();
    private readonly Subtask _subtask;
    private readonly List<(long Id, double StartDelay)> _acknowledged = [];
    private readonly List<long> _declined = [];

    public SubtaskCheckpointTests()
    {
        _process = _world.StartProcess("process");
        _subtask = new Subtask(
            new SubtaskId(0, 0),
            "subtask",
            _process,
            ActorPlacement.Shared,
            new ExecutionOptions(),
            this,
            _ => new OperatorChain([_head], [new NoInput()], []),
            subtask => new SubtaskCheckpoints(subtask, this, this, _process));

        // Gives it a context.
        _ = new OperatorRig(_head);
        var channels = new NoChannels(_subtask.Checkpoints!.Barriers);
        _subtask.Checkpoints.Barriers.Add(channels, 0, isAlwaysAligned: false);
        _subtask.Checkpoints.Barriers.Add(channels, 1, isAlwaysAligned: false);
        _subtask.Wake();
    }

    private long Now => _process.TimeProvider.GetMilliseconds();

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void A_clock_that_is_set_changes_neither_when_barriers_overtake_nor_what_is_measured(int hours)
    {
        long begun = Now;
        _process.JumpClock(TimeSpan.FromHours(hours));
        Arrive(0, 1);
        RunFor(0.9);
        Assert.Empty(_acknowledged);
        RunFor(0.2);
        Assert.Equal(1, Assert.Single(_acknowledged).Id);
        Assert.InRange(_acknowledged[0].StartDelay, 0, Now - begun);
        Assert.InRange(Now - begun, 1_000, 2_000);
    }

    [Fact]
    public void A_subtask_that_cannot_go_on_is_not_woken_over_and_over_by_a_barrier_that_may_overtake()
    {
        _head.IsBusy = true;
        _subtask.Pressure.Waiting = 1;
        Arrive(0, 1);
        RunFor(2);
        long steps = _world.Steps;
        RunFor(10);
        Assert.InRange(_world.Steps - steps, 0, 5);

        // What it waited for has come.
        _head.IsBusy = false;
        _subtask.Pressure.Waiting = 0;
        _subtask.Wake();
        RunFor(1);
        Assert.Equal(1, Assert.Single(_acknowledged).Id);
    }

    [Fact]
    public void A_snapshot_that_is_being_written_goes_on_when_a_later_checkpoint_comes_to_nothing()
    {
        _process.BackgroundDelay = () => TimeSpan.FromSeconds(1);
        Arrive(0, 1);
        Arrive(1, 1);
        RunFor(0.5);
        _subtask.CheckpointAborted(2);
        RunFor(3);
        Assert.Equal(1, Assert.Single(_acknowledged).Id);
        Assert.Empty(_declined);
    }

    [Fact]
    public void A_snapshot_that_is_being_written_is_given_up_with_its_own_checkpoint()
    {
        _process.BackgroundDelay = () => TimeSpan.FromSeconds(1);
        Arrive(0, 1);
        Arrive(1, 1);
        RunFor(0.5);
        _subtask.CheckpointAborted(1);
        RunFor(3);
        Assert.Empty(_acknowledged);
    }

    [Fact]
    public void A_barrier_that_comes_too_late_is_declined()
    {
        Arrive(0, 2);
        Arrive(1, 2);
        RunFor(1);
        Arrive(0, 1);
        Arrive(0, 2);
        RunFor(1);
        Assert.Equal(2, Assert.Single(_acknowledged).Id);
        Assert.Equal([1], _declined);
    }

    TaskSnapshot ISnapshotWriter.Write(PendingSnapshot snapshot, SubtaskId subtask, TimeSpan waited, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new TaskSnapshot(subtask, [], [], false, new SnapshotStatistics(snapshot.StartDelay, snapshot.Alignment, 0, 0, 0, 0, 0));
    }

    void ISubtaskListener.SubtaskChanged(SubtaskId subtask, SubtaskState state, Exception? error) => Assert.Null(error);

    void ISnapshotListener.Acknowledged(SubtaskId subtask, long checkpointId, TaskSnapshot snapshot) => _acknowledged.Add((checkpointId, snapshot.Statistics.StartDelay));

    void ISnapshotListener.Declined(SubtaskId subtask, long checkpointId, Exception error) => _declined.Add(checkpointId);

    void ISnapshotListener.Drained(SubtaskId subtask)
    {
    }

    private void Arrive(int channel, long id)
    {
        var barrier = new CheckpointBarrier(id, 0, Alignment: BarrierAlignment.AlignedWithTimeout, OvertakeAfter: 1_000) { BegunAt = Now };
        _subtask.Mailbox.Post(() => _subtask.Checkpoints!.Barriers.Arrived(channel, barrier, Now));
    }

    private void RunFor(double seconds)
    {
        var end = _world.Time.GetUtcNow() + TimeSpan.FromSeconds(seconds);
        using var alarm = _world.Time.CreateTimer(static _ => { }, null, end - _world.Time.GetUtcNow(), Timeout.InfiniteTimeSpan);
        _world.RunUntil(() => _world.Time.GetUtcNow() >= end);
    }

    private sealed class Head : StreamOperator
    {
        public bool IsBusy { get; set; }

        public override bool IsUnfinished => IsBusy;

        public override void Flush()
        {
        }

        public override void Snapshot(PendingOperatorSnapshot snapshot)
        {
        }

        public override void CheckpointAborted(long checkpointId)
        {
        }
    }

    private sealed class NoInput : TaskInput
    {
        public override InputStatus Poll() => InputStatus.Empty;
    }

    /// <summary>Whatever a barrier overtakes, nothing of it is on its way.</summary>
    private sealed class NoChannels(BarrierHandler handler) : IBarrierChannels
    {
        public void Block(int channel)
        {
        }

        public void Free(int channel)
        {
        }

        public void StopAt(int channel, long position)
        {
        }

        public ChannelRecording Record(int channel, CheckpointBarrier barrier)
        {
            handler.Recorded(channel);
            return new AllHere();
        }

        public void EndRecordingAt(int channel, long position)
        {
        }

        public void StopRecording(int channel)
        {
        }

        private sealed class AllHere() : ChannelRecording("edge", 0, 0, false)
        {
            public override TypeSchema Schema => TypeSerializers.Get<long>().Schema;

            public override int Count => 0;

            public override void Write(Stream stream)
            {
            }
        }
    }
}
