namespace Millrace.Runtime.Exchange;

/// <summary>Something with room for so many records.</summary>
internal interface IHasCapacity
{
    int Capacity { get; }
}

/// <summary>
/// Keeps what batches are made of for reuse. It is rented by producers and given back by consumers on other threads; a lock per batch of a thousand records is not measurable.
/// </summary>
/// <typeparam name="T">What is kept.</typeparam>
internal sealed class CapacityPool<T>
    where T : class, IHasCapacity
{
    // Enough for the channels of a few dozen subtasks; beyond it they are left to the garbage collector.
    private const int MaxPooled = 256;
    private readonly Stack<T> _kept = new();

    /// <summary>One with exactly the given capacity; null where there is none.</summary>
    public T? Rent(int capacity)
    {
        lock (_kept)
        {
            // Jobs with different batch sizes meet only in tests: those of another size are dropped.
            while (_kept.TryPop(out var item))
            {
                if (item.Capacity == capacity)
                {
                    return item;
                }
            }
        }

        return null;
    }

    /// <summary>Takes one that is empty and that nobody else uses.</summary>
    public void Return(T item)
    {
        lock (_kept)
        {
            if (_kept.Count < MaxPooled)
            {
                _kept.Push(item);
            }
        }
    }
}
