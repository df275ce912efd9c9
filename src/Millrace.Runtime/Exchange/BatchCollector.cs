using Millrace.Runtime.Tasks;

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
        try
        {
            port.Emit(batch);
        }
        catch (Exception cause) when (cause is not (OperatorException or MillraceException or OperationCanceledException or OutOfMemoryException))
        {
            // A function is on the stack: whoever calls it must not take this for an error of the record, and go on without a whole batch.
            throw new OperatorException($"What an operator has emitted could not be handed on: {cause.GetType().Name}: {cause.Message}", cause);
        }
    }

    /// <summary>Room for records in the open batch, which are emitted by <see cref="Advance"/>.</summary>
    /// <param name="most">At most so many.</param>
    /// <param name="timestamps">Room for their timestamps.</param>
    public Span<T> GetSpan(int most, out Span<long> timestamps)
    {
        if (Count >= Limit)
        {
            Overflow();
        }

        int length = Math.Min(most, Limit - Count);
        timestamps = Timestamps.AsSpan(Count, length);
        return Values.AsSpan(Count, length);
    }

    /// <summary>Takes the first records of what was written behind those that are there.</summary>
    public void Advance(int count) => Count += count;

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
