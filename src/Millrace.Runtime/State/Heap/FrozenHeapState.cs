using System.Buffers;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Heap;

/// <summary>All states of a heap backend as they were when it was frozen.</summary>
internal sealed class FrozenHeapState(int maxParallelism, IReadOnlyList<FrozenTable> tables, IReadOnlyList<StateSnapshot> carriedOver) : FrozenKeyedState
{
    // Whoever moves this away from Idle releases the groups: the writer when it is done, or Dispose when nobody writes.
    private const int Idle = 0;
    private const int Taken = 1;

    private int _phase;
    private volatile bool _disposed;

    public override KeyedStateSnapshot Write(CancellationToken cancellationToken = default)
    {
        if (Interlocked.CompareExchange(ref _phase, Taken, Idle) != Idle)
        {
            throw _disposed
                ? new OperationCanceledException("The frozen state has been disposed of.")
                : new InvalidOperationException("The frozen state has been written already.");
        }

        try
        {
            var buffer = new ArrayBufferWriter<byte>();
            void ThrowIfAbandoned()
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_disposed)
                {
                    throw new OperationCanceledException("The frozen state has been disposed of while it was written.");
                }
            }

            var states = new List<StateSnapshot>(tables.Count + carriedOver.Count);
            foreach (var table in tables)
            {
                states.Add(table.Write(buffer, ThrowIfAbandoned));
            }

            states.AddRange(carriedOver);
            return new KeyedStateSnapshot(maxParallelism, states);
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
