using Millrace.Runtime.Checkpointing;

namespace Millrace.Runtime.Exchange;

/// <summary>
/// The way out of a task to the subtasks of another: a partitioner deals records out to channels; what a channel has no credit for waits here,
/// and while anything waits the task takes no more input.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class ExchangeOutput<T> : TaskOutput, IReceiver<T>
{
    private readonly Partitioner<T> _partitioner;
    private readonly IChannelSender<T>[] _channels;
    private readonly TaskPressure _pressure;
    private readonly int _batchSize;
    private readonly bool _flushEveryBatch;
    private readonly Func<int, ChannelRecording<T>>? _recorder;
    private readonly RecordBatch<T>?[] _open;
    private readonly Queue<StreamElement<T>>[] _waiting;

    /// <param name="partitioner">Deals records out.</param>
    /// <param name="channels">The channels.</param>
    /// <param name="pressure">The task's.</param>
    /// <param name="options">The job's options.</param>
    /// <param name="recorder">Makes recordings of channels, by their index; null where barriers never overtake.</param>
    public ExchangeOutput(
        Partitioner<T> partitioner, IChannelSender<T>[] channels, TaskPressure pressure, ExecutionOptions options, Func<int, ChannelRecording<T>>? recorder = null)
    {
        _recorder = recorder;
        _partitioner = partitioner;
        _channels = channels;
        _pressure = pressure;
        _batchSize = options.BatchSize;
        _flushEveryBatch = options.BufferTimeout == TimeSpan.Zero;
        _open = new RecordBatch<T>?[channels.Length];
        _waiting = [.. channels.Select(_ => new Queue<StreamElement<T>>())];
    }

    public int ChannelCount => _channels.Length;

    public void Receive(RecordBatch<T> batch)
    {
        _partitioner.Route(batch, this);
        if (_flushEveryBatch)
        {
            Flush();
        }
    }

    public override void Control(in ControlElement element)
    {
        for (int channel = 0; channel < _channels.Length; channel++)
        {
            Flush(channel);
            Send(channel, new StreamElement<T>(element));
        }
    }

    public override void Send(CheckpointBarrier barrier, bool overtakes, List<ChannelRecording> recordings)
    {
        Flush();
        if (_recorder is null)
        {
            Control(ControlElement.Barrier(barrier));
            return;
        }

        if (overtakes)
        {
            for (int channel = 0; channel < _channels.Length; channel++)
            {
                Announce(channel, barrier, _waiting[channel], recordings);
            }

            return;
        }

        Control(ControlElement.Barrier(barrier));
        if (barrier.Alignment == BarrierAlignment.AlignedWithTimeout)
        {
            foreach (var channel in _channels)
            {
                channel.Announce(barrier);
            }
        }
    }

    // Where barriers never overtake, what waits in front of one comes to the consumer in front of it, and belongs to nobody's snapshot.
    public override bool HasWaiting(CheckpointBarrier barrier) => _recorder is not null && Array.Exists(_waiting, queue => queue.Any(element => IsBarrier(element, barrier)));

    public override void Overtake(CheckpointBarrier barrier, List<ChannelRecording> recordings)
    {
        for (int channel = 0; channel < _channels.Length; channel++)
        {
            var before = _waiting[channel].TakeWhile(element => !IsBarrier(element, barrier)).ToList();
            if (before.Count == _waiting[channel].Count)
            {
                continue;
            }

            // The barrier itself leaves the queue: the announcement takes its place.
            var rest = _waiting[channel].Where(element => !IsBarrier(element, barrier)).ToList();
            _waiting[channel].Clear();
            rest.ForEach(_waiting[channel].Enqueue);
            _pressure.Waiting--;
            Announce(channel, barrier, before, recordings);
        }
    }

    public override void Flush()
    {
        for (int channel = 0; channel < _channels.Length; channel++)
        {
            Flush(channel);
        }
    }

    public override void Flush(int channel)
    {
        if (_open[channel] is { } batch)
        {
            _open[channel] = null;
            Send(channel, new StreamElement<T>(batch));
        }
    }

    public override void Drain()
    {
        if (!_pressure.IsBlocked)
        {
            return;
        }

        for (int channel = 0; channel < _channels.Length; channel++)
        {
            var queue = _waiting[channel];
            while (queue.TryPeek(out var element) && _channels[channel].TrySend(element))
            {
                queue.Dequeue();
                _pressure.Waiting--;
            }
        }
    }

    /// <summary>The open batch of a channel, with room for at least one record.</summary>
    public RecordBatch<T> Open(int channel)
    {
        var batch = _open[channel];
        if (batch is not null)
        {
            if (batch.Count < _batchSize)
            {
                return batch;
            }

            SendFull(channel, batch);
        }

        return _open[channel] = BatchPool<T>.Rent(_batchSize);
    }

    /// <summary>Copies a run of records into a channel.</summary>
    public void Copy(int channel, RecordBatch<T> batch, int start, int count)
    {
        while (count > 0)
        {
            var open = Open(channel);
            int fitting = Math.Min(count, _batchSize - open.Count);
            open.Append(batch, start, fitting);
            start += fitting;
            count -= fitting;
        }
    }

    /// <summary>Sends a whole batch into a channel: as it is when it is well filled, else gathered with others. Takes the batch.</summary>
    public void Pass(int channel, RecordBatch<T> batch)
    {
        if (_open[channel] is null && batch.Count * 2 >= _batchSize)
        {
            SendFull(channel, batch);
            return;
        }

        Copy(channel, batch, 0, batch.Count);
        BatchPool<T>.Return(batch);
    }

    private static bool IsBarrier(in StreamElement<T> element, CheckpointBarrier barrier) => element.Control.Checkpoint?.CheckpointId == barrier.CheckpointId;

    private void Announce(int channel, CheckpointBarrier barrier, IEnumerable<StreamElement<T>> overtaken, List<ChannelRecording> recordings)
    {
        var recording = _recorder!(channel);
        foreach (var element in overtaken)
        {
            recording.Add(element);
        }

        if (recording.Count > 0)
        {
            recordings.Add(recording);
        }

        _channels[channel].Announce(barrier with { Alignment = BarrierAlignment.Unaligned });
    }

    private void SendFull(int channel, RecordBatch<T> batch)
    {
        // By index: an enumerator of a list behind an interface is an allocation.
        for (int i = 0; i < InStep.Count; i++)
        {
            InStep[i].Flush(channel);
        }

        Send(channel, new StreamElement<T>(batch));
    }

    private void Send(int channel, in StreamElement<T> element)
    {
        var queue = _waiting[channel];
        if (queue.Count > 0 || !_channels[channel].TrySend(element))
        {
            queue.Enqueue(element);
            _pressure.Waiting++;
        }
    }
}
