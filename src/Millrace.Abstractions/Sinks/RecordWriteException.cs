namespace Millrace.Connectors;

/// <summary>
/// Thrown by <see cref="SinkWriter{T}.WriteAsync"/> for one record that cannot be written: those before it in the batch have been written, those behind it have not. As the sink's
/// <see cref="ErrorPolicy"/> says the job fails, or the writer is called again with those behind the record. Any other exception fails the job.
/// </summary>
/// <example><code>throw new RecordWriteException(i, error);</code></example>
public sealed class RecordWriteException : Exception
{
    /// <summary>Creates an exception.</summary>
    /// <param name="index">The index of the record in the batch, from 0.</param>
    /// <param name="cause">Why it cannot be written.</param>
    public RecordWriteException(int index, Exception cause)
        : base($"The record at index {index} of the batch cannot be written: {cause?.Message}", cause)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentNullException.ThrowIfNull(cause);
        Index = index;
    }

    /// <summary>The index of the record in the batch, from 0.</summary>
    public int Index { get; }
}
