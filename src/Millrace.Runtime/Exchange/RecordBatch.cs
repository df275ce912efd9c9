using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Millrace.Runtime.Exchange;

/// <summary>
/// Records with their timestamps: the unit of dataflow. A batch has one owner at a time; whoever is handed a batch owns it, may change
/// it in place, and must hand it on or give it back to the pool.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class RecordBatch<T>(int capacity) : IHasCapacity
{
    public T[] Values = new T[capacity];
    public long[] Timestamps = new long[capacity];
    public int Count;

    /// <summary>What records stand for that have been aggregated of several; null where each is one. Only in front of operators that know it.</summary>
    public PartialColumn? Partials;

    /// <summary>Guards ownership in debug builds: a batch that is in the pool belongs to nobody.</summary>
    internal bool InPool;

    public int Capacity => Values.Length;

    public ReadOnlySpan<T> Records => Values.AsSpan(0, Count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in T value, long timestamp)
    {
        Debug.Assert(!InPool, "A batch in the pool was written to.");
        int count = Count;
        RecordCopy<T>.Write(ref Values[count], in value);
        Timestamps[count] = timestamp;
        Count = count + 1;
    }

    /// <summary>Copies <paramref name="count"/> records of <paramref name="source"/> behind those that are here.</summary>
    public void Append(RecordBatch<T> source, int start, int count)
    {
        Array.Copy(source.Values, start, Values, Count, count);
        Array.Copy(source.Timestamps, start, Timestamps, Count, count);
        if (source.Partials is { } partials)
        {
            Partials ??= partials.RentAnother();
            Partials.Copy(partials, start, Count, count);
        }

        Count += count;
    }

    /// <summary>Takes a record out; those behind it move up. As expensive as the batch is long: for what is rare.</summary>
    public void RemoveAt(int index)
    {
        Count--;
        Array.Copy(Values, index + 1, Values, index, Count - index);
        Array.Copy(Timestamps, index + 1, Timestamps, index, Count - index);
        Partials?.RemoveAt(index, Count - index);
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            Values[Count] = default!;
        }
    }

    /// <summary>Takes over the timestamps of another batch without copying them: the two exchange their arrays.</summary>
    public void SwapTimestamps<TOther>(RecordBatch<TOther> other)
    {
        Debug.Assert(other.Timestamps.Length >= other.Count && Values.Length >= other.Count, "The arrays of a batch are of one length.");
        (Timestamps, other.Timestamps) = (other.Timestamps, Timestamps);
    }
}
