using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Millrace.Runtime.Exchange;

/// <summary>Keeps batches for reuse, per type of record.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal static class BatchPool<T>
{
    private static readonly CapacityPool<RecordBatch<T>> Pool = new();

    /// <summary>An empty batch with exactly the given capacity.</summary>
    public static RecordBatch<T> Rent(int capacity)
    {
        var batch = Pool.Rent(capacity) ?? new RecordBatch<T>(capacity);
        batch.InPool = false;
        return batch;
    }

    public static void Return(RecordBatch<T> batch)
    {
        Debug.Assert(!batch.InPool, "A batch was returned twice.");
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            Array.Clear(batch.Values, 0, batch.Count);
        }

        batch.Partials?.Return(batch.Count);
        batch.Partials = null;
        batch.Count = 0;
        batch.InPool = true;

        // It may have got the timestamps of a batch of another size.
        if (batch.Timestamps.Length == batch.Capacity)
        {
            Pool.Return(batch);
        }
    }
}
