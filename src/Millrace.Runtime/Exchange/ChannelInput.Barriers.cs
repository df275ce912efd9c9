using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;

namespace Millrace.Runtime.Exchange;

/// <summary>What an input needs to take part in checkpoints.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="Handler">The subtask's barriers.</param>
/// <param name="Serializer">Writes records in flight.</param>
/// <param name="Sources">Where each channel comes from.</param>
/// <param name="Consumer">Which subtask this is.</param>
/// <param name="Now"><see cref="MonotonicClock"/>.</param>
internal sealed record ChannelBarriers<T>(
    BarrierHandler Handler, TypeSerializer<T> Serializer, IReadOnlyList<ChannelSource> Sources, int Consumer, Func<long> Now);

/// <summary>Where a channel comes from.</summary>
/// <param name="Edge">The edge.</param>
/// <param name="Producer">The producing subtask.</param>
/// <param name="IsAlwaysAligned">Whether barriers must not overtake in it.</param>
/// <param name="Partitioning">How the edge deals records out.</param>
internal readonly record struct ChannelSource(string Edge, int Producer, bool IsAlwaysAligned, PartitioningKind Partitioning = PartitioningKind.Default);

/// <content>Barriers: channels that wait, channels that are recorded, and what was restored from such recordings.</content>
internal sealed partial class ChannelInput<T> : IBarrierChannels
{
    private readonly Queue<(int Channel, StreamElement<T> Element)> _restored = new();
    private ChannelBarriers<T>? _barriers;
    private int _firstChannel;
    private long[] _stopAt = [];
    private ChannelRecording<T>?[] _recordings = [];
    private long[] _recordFrom = [];
    private long[] _recordUntil = [];
    private bool _stopsSomewhere;
    private bool _isRecording;

    /// <summary>Puts restored elements in front of the channels. Before the first poll.</summary>
    /// <param name="channel">The channel that they count as.</param>
    /// <param name="elements">The elements; batches may be of any size.</param>
    public void Restore(int channel, IEnumerable<StreamElement<T>> elements)
    {
        foreach (var element in elements)
        {
            if (element.Batch is not { } batch)
            {
                _restored.Enqueue((channel, element));
                continue;
            }

            // In the sizes of this run: what was recorded may be larger than its batches are.
            for (int start = 0; start < batch.Count; start += _batchSize)
            {
                var part = BatchPool<T>.Rent(_batchSize);
                part.Append(batch, start, Math.Min(_batchSize, batch.Count - start));
                _restored.Enqueue((channel, new StreamElement<T>(part)));
            }
        }
    }

    /// <summary>How records in flight are dealt out, by edge.</summary>
    public IReadOnlyDictionary<string, InFlightRoute<T>> Routes { get; init; } = new Dictionary<string, InFlightRoute<T>>();

    public override void RestoreInFlight(IReadOnlyList<InFlightSnapshot> snapshots)
    {
        int consumer = _barriers!.Consumer;
        foreach (var edge in snapshots.Where(snapshot => Routes.ContainsKey(snapshot.Channel.Edge)).GroupBy(snapshot => snapshot.Channel.Edge))
        {
            int first = IndexOf(source => source.Edge == edge.Key);
            // What the consumer had taken over comes before what the producer still had.
            foreach (var snapshot in edge.OrderBy(s => s.Channel.Producer).ThenBy(s => s.Channel.Consumer).ThenBy(s => s.Channel.IsOutput))
            {
                var channel = snapshot.Channel;
                var route = Routes[edge.Key];
                if (snapshot.IsSameChannel)
                {
                    if (channel.Consumer == consumer)
                    {
                        Restore(IndexOf(source => source.Edge == edge.Key && source.Producer == channel.Producer), route.Read(snapshot));
                    }
                }
                else if (first >= 0)
                {
                    Restore(first, route.Select(route.Read(snapshot), InFlightRoute<T>.NumberOf(channel), consumer));
                }
            }
        }

        int IndexOf(Func<ChannelSource, bool> condition)
        {
            for (int channel = 0; channel < _barriers.Sources.Count; channel++)
            {
                if (condition(_barriers.Sources[channel]))
                {
                    return channel;
                }
            }

            return -1;
        }
    }

    void IBarrierChannels.Block(int channel) => _passedOver[channel] = true;

