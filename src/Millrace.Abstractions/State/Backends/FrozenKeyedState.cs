namespace Millrace.State.Backends;

/// <summary>Keyed state as it was when <see cref="KeyedStateBackend{TKey}.Freeze"/> was called.</summary>
/// <remarks>
/// May be written by another thread while the subtask goes on. As long as it is neither written nor disposed of, the subtask pays for copies
/// of what it changes.
/// </remarks>
public abstract class FrozenKeyedState : IDisposable
{
    /// <summary>Writes the state, and releases each key group as soon as it is written. To be called once at most.</summary>
    /// <param name="cancellationToken">Ends the writing between two key groups.</param>
    /// <returns>The state in the canonical format.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled, or disposed of meanwhile.</exception>
    public abstract KeyedStateSnapshot Write(CancellationToken cancellationToken = default);

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
