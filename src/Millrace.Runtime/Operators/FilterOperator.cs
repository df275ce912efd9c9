using System.Runtime.CompilerServices;
using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Operators;

/// <summary>Keeps some records: the batch is compacted in place.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="predicate">Gets a copy of the record; null where the other is given.</param>
/// <param name="function">The function, where it has a lifecycle.</param>
/// <param name="byReference">Gets the record by reference.</param>
internal sealed class FilterOperator<T>(Func<T, bool>? predicate, FilterFunction<T>? function, InFunc<T, bool>? byReference = null) : FunctionOperator<T, T>(function)
{
    public override void Receive(RecordBatch<T> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        int kept = 0;
        int count = batch.Count;
        int i = 0;
        while (i < count)
        {
            try
            {
                var values = batch.Values.AsSpan(0, count);
                var timestamps = batch.Timestamps.AsSpan(0, count);
                for (; i < values.Length; i++)
                {
                    if (byReference is { } callByReference ? callByReference(in values[i]) : predicate!(values[i]))
                    {
                        values[kept] = values[i];
                        timestamps[kept] = timestamps[i];
                        kept++;
                    }
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnRecord(cause, batch.Values[i], batch.Timestamps[i]);
                i++;
            }
        }

        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            Array.Clear(batch.Values, kept, count - kept);
        }

        batch.Count = kept;
        Output.Emit(batch);
    }
}
