using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Operators;

/// <summary>An operator with two inputs and no key.</summary>
/// <typeparam name="TFirst">The type of the first input.</typeparam>
/// <typeparam name="TSecond">The type of the second input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class TwoInputOperator<TFirst, TSecond, TOut>(StreamFunction? function) : CollectingOperator<TOut>(function), ITwoInputOperator
{
    public IReceiver<T> InputOf<T>(int input) => input == 0 ? (IReceiver<T>)(object)new RecordInput<TFirst>(ReceiveFirst) : (IReceiver<T>)(object)new RecordInput<TSecond>(ReceiveSecond);

    protected abstract void ProcessFirst(TFirst value);

    protected abstract void ProcessSecond(TSecond value);

    private void ReceiveFirst(RecordBatch<TFirst> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        int i = 0;
        while (i < batch.Count)
        {
            try
            {
                var values = batch.Records;
                for (; i < values.Length; i++)
                {
                    Collector.Timestamp = batch.Timestamps[i];
                    ProcessFirst(values[i]);
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnRecord(cause, batch.Values[i], batch.Timestamps[i], input: 0, during: "on a record of the first input");
                i++;
            }
        }

        BatchPool<TFirst>.Return(batch);
    }

    private void ReceiveSecond(RecordBatch<TSecond> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        int i = 0;
        while (i < batch.Count)
        {
            try
            {
                var values = batch.Records;
                for (; i < values.Length; i++)
                {
                    Collector.Timestamp = batch.Timestamps[i];
                    ProcessSecond(values[i]);
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnRecord(cause, batch.Values[i], batch.Timestamps[i], input: 1, during: "on a record of the second input");
                i++;
            }
        }

        BatchPool<TSecond>.Return(batch);
    }
}
