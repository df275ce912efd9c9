using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Millrace.Runtime.Exchange;

/// <summary>
/// Keeps batches for reuse, per type of record. Batches are rented by producers and given back by consumers on other threads; a lock per batch
/// of a thousand records is not measurable.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal static class BatchPool<T>
{
    // Enough for the channels of a few dozen subtasks; beyond it batches are left to the garbage collector.
    private const int MaxPooled = 256;
    private static readonly Stack<RecordBatch<T>> Pool = new();

    /// <summary>An empty batch with exactly the given capacity.</summary>
    public static RecordBatch<T> Rent(int capacity)
    {
        lock (Pool)
        {
            // Jobs with different batch sizes meet only in tests: batches of another size are dropped.
            while (Pool.TryPop(out var batch))
            {
                if (batch.Values.Length == capacity && batch.Timestamps.Length == capacity)
                {
                    batch.InPool = false;
                    return batch;
                }
            }
        }

        return new RecordBatch<T>(capacity);
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
        lock (Pool)
        {
            if (Pool.Count < MaxPooled)
            {
                batch.InPool = true;
                Pool.Push(batch);
            }
        }
    }
}
