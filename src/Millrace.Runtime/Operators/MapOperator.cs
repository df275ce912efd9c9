using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Operators;

/// <summary>One record in, one out.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <param name="map">Gets a copy of the record; null where the other is given.</param>
/// <param name="function">The function, where it has a lifecycle.</param>
/// <param name="byReference">Gets the record by reference.</param>
internal sealed class MapOperator<TIn, TOut>(Func<TIn, TOut>? map, MapFunction<TIn, TOut>? function, InFunc<TIn, TOut>? byReference = null) : FunctionOperator<TIn, TOut>(function)
{
    // Taken out of the batch at its end: until then records and results have the same index.
    private readonly FailedRecords _failed = new();

    public override void Receive(RecordBatch<TIn> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        if (typeof(TIn) == typeof(TOut))
        {
            var same = (RecordBatch<TOut>)(object)batch;
            Apply(batch, same.Values);
            _failed.RemoveFrom(same);
            Output.Emit(same);
            return;
        }

        var result = BatchPool<TOut>.Rent(batch.Capacity);
        Apply(batch, result.Values);
        result.Count = batch.Count;
        result.SwapTimestamps(batch);
        _failed.RemoveFrom(result);
        BatchPool<TIn>.Return(batch);
        Output.Emit(result);
    }

    private void Apply(RecordBatch<TIn> batch, TOut[] results)
    {
        int i = 0;
        while (i < batch.Count)
        {
            try
            {
                var source = batch.Records[i..];
                var target = results.AsSpan(i, source.Length);
                if (byReference is { } callByReference)
                {
                    for (int k = 0; k < source.Length; k++, i++)
                    {
                        target[k] = callByReference(in source[k]);
                    }

                    break;
                }

                var call = map!;
                for (int k = 0; k < source.Length; k++, i++)
                {
                    target[k] = call(source[k]);
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnRecord(cause, batch.Values[i], batch.Timestamps[i]);
                _failed.Add(i++);
            }
        }
    }
}
