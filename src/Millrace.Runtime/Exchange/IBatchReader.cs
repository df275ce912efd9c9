namespace Millrace.Runtime.Exchange;

/// <summary>A receiver that does not need a batch of its own, because it only looks at the records: several of them can look at one.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal interface IBatchReader<T>
{
    /// <summary>Looks at a batch, which stays the caller's, and is not changed.</summary>
    void Read(RecordBatch<T> batch);
}