    void IBarrierChannels.Free(int channel)
    {
        _passedOver[channel] = _closed[channel];
        ClearStop(channel);
    }

    void IBarrierChannels.StopAt(int channel, long position)
    {
        _stopAt[channel] = position;
        _stopsSomewhere = true;
    }

    ChannelRecording IBarrierChannels.Record(int channel, CheckpointBarrier barrier)
    {
        var source = _barriers!.Sources[channel];
        var recording = new ChannelRecording<T>(source.Edge, source.Producer, _barriers.Consumer, isOutput: false, _barriers.Serializer) { Partitioning = source.Partitioning };
        if (_batch is { } batch && _batchChannel == channel)
        {
            recording.Add(batch, _position);
        }

        foreach (var restored in _restored)
        {
            if (restored.Channel == channel)
            {
                recording.Add(restored.Element);
            }
        }

        long until = _stopAt[channel];
        bool isEnd = false;
        long seen = _channels[channel].Taken;
        _channels[channel].Peek((position, element) =>
        {
            isEnd = position >= until || element.Control.Kind == ElementKind.Closed || element.Control.Checkpoint?.CheckpointId == barrier.CheckpointId;
            if (!isEnd)
            {
                recording.Add(element, position);
                seen = position + 1;
            }

            return !isEnd;
        });

        if (isEnd || seen >= until)
        {
            _barriers.Handler.Recorded(_firstChannel + channel);
        }
        else
        {
            // What has been seen is in the recording; it goes on with what is taken from behind it.
            _recordings[channel] = recording;
            _recordFrom[channel] = seen;
            _recordUntil[channel] = until;
            _isRecording = true;
        }

        return recording;
    }

    void IBarrierChannels.EndRecordingAt(int channel, long position)
    {
        if (_recordings[channel] is not { } recording)
        {
            return;
        }

        // The announcement may have been under way while elements behind it were seen already.
        recording.RemoveFrom(position);
        _recordUntil[channel] = position;
        if (Math.Max(_channels[channel].Taken, _recordFrom[channel]) >= position)
        {
            _barriers!.Handler.Recorded(_firstChannel + channel);
        }
    }

    void IBarrierChannels.StopRecording(int channel)
    {
        _recordings[channel] = null;
        _recordUntil[channel] = long.MaxValue;
        _isRecording = Array.Exists(_recordings, recording => recording is not null);
    }

    private void ClearStop(int channel)
    {
        _stopAt[channel] = long.MaxValue;
        _stopsSomewhere = Array.Exists(_stopAt, position => position != long.MaxValue);
    }

    private void Connect(ChannelBarriers<T> barriers)
    {
        _barriers = barriers;
        _stopAt = new long[_channels.Length];
        Array.Fill(_stopAt, long.MaxValue);
        _recordings = new ChannelRecording<T>?[_channels.Length];
        _recordFrom = new long[_channels.Length];
        _recordUntil = new long[_channels.Length];
        for (int channel = 0; channel < _channels.Length; channel++)
        {
            int number = barriers.Handler.Add(this, channel, barriers.Sources[channel].IsAlwaysAligned);
            if (channel == 0)
            {
                _firstChannel = number;
            }

            _channels[channel].OnAnnounced(announcement => barriers.Handler.Announced(number, announcement, barriers.Now()));
        }
    }

    private bool HasReachedBarrier(int channel)
    {
        if (_channels[channel].Taken < _stopAt[channel])
        {
            return false;
        }

        ClearStop(channel);
        _barriers!.Handler.Reached(_firstChannel + channel);
        return _passedOver[channel];
    }

    /// <summary>Sees an element that has just been taken.</summary>
    private void Record(int channel, in StreamElement<T> element)
    {
        if (_recordings[channel] is not { } recording)
        {
            return;
        }

        long position = _channels[channel].Taken - 1;
        if (position >= _recordFrom[channel] && position < _recordUntil[channel])
        {
            recording.Add(element, position);
        }

        if (position + 1 >= _recordUntil[channel])
        {
            _barriers!.Handler.Recorded(_firstChannel + channel);
        }
    }

    private void FeedRestored()
    {
        var (channel, element) = _restored.Dequeue();
        if (element.Batch is { } batch)
        {
            _batch = batch;
            _batchChannel = channel;
            _position = 0;
            FeedSlice();
        }
        else
        {
            Handle(channel, element.Control);
        }
    }
}
