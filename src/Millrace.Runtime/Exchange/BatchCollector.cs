namespace Millrace.Runtime.Exchange;

/// <summary>Gathers what a function emits into batches, and hands full ones to a port.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class BatchCollector<T>(OutputPort<T> port, int batchSize) : Collector<T>
{
    private RecordBatch<T>? _batch;

    /// <summary>Hands on what has been gathered.</summary>
    public void Flush()
    {
        if (_batch is not { } batch)
        {
            return;
        }

        batch.Count = Count;
        Values = [];
        Timestamps = [];
        Count = 0;
        Limit = 0;
        _batch = null;
        port.Emit(batch);
    }

    private protected override void Overflow()
    {
        Flush();
        _batch = BatchPool<T>.Rent(batchSize);
        Values = _batch.Values;
        Timestamps = _batch.Timestamps;
        Limit = batchSize;
        Count = 0;
    }
}
