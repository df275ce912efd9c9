namespace Millrace.State.Backends;

/// <summary>Keyed state as it was when <see cref="KeyedStateBackend{TKey}.Freeze"/> was called.</summary>
/// <remarks>
/// May be written by another thread while the subtask goes on. As long as it is neither written nor disposed of, the subtask pays for copies
/// of what it changes.
/// </remarks>
public abstract class FrozenKeyedState : IDisposable
{
    /// <summary>
    /// Writes the state in the canonical format, and releases each key group as soon as it is written. To be called once at most, and not after
    /// <see cref="WriteNative"/> has given a snapshot.
    /// </summary>
    /// <param name="writer">Takes the state.</param>
    /// <param name="cancellationToken">Ends the writing between two parts.</param>
    /// <exception cref="OperationCanceledException">It was cancelled, or disposed of meanwhile.</exception>
    /// <exception cref="InvalidOperationException">It has been written already.</exception>
    public abstract void WriteCanonical(KeyedStateWriter writer, CancellationToken cancellationToken);

    /// <summary>Writes the state in the backend's own format. To be called once at most, and before anything else is written.</summary>
    /// <param name="target">Takes the files.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    /// <returns>What was written, or <see langword="null"/> where the backend has no format of its own: then <see cref="WriteCanonical"/> is to be called.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled, or disposed of meanwhile.</exception>
    public virtual NativeSnapshot? WriteNative(NativeSnapshotTarget target, CancellationToken cancellationToken) => null;

    /// <summary>Releases the state. Never waits: a write that is going on ends with <see cref="OperationCanceledException"/>. Safe from any thread.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the state.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> was called.</param>
    protected abstract void Dispose(bool disposing);
}
