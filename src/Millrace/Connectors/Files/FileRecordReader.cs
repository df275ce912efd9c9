namespace Millrace.Connectors;

/// <summary>Reads the records of one file. Used by one thread at a time.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public abstract class FileRecordReader<T> : IDisposable
{
    /// <summary>
    /// The byte of the content directly behind the last record that was emitted or reported: a reader that begins there goes on with the next. A format with
    /// <see cref="FileFormat{T}.IsRandomAccess"/> may count in another way; 0 is the beginning in any case.
    /// </summary>
    public abstract long Position { get; }

    /// <summary>How many records of the file have been emitted, including those before the reader's start.</summary>
    public long Records { get; protected set; }

    /// <summary>How many records of the file are left, where the format knows; <see langword="null"/> where it does not: the engine estimates then by the bytes of those that it has read.</summary>
    /// <value>Default: <see langword="null"/>.</value>
    public virtual long? PendingRecords => null;

    /// <summary>Emits up to about <paramref name="maxRecords"/> records.</summary>
    /// <param name="output">Takes the records.</param>
    /// <param name="maxRecords">How many records make a good batch; at least 1.</param>
    /// <returns><see langword="false"/> when the file is read to its end.</returns>
    public abstract bool Read(SourceOutput<T> output, int maxRecords);

    /// <summary>Releases what the reader holds.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the reader holds.</summary>
    /// <param name="disposing">Always <see langword="true"/>, unless a derived class has a finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
