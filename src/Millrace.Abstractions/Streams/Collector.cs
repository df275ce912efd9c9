using System.Runtime.CompilerServices;

namespace Millrace;

/// <summary>
/// Takes the results of a function. A collected record gets the timestamp of the record (or timer, or window) that is being
/// processed, unless another one is given.
/// </summary>
/// <remarks>
/// A collector belongs to one subtask: call it only from inside the function it was handed to, never from another thread and never
/// after the call has returned. A record is immutable from the moment it is collected.
/// </remarks>
/// <typeparam name="T">The type of the results.</typeparam>
public abstract class Collector<T>
{
    // The open batch. Collecting is one bounds check and two stores; a virtual call happens once a batch (Overflow).
    private protected T[] Values = [];
    private protected long[] Timestamps = [];
    private protected int Count;
    private protected int Limit;

    /// <summary>The timestamp that <see cref="Collect(T)"/> gives, in milliseconds since 1970-01-01 UTC.</summary>
    internal long Timestamp = EventTime.None;

    private protected Collector()
    {
    }

    /// <summary>Emits <paramref name="value"/> with the timestamp of the record that is being processed.</summary>
    /// <param name="value">The result.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Collect(T value) => Collect(value, Timestamp);

    /// <summary>Emits <paramref name="value"/> with a timestamp of its own.</summary>
    /// <param name="value">The result.</param>
    /// <param name="timestamp">Event time in milliseconds since 1970-01-01 UTC; negative before 1970.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Collect(T value, long timestamp)
    {
        int count = Count;
        if (count >= Limit)
        {
            Overflow();
            count = Count;
        }

        RecordCopy<T>.Write(ref Values[count], in value);
        Timestamps[count] = timestamp;
        Count = count + 1;
    }

    /// <summary>Hands the open batch on, if there is one, and opens the next.</summary>
    private protected abstract void Overflow();
}
