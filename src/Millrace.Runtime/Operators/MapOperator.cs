using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Operators;

/// <summary>One record in, one out.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal sealed class MapOperator<TIn, TOut>(Func<TIn, TOut> map, MapFunction<TIn, TOut>? function) : FunctionOperator<TIn, TOut>(function)
{
    public override void Receive(RecordBatch<TIn> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        if (typeof(TIn) == typeof(TOut))
        {
            var same = (RecordBatch<TOut>)(object)batch;
            Apply(batch.Records, same.Values);
            Output.Emit(same);
            return;
        }

        var result = BatchPool<TOut>.Rent(batch.Capacity);
        Apply(batch.Records, result.Values);
        result.Count = batch.Count;
        result.SwapTimestamps(batch);
        BatchPool<TIn>.Return(batch);
        Output.Emit(result);
    }

    private void Apply(ReadOnlySpan<TIn> source, Span<TOut> target)
    {
        try
        {
            var call = map;
            target = target[..source.Length];
            for (int i = 0; i < source.Length; i++)
            {
                target[i] = call(source[i]);
            }
        }
        catch (Exception cause) when (cause is not OutOfMemoryException)
        {
            throw Context.Failure(cause, "on a record");
        }
    }
}
