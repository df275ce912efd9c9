namespace Millrace.Checkpointing;

/// <summary>A file of a <see cref="CheckpointStorage"/> that is being written. Not safe for use by several threads.</summary>
public abstract class StorageOutput : IDisposable
{
    /// <summary>Takes the bytes, in order. It cannot seek.</summary>
    public abstract Stream Stream { get; }

    /// <summary>Makes the file visible under its name, all at once, and durable. Called once, after the last byte.</summary>
    /// <exception cref="IOException">The storage cannot take it.</exception>
    public abstract void Complete();

    /// <summary>Releases resources. A file that was not completed leaves nothing behind.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases resources.</summary>
    /// <param name="disposing">Always <see langword="true"/>.</param>
    protected abstract void Dispose(bool disposing);
}
