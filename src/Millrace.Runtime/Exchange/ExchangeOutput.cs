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
    private readonly RecordBatch<T>?[] _open;
    private readonly Queue<StreamElement<T>>[] _waiting;

    public ExchangeOutput(Partitioner<T> partitioner, IChannelSender<T>[] channels, TaskPressure pressure, ExecutionOptions options)
    {
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

    public void Control(in ControlElement element)
    {
        for (int channel = 0; channel < _channels.Length; channel++)
        {
            Flush(channel);
            Send(channel, new StreamElement<T>(element));
        }
    }

    public override void Flush()
    {
        for (int channel = 0; channel < _channels.Length; channel++)
        {
            Flush(channel);
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

            Send(channel, new StreamElement<T>(batch));
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
            Send(channel, new StreamElement<T>(batch));
            return;
        }

        Copy(channel, batch, 0, batch.Count);
        BatchPool<T>.Return(batch);
    }

    private void Flush(int channel)
    {
        if (_open[channel] is { } batch)
        {
            _open[channel] = null;
            Send(channel, new StreamElement<T>(batch));
        }
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
