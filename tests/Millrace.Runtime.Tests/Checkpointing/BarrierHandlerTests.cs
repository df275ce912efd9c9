using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Tests.Checkpointing;

public sealed class BarrierHandlerTests
{
    private readonly BarrierHandler _handler = new();
    private readonly FakeChannels _channels = new();
    private readonly List<long> _givenUp = [];
    private readonly List<long> _ignored = [];

    public BarrierHandlerTests()
    {
        _handler.GivenUp = barrier => _givenUp.Add(barrier.CheckpointId);
        _handler.Ignored = barrier => _ignored.Add(barrier.CheckpointId);
        for (int channel = 0; channel < 3; channel++)
        {
            _handler.Add(_channels, channel, isAlwaysAligned: channel == 2);
        }
    }

    [Fact]
    public void Arrived_InSomeChannels_BlocksTheseAndIsNotDue()
    {
        Arrive(0, 1);
        Arrive(2, 1);
        Assert.False(_handler.IsDue(0));
        Assert.Equal([0, 2], _channels.Blocked);
    }

    [Fact]
    public void Arrived_InAllChannels_IsDueOnceAndFreesAll()
    {
        Arrive(0, 1);
        Arrive(1, 1);
        Arrive(2, 1);
        Assert.True(_handler.IsDue(0));
        Assert.Empty(_handler.Taken());
        Assert.False(_handler.IsDue(0));
        Assert.Empty(_channels.Blocked);
    }

    [Fact]
    public void Arrived_AtLeastOnce_BlocksNothing()
    {
        Arrive(0, 1, BarrierAlignment.AtLeastOnce);
        Assert.Empty(_channels.Blocked);
    }

    [Fact]
    public void Closed_ChannelThatWasWaitedFor_IsDue()
    {
        Arrive(0, 1);
        Arrive(1, 1);
        _handler.Closed(2);
        _handler.Closed(2);
        Assert.True(_handler.IsDue(0));
    }

    [Fact]
    public void Arrived_LaterBarrier_GivesTheEarlierUp()
    {
        Arrive(0, 1);
        Arrive(1, 2);
        Assert.Equal([1], _givenUp);
        Assert.Equal([1], _channels.Blocked);

        // The rest of the earlier one says nothing any more.
        Arrive(2, 1);
        Assert.Equal(2, _handler.Current!.CheckpointId);
        Assert.Equal([1], _channels.Blocked);
    }

    [Fact]
    public void Abort_WhileAligning_FreesAllAndForgetsLaterBarriersOfIt()
    {
        Arrive(0, 1);
        _handler.Abort(1);
        Assert.Empty(_channels.Blocked);
        Arrive(1, 1);
        Assert.Null(_handler.Current);
        Assert.Empty(_channels.Blocked);
    }

    [Fact]
    public void Abort_OfALaterOne_TheEarlierGoesOn()
    {
        Arrive(0, 1);
        _handler.Abort(2);
        Arrive(1, 2);
        Assert.Empty(_givenUp);
        Assert.Equal([0], _channels.Blocked);
        Arrive(1, 1);
        Arrive(2, 1);
        Assert.True(_handler.IsDue(0));
        _handler.Taken();

        // What is on its way of the other one says nothing.
        Arrive(0, 2);
        Assert.Null(_handler.Current);
        Assert.Empty(_ignored);
    }

    [Fact]
    public void Abort_OfALaterOneBeforeTheEarlierHasCome_TheEarlierBegins()
    {
        _handler.Abort(2);
        Arrive(0, 1);
        Assert.Equal(1, _handler.Current!.CheckpointId);
    }

    [Fact]
    public void Arrived_BehindALaterOneThatWasTaken_IsIgnoredAndSaidSo()
    {
        Arrive(0, 2);
        Arrive(1, 2);
        Arrive(2, 2);
        _handler.Taken();
        Arrive(0, 1);
        Assert.Equal([1], _ignored);

        // Of the one that was taken something may be left.
        Arrive(0, 2);
        Assert.Equal([1], _ignored);
    }

    [Fact]
    public void Arrived_BehindALaterOneThatIsUnderWay_IsIgnoredAndSaidSoUntilItIsAborted()
    {
        Arrive(0, 2);
        Arrive(1, 1);
        _handler.Abort(1);
        Arrive(2, 1);
        Assert.Equal([1], _ignored);
        Assert.Equal(2, _handler.Current!.CheckpointId);
    }

    [Fact]
    public void Abort_OfVeryMany_TheyStayOver()
    {
        for (int id = 1; id <= 3_000; id++)
        {
            _handler.Abort(id);
        }

        for (int id = 1; id <= 3_000; id++)
        {
            Arrive(0, id);
            Assert.Null(_handler.Current);
        }

        Arrive(0, 3_001);
        Assert.Equal(3_001, _handler.Current!.CheckpointId);
    }

