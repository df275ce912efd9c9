using System.Diagnostics;
using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Checkpointing;

/// <summary>
/// Decides for a subtask when it takes part in a checkpoint: keeps track of which of its channels have delivered the barrier, has channels wait or
/// recorded, and says when the moment has come. Knows nothing of records. Used on the subtask's own turn.
/// </summary>
/// <remarks>
/// Barriers as in "Lightweight Asynchronous Snapshots for Distributed Dataflows" (Carbone et al., 2015); overtaking as in Flink's unaligned
/// checkpoints (FLIP-76), except that an overtaking barrier is announced with its position and does not travel in the channel.
/// </remarks>
internal sealed class BarrierHandler
{
    // More of them than there are checkpoints at once: barriers that old do not come any more, or cannot be used if they do.
    private const int AbortsRemembered = 1_000;

    private readonly List<Channel> _channels = [];
    private Phase _phase;
    private int _missing;
    private int _recording;
    private long _begunAt;
    private long _lookedAt;

    // The last one that was taken: of those before it none can be taken any more.
    private long _over = -1;

    // Those behind it that have come to nothing, while others before and behind them go on. Their barriers may still be on their way.
    private readonly SortedSet<long> _aborted = [];

    // Triggers wait for the one before them. Where a later one gave an earlier one up, two sources that come late would each take another one, time after time,
    // and no checkpoint would ever be complete.
    private readonly List<CheckpointBarrier> _triggers = [];

    private enum Phase
    {
        /// <summary>No barrier has come.</summary>
        Idle,

        /// <summary>Barriers are waited for.</summary>
        Aligning,

        /// <summary>The snapshot is taken, and channels are recorded until their barriers come.</summary>
        Recording,
    }

    /// <summary>The checkpoint that is under way in this subtask.</summary>
    public CheckpointBarrier? Current { get; private set; }

    /// <summary>Whether the snapshot has been taken and only recordings are not complete.</summary>
    public bool IsRecording => _phase == Phase.Recording;

    /// <summary>What is waited for, for people.</summary>
    public string Status =>
        $"{_phase}, {_channels.Count(channel => channel.HasArrived)} of {_channels.Count} arrived, {_channels.Count(channel => channel.IsClosed)} closed, {_triggers.Count} more triggered";

    /// <summary>Whether there is a checkpoint under way or one that waits for its turn.</summary>
    public bool IsBusy => Current is not null || _triggers.Count > 0;

    /// <summary>Called when a checkpoint comes to nothing in this subtask because a later one has overtaken it, or its abort.</summary>
    public Action<CheckpointBarrier>? GivenUp { get; set; }

    /// <summary>
    /// Called when a barrier comes too late to be taken, and its checkpoint is not known to have come to nothing: somebody may wait for this subtask. May be called for every channel.
    /// </summary>
    public Action<CheckpointBarrier>? Ignored { get; set; }

    /// <summary>When to look again though nothing has arrived, by <see cref="Tasks.MonotonicClock"/> as all times here.</summary>
    public long NextTime =>
        _phase == Phase.Aligning && Current!.Alignment == BarrierAlignment.AlignedWithTimeout && HasArrivedSomewhere && _lookedAt < Current.OvertakeAt ? Current.OvertakeAt : long.MaxValue;

    /// <summary>How long the first barrier was under way, in milliseconds.</summary>
    public long StartDelay(CheckpointBarrier barrier) => Math.Max(0, _begunAt - barrier.BegunAt);

    /// <summary>How long the others were waited for, in milliseconds.</summary>
    public long AlignmentTime(long now) => Math.Max(0, now - _begunAt);

    private bool HasArrivedSomewhere { get; set; }

    /// <summary>Makes a channel known, before anything is taken from it.</summary>
    /// <param name="channels">The input that it belongs to.</param>
    /// <param name="index">Its number there.</param>
    /// <param name="isAlwaysAligned">Whether barriers must not overtake in it.</param>
    /// <returns>Its number here.</returns>
    public int Add(IBarrierChannels channels, int index, bool isAlwaysAligned)
    {
        _channels.Add(new Channel(channels, index, isAlwaysAligned));
        return _channels.Count - 1;
    }

