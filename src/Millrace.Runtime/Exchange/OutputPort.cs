using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Exchange;

/// <summary>An operator's way out: the next operator of the chain, or the exchange, or several of them, or nobody.</summary>
internal abstract class OutputPort
{
    public abstract void Control(in ControlElement element);
}

/// <summary>An operator's way out for records of one type.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class OutputPort<T> : OutputPort
{
    private IReceiver<T>[] _receivers = [];
    private OperatorMetrics? _metrics;

    public bool IsConnected => _receivers.Length > 0;

    public void Connect(IReceiver<T> receiver) => _receivers = [.. _receivers, receiver];

    /// <summary>Has records that leave here counted.</summary>
    public void CountInto(OperatorMetrics metrics) => _metrics = metrics;

    public void Emit(RecordBatch<T> batch)
    {
        if (batch.Count == 0 || _receivers.Length == 0)
        {
            BatchPool<T>.Return(batch);
            return;
        }

        _metrics?.AddRecordsOut(batch.Count);
        int last = _receivers.Length - 1;
        for (int i = 0; i < last; i++)
        {
            if (_receivers[i] is IBatchReader<T> reader)
            {
                reader.Read(batch);
                continue;
            }

            // Records are immutable, batches are not: every receiver but the last gets a batch of its own.
            var copy = BatchPool<T>.Rent(batch.Capacity);
            copy.Append(batch, 0, batch.Count);
            _receivers[i].Receive(copy);
        }

        _receivers[last].Receive(batch);
    }

    public override void Control(in ControlElement element)
    {
        foreach (var receiver in _receivers)
        {
            receiver.Control(element);
        }
    }
}
