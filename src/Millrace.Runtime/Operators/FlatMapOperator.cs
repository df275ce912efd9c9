using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Operators;

/// <summary>One record in, any number out.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <param name="flatMap">Gets a copy of the record; null where the other is given.</param>
/// <param name="function">The function, where it has a lifecycle.</param>
/// <param name="byReference">Gets the record by reference.</param>
internal sealed class FlatMapOperator<TIn, TOut>(Action<TIn, Collector<TOut>>? flatMap, FlatMapFunction<TIn, TOut>? function, InAction<TIn, Collector<TOut>>? byReference = null)
    : CollectingOperator<TIn, TOut>(function), IBatchReader<TIn>
{
    public override void Receive(RecordBatch<TIn> batch)
    {
        Read(batch);
        BatchPool<TIn>.Return(batch);
    }

    public void Read(RecordBatch<TIn> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        int i = 0;
        while (i < batch.Count)
        {
            try
            {
                var collector = Collector;
                var values = batch.Records;
                if (byReference is { } callByReference)
                {
                    for (; i < values.Length; i++)
                    {
                        collector.Timestamp = batch.Timestamps[i];
                        callByReference(in values[i], collector);
                    }

                    break;
                }

                var call = flatMap!;
                for (; i < values.Length; i++)
                {
                    collector.Timestamp = batch.Timestamps[i];
                    call(values[i], collector);
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnRecord(cause, batch.Values[i], batch.Timestamps[i]);
                i++;
            }
        }
    }
}
