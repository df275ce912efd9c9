using Millrace.State.Backends;
using Millrace.State.RocksDb.Cache;
using Millrace.State.RocksDb.Snapshots;
using Millrace.State.RocksDb.Storage;

namespace Millrace.State.RocksDb;

/// <summary>What the tables of one subtask's backend share. Belongs to the subtask, but for <see cref="Flushed"/>.</summary>
internal sealed class StoreSession(Store store, MemoryBudget budget, KeyGroupRange range, int maxParallelism)
{
    // Larger batches were measured no faster, and their memory is outside of the budget.
    private const int BatchLength = 1 << 20;

    private uint _flushed;
    private FrozenRocksDbState? _pending;

    public Store Store { get; } = store;

    public MemoryBudget Budget { get; } = budget;

    public KeyGroupRange Range { get; } = range;

    public int MaxParallelism { get; } = maxParallelism;

    /// <summary>For keys and values on their way.</summary>
    public ByteBuffer Scratch { get; } = new();

    /// <summary>Changes on their way into the store.</summary>
    public StoreBatch Batch { get; } = new();

    /// <summary>The epoch that is going on; the first is 1.</summary>
    public uint Epoch { get; private set; } = 1;

    /// <summary>The last epoch whose changes are all in the store. Written by whoever writes a checkpoint.</summary>
    public uint Flushed
    {
        get => Volatile.Read(ref _flushed);
        set => Volatile.Write(ref _flushed, value);
    }

    /// <summary>
    /// Whether entries may be changed in the store. Not while a checkpoint is to be taken of it: it would contain what happened after the barrier.
    /// </summary>
    public bool CanWrite
    {
        get
        {
            if (_pending is { IsSettled: true })
            {
                _pending = null;
            }

            return _pending is null;
        }
    }

    /// <summary>Ends the epoch.</summary>
    public void BeginEpoch(FrozenRocksDbState? pending)
    {
        _pending = pending;
        Epoch++;
    }

    /// <summary>Sees to it that the store may be written to, by writing the checkpoint that it waits for if nobody has begun to.</summary>
    public void AwaitCanWrite()
    {
        _pending?.Settle();
        _pending = null;
    }

    /// <summary>Writes the batch when it is long enough.</summary>
    public void WriteIfLong()
    {
        if (Batch.Length >= BatchLength)
        {
            WriteBatch();
        }
    }

    /// <summary>Writes the batch.</summary>
    public void WriteBatch()
    {
        Store.Write(Batch);
        Batch.Clear();
    }
}