    [Fact]
    public void Announced_Overtaking_WaitsOnlyForChannelsThatAreAlwaysAligned()
    {
        Announce(0, 1, position: 7);
        Assert.Equal(7, _channels.StopAt[0]);
        Assert.False(_handler.IsDue(0));
        Arrive(2, 1, BarrierAlignment.Unaligned);
        Assert.True(_handler.IsDue(0));
        Assert.Equal(2, _handler.Taken().Count);
        Assert.True(_handler.IsRecording);
        _handler.Recorded(0);
        Assert.True(_handler.IsRecording);
        Arrive(1, 1, BarrierAlignment.Unaligned);
        Assert.False(_handler.IsRecording);
        Assert.Null(_handler.Current);
        Assert.Empty(_channels.Recorded);
    }

    [Fact]
    public void Closed_WhileRecording_EndsTheRecording()
    {
        Announce(0, 1, position: 0);
        Arrive(2, 1, BarrierAlignment.Unaligned);
        _handler.Taken();
        _handler.Recorded(0);
        _handler.Closed(1);
        Assert.False(_handler.IsRecording);
    }

    [Fact]
    public void Abort_WhileRecording_StopsAllRecordings()
    {
        Announce(0, 1, position: 0);
        Arrive(2, 1, BarrierAlignment.Unaligned);
        _handler.Taken();
        _handler.Abort(1);
        Assert.Empty(_channels.Recorded);
        Assert.False(_handler.IsRecording);
        Assert.Equal([1], _givenUp);
    }

    [Fact]
    public void IsDue_WithTimeout_OvertakesWhenItHasCome()
    {
        Arrive(0, 1, BarrierAlignment.AlignedWithTimeout, overtakeAt: 100);
        Arrive(2, 1, BarrierAlignment.AlignedWithTimeout, overtakeAt: 100);
        Assert.Equal(100, _handler.NextTime);
        Assert.False(_handler.IsDue(99));
        Assert.True(_handler.IsDue(100));
        Assert.Single(_handler.Taken());
        Assert.Equal([1], _channels.Recorded);
    }

    [Fact]
    public void Trigger_WithoutOpenChannels_IsDueAtOnce()
    {
        var source = new BarrierHandler();
        Assert.True(source.Trigger(Barrier(1, BarrierAlignment.Aligned, long.MaxValue)));
        Assert.True(source.IsDue(0));
        source.Taken();
        Assert.False(source.Trigger(Barrier(1, BarrierAlignment.Aligned, long.MaxValue)));
        Assert.False(source.IsDue(0));
    }

    [Fact]
    public void Trigger_BeforeTheOneBeforeItIsTaken_WaitsForItsTurn()
    {
        // A source that comes late finds several triggers: none of them is lost for the others.
        var source = new BarrierHandler { GivenUp = barrier => _givenUp.Add(barrier.CheckpointId) };
        for (int id = 1; id <= 4; id++)
        {
            Assert.True(source.Trigger(Barrier(id, BarrierAlignment.Aligned, long.MaxValue)));
        }

        source.Abort(3);
        List<long> taken = [];
        while (source.IsDue(0))
        {
            taken.Add(source.Current!.CheckpointId);
            source.Taken();
        }

        Assert.Equal([1, 2, 4], taken);
        Assert.Empty(_givenUp);
        Assert.False(source.IsBusy);
    }

    [Fact]
    public void Trigger_WhereProducersHaveEnded_IsTakenBehindTheBarriersThatTheyHaveSent()
    {
        Arrive(0, 1);
        Assert.True(_handler.Trigger(Barrier(2, BarrierAlignment.Aligned, long.MaxValue)));
        Assert.False(_handler.IsDue(0));
        for (int channel = 0; channel < 3; channel++)
        {
            Arrive(channel, 1);
            _handler.Closed(channel);
        }

        Assert.True(_handler.IsDue(0));
        Assert.Equal(1, _handler.Current!.CheckpointId);
        _handler.Taken();
        Assert.True(_handler.IsDue(0));
        Assert.Equal(2, _handler.Current!.CheckpointId);
        Assert.Empty(_givenUp);
        Assert.Empty(_ignored);
    }

    private static CheckpointBarrier Barrier(long id, BarrierAlignment alignment, long overtakeAt) => new(id, 0, Alignment: alignment, OvertakeAfter: overtakeAt);

    private void Arrive(int channel, long id, BarrierAlignment alignment = BarrierAlignment.Aligned, long overtakeAt = long.MaxValue) =>
        _handler.Arrived(channel, Barrier(id, alignment, overtakeAt), 0);

    private void Announce(int channel, long id, long position) =>
        _handler.Announced(channel, new BarrierAnnouncement(Barrier(id, BarrierAlignment.Unaligned, long.MaxValue), position), 0);

    private sealed class FakeChannels : IBarrierChannels
    {
        public SortedSet<int> Blocked { get; } = [];

        public SortedSet<int> Recorded { get; } = [];

        public Dictionary<int, long> StopAt { get; } = [];

        public void Block(int channel) => Blocked.Add(channel);

        public void Free(int channel) => Blocked.Remove(channel);

        void IBarrierChannels.StopAt(int channel, long position) => StopAt[channel] = position;

        public ChannelRecording Record(int channel, CheckpointBarrier barrier)
        {
            Recorded.Add(channel);
            return new ChannelRecording<int>("edge", 0, channel, false, null!);
        }

        public void EndRecordingAt(int channel, long position)
        {
        }

        public void StopRecording(int channel) => Recorded.Remove(channel);
    }
}
