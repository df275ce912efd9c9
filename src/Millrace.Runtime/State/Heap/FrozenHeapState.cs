using Millrace.State.Backends;

namespace Millrace.Runtime.State.Heap;

/// <summary>All states of a heap backend as they were when it was frozen.</summary>
internal sealed class FrozenHeapState(IReadOnlyList<FrozenTable> tables, IReadOnlyList<RestoredState> carriedOver) : FrozenKeyedState
{
    // Whoever moves this away from Idle releases the groups: the writer when it is done, or Dispose when nobody writes.
    private const int Idle = 0;
    private const int Taken = 1;

    private int _phase;
    private volatile bool _disposed;

    public override void WriteCanonical(KeyedStateWriter writer, CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _phase, Taken, Idle) != Idle)
        {
            throw _disposed
                ? new OperationCanceledException("The frozen state has been disposed of.")
                : new InvalidOperationException("The frozen state has been written already.");
        }

        try
        {
            void ThrowIfAbandoned()
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_disposed)
                {
                    throw new OperationCanceledException("The frozen state has been disposed of while it was written.");
                }
            }

            var buffer = new ChunkBuffer();
            foreach (var table in tables)
            {
                table.Write(writer, buffer, ThrowIfAbandoned);
            }

            foreach (var state in carriedOver)
            {
                state.Write(writer, ThrowIfAbandoned);
            }
        }
        finally
        {
            ReleaseAll();
        }
    }

    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        if (Interlocked.CompareExchange(ref _phase, Taken, Idle) == Idle)
        {
            ReleaseAll();
        }
    }

    private void ReleaseAll()
    {
        foreach (var table in tables)
        {
            table.Release();
        }
    }
}
