namespace Millrace.Connectors;

/// <summary>Takes the records of one split, and derives the split's watermark from them.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public abstract class SourceOutput<T>
{
    /// <summary>For implementers.</summary>
    protected SourceOutput()
    {
    }

    /// <summary>Emits a record.</summary>
    /// <param name="value">The record.</param>
    /// <param name="timestamp">The source's own timestamp of the record, in milliseconds since 1970-01-01 UTC, where it has one. A timestamp assigner takes precedence.</param>
    public abstract void Collect(T value, long timestamp = EventTime.None);

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
