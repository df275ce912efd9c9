using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Operators;

/// <summary>One record in, any number out.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <typeparam name="TCall">How the function is called.</typeparam>
/// <param name="flatMap">Calls it.</param>
/// <param name="function">The function, where it has a lifecycle.</param>
internal sealed class FlatMapOperator<TIn, TOut, TCall>(TCall flatMap, FlatMapFunction<TIn, TOut>? function)
    : CollectingOperator<TIn, TOut>(function), IBatchReader<TIn>
    where TCall : struct, IRecordAction<TIn, Collector<TOut>>
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
                var call = flatMap;
                var collector = Collector;
                var values = batch.Records;
                for (; i < values.Length; i++)
                {
                    collector.Timestamp = batch.Timestamps[i];
                    call.Call(in values[i], collector);
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
