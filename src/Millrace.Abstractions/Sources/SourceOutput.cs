namespace Millrace.Connectors;

/// <summary>Takes the records of one split, and derives the split's watermark from them.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public abstract class SourceOutput<T>
{
    // What was handed out by GetSpan where the output has no memory of its own to hand out.
    private T[] _values = [];
    private long[] _timestamps = [];
    private int _given;

    /// <summary>For implementers.</summary>
    protected SourceOutput()
    {
    }

    /// <summary>Emits a record.</summary>
    /// <param name="value">The record.</param>
    /// <param name="timestamp">The source's own timestamp of the record, in milliseconds since 1970-01-01 UTC, where it has one. A timestamp assigner takes precedence.</param>
    public abstract void Collect(T value, long timestamp = EventTime.None);

    /// <summary>
    /// Gives memory to write records into, which <see cref="Advance"/> then emits: for sources that make or decode many records at once, and for which a call for each, and copying each, would be much of
    /// the work.
    /// </summary>
    /// <remarks>Nothing may be emitted between this and <see cref="Advance"/>, also not through the output of another split. Memory that is not advanced over is given again.</remarks>
    /// <param name="sizeHint">How many records there are; positive. Fewer may fit: call it again for the others.</param>
    /// <param name="timestamps">
    /// As long as the records: takes the source's own timestamps, in milliseconds since 1970-01-01 UTC, or <see cref="EventTime.None"/> for a record that has none. All of them must be written.
    /// </param>
    /// <returns>Room for at least one record and at most <paramref name="sizeHint"/>. What is in it is undefined.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sizeHint"/> is not positive.</exception>
    /// <example>
    /// <code>
    /// while (rows.Length &gt; 0)
    /// {
    ///     var records = output.GetSpan(rows.Length, out var timestamps);
    ///     for (int i = 0; i &lt; records.Length; i++)
    ///     {
    ///         records[i] = Decode(rows[i], out timestamps[i]);
    ///     }
    ///
    ///     output.Advance(records.Length);
    ///     rows = rows[records.Length..];
    /// }
    /// </code>
    /// </example>
    public virtual Span<T> GetSpan(int sizeHint, out Span<long> timestamps)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sizeHint);
        if (_values.Length < sizeHint)
        {
            _values = new T[sizeHint];
            _timestamps = new long[sizeHint];
        }

        _given = sizeHint;
        timestamps = _timestamps.AsSpan(0, sizeHint);
        return _values.AsSpan(0, sizeHint);
    }

    /// <summary>Emits the first records of what <see cref="GetSpan"/> has given, as if each were given to <see cref="Collect"/>.</summary>
    /// <param name="count">How many; from 0 to the length of what was given.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative, or more than was given.</exception>
    public virtual void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _given);
        _given = 0;
        for (int i = 0; i < count; i++)
        {
            Collect(_values[i], _timestamps[i]);
        }

        Array.Clear(_values, 0, count);
    }

    /// <summary>
    /// Says that the split has no record at or before <paramref name="timestamp"/> any more; for sources that know it themselves. Most leave it to the
    /// watermark strategy.
    /// </summary>
    /// <param name="timestamp">Milliseconds since 1970-01-01 UTC.</param>
    public virtual void EmitWatermark(long timestamp)
    {
    }

    /// <summary>Says that the split has nothing to say about time until its next record.</summary>
    public virtual void MarkIdle()
    {
    }

    /// <summary>Emits a record into a side output of the source, for example a row that could not be parsed.</summary>
    /// <typeparam name="TSide">The type of the side output.</typeparam>
    /// <param name="tag">The side output. If nobody reads it, the record is dropped.</param>
    /// <param name="value">The record.</param>
    public abstract void Output<TSide>(OutputTag<TSide> tag, TSide value);
}

/// <summary>A reader's way out: records, by split.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public abstract class ReaderOutput<T> : SourceOutput<T>
{
    /// <summary>For implementers.</summary>
    protected ReaderOutput()
    {
    }

    /// <summary>The output of a split. Records of a reader with several splits go through it, so that each split has a watermark of its own.</summary>
    /// <param name="splitId">The split.</param>
    /// <returns>The same object for the same split, until it is released.</returns>
    public abstract SourceOutput<T> ForSplit(string splitId);

    /// <summary>A split is read to its end: the watermark no longer waits for it.</summary>
    /// <param name="splitId">The split.</param>
    public abstract void ReleaseSplit(string splitId);
}