    /// <summary>
    /// The coordinator begins a checkpoint here: at a source, or where all producers have ended. It is due behind those that were triggered before, and behind what producers had sent.
    /// </summary>
    /// <returns>Whether it is under way now, or will be.</returns>
    public bool Trigger(CheckpointBarrier barrier)
    {
        if (IsOver(barrier))
        {
            return false;
        }

        _triggers.Add(barrier);
        return true;
    }

    /// <summary>A barrier has come in order.</summary>
    public void Arrived(int channel, CheckpointBarrier barrier, long now)
    {
        if (!Begin(barrier, now))
        {
            return;
        }

        HasArrivedSomewhere = true;
        if (_phase == Phase.Recording)
        {
            // The barrier itself ends what there is to record.
            Recorded(channel);
            return;
        }

        Mark(channel);
    }

    /// <summary>All that stands before an announced barrier has been taken from a channel.</summary>
    public void Reached(int channel)
    {
        if (_phase == Phase.Aligning)
        {
            Mark(channel);
        }
    }

    /// <summary>A barrier has been announced that overtakes or may do so.</summary>
    public void Announced(int channel, BarrierAnnouncement announcement, long now)
    {
        var barrier = announcement.Barrier;
        if (!Begin(barrier, now))
        {
            return;
        }

        HasArrivedSomewhere = true;
        if (barrier.Alignment != BarrierAlignment.Unaligned)
        {
            return;
        }

        var it = _channels[channel];
        if (_phase == Phase.Recording)
        {
            it.Channels.EndRecordingAt(it.Index, announcement.Position);
        }
        else
        {
            Overtakes = true;
            it.Channels.StopAt(it.Index, announcement.Position);
        }
    }

    /// <summary>Nothing will come from a channel any more.</summary>
    public void Closed(int channel)
    {
        var it = _channels[channel];
        if (it.IsClosed)
        {
            return;
        }

        it.IsClosed = true;
        switch (_phase)
        {
            case Phase.Aligning when !it.HasArrived:
                _missing--;
                break;
            case Phase.Recording:
                Recorded(channel);
                break;
        }
    }

    /// <summary>All that a barrier overtakes in a channel is recorded.</summary>
    public void Recorded(int channel)
    {
        var it = _channels[channel];
        if (!it.IsRecorded)
        {
            return;
        }

        it.IsRecorded = false;
        it.Channels.StopRecording(it.Index);
        if (--_recording == 0 && _phase == Phase.Recording)
        {
            End();
        }
    }

    /// <summary>The checkpoint has been given up by the coordinator; others, before and behind it, go on.</summary>
    public void Abort(long checkpointId)
    {
        if (Current?.CheckpointId == checkpointId)
        {
            GiveUp();
        }
        else
        {
            _triggers.RemoveAll(barrier => barrier.CheckpointId == checkpointId);
            Forget(checkpointId);
        }
    }

    /// <summary>The subtask has looked, even if it cannot take anything now: what is over by then is no reason to wake it again.</summary>
    public void Look(long now) => _lookedAt = now;

    /// <summary>Whether the subtask is to take its snapshot now. After one is taken the next may be due at once.</summary>
    public bool IsDue(long now)
    {
        Look(now);
        BeginTriggered(now);
        if (_phase != Phase.Aligning)
        {
            return false;
        }

        if (_missing == 0)
        {
            return true;
        }

        bool overtakes = Overtakes || (HasArrivedSomewhere && Current!.Alignment == BarrierAlignment.AlignedWithTimeout && now >= Current.OvertakeAt);
        return overtakes && !_channels.Exists(channel => channel is { IsAlwaysAligned: true, HasArrived: false, IsClosed: false });
    }

    /// <summary>Whether the snapshot that is due overtakes, so that outputs must do so as well.</summary>
    public bool Overtakes { get; private set; }

    /// <summary>The subtask has frozen its state: channels go on, or are recorded.</summary>
    /// <returns>What is overtaken in the channels; complete when <see cref="IsRecording"/> is false again.</returns>
    public IReadOnlyList<ChannelRecording> Taken()
    {
        Debug.Assert(_phase == Phase.Aligning, "A snapshot is taken when it is due.");
        List<ChannelRecording> recordings = [];
        if (_missing > 0)
        {
            _phase = Phase.Recording;
            foreach (var channel in _channels)
            {
                channel.IsRecorded = channel is { HasArrived: false, IsClosed: false };
                _recording += channel.IsRecorded ? 1 : 0;
            }

            // Apart from the counting: a recording may be complete at once.
            foreach (var channel in _channels.FindAll(channel => channel.IsRecorded))
            {
                recordings.Add(channel.Channels.Record(channel.Index, Current!));
            }
        }
        else
        {
            End();
        }

        FreeAll();
        return recordings;
    }

    /// <summary>Takes a barrier up.</summary>
    /// <returns>Whether it belongs to the checkpoint that is under way now; one that is over says nothing any more.</returns>
    private bool Begin(CheckpointBarrier barrier, long now)
    {
        if (barrier.CheckpointId == Current?.CheckpointId)
        {
            return true;
        }

        if (IsOver(barrier))
        {
            return false;
        }

        if (Current is not null)
        {
            GiveUp();
        }

        Current = barrier;
        _phase = Phase.Aligning;
        _begunAt = now;
        Overtakes = false;
        HasArrivedSomewhere = false;
        _missing = _channels.Count(channel => !channel.IsClosed);
        foreach (var channel in _channels)
        {
            channel.HasArrived = false;
        }

        return true;
    }

    /// <summary>Whether a barrier comes too late to be taken.</summary>
    private bool IsOver(CheckpointBarrier barrier)
    {
        long id = barrier.CheckpointId;
        if (id == _over || _aborted.Contains(id))
        {
            return true;
        }

        if (id < _over || id < Current?.CheckpointId)
        {
            Ignored?.Invoke(barrier);
            return true;
        }

        return false;
    }

    /// <summary>Begins what was triggered. Barriers that are still in the channels stand before it.</summary>
    private void BeginTriggered(long now)
    {
        while (_phase == Phase.Idle && _triggers.Count > 0 && !_channels.Exists(channel => !channel.IsClosed))
        {
            var barrier = _triggers[0];
            _triggers.RemoveAt(0);
            Begin(barrier, now);
        }
    }

    private void Mark(int channel)
    {
        var it = _channels[channel];
        if (it.HasArrived || it.IsClosed)
        {
            return;
        }

        it.HasArrived = true;
        _missing--;
        if (Current!.Alignment != BarrierAlignment.AtLeastOnce)
        {
            it.Channels.Block(it.Index);
        }
    }

    private void GiveUp()
    {
        var barrier = Current!;
        foreach (var channel in _channels.FindAll(channel => channel.IsRecorded))
        {
            channel.IsRecorded = false;
            channel.Channels.StopRecording(channel.Index);
        }

        _recording = 0;
        FreeAll();
        BeIdle();
        Forget(barrier.CheckpointId);
        GivenUp?.Invoke(barrier);
    }

    private void Forget(long id)
    {
        if (id <= _over)
        {
            return;
        }

        _aborted.Add(id);
        if (_aborted.Count > AbortsRemembered)
        {
            IsOverUpTo(_aborted.Min);
        }
    }

    private void IsOverUpTo(long id)
    {
        _over = Math.Max(_over, id);
        while (_aborted.Count > 0 && _aborted.Min <= id)
        {
            _aborted.Remove(_aborted.Min);
        }
    }

    private void FreeAll()
    {
        foreach (var channel in _channels)
        {
            channel.Channels.Free(channel.Index);
        }
    }

    private void End()
    {
        IsOverUpTo(Current!.CheckpointId);
        BeIdle();
    }

    private void BeIdle()
    {
        Current = null;
        _phase = Phase.Idle;
        _missing = 0;
    }

    private sealed class Channel(IBarrierChannels channels, int index, bool isAlwaysAligned)
    {
        public IBarrierChannels Channels { get; } = channels;

        public int Index { get; } = index;

        public bool IsAlwaysAligned { get; } = isAlwaysAligned;

        public bool HasArrived { get; set; }

        public bool IsClosed { get; set; }

        public bool IsRecorded { get; set; }
    }
}
