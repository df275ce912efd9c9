using Millrace.State.RocksDb.Storage;

namespace Millrace.State.RocksDb.Cache;

/// <summary>The changes of one key group that a checkpoint has to write: taken from the group by whoever comes first, the writer or the subtask that is about to change the group.</summary>
internal abstract class FrozenGroup
{
    private readonly Lock _gate = new();
    private bool _isDetached;
    private bool _isDone;

    /// <summary>Takes the changes out of the group, if nobody has. Called by the subtask before it changes the group.</summary>
    public void Detach()
    {
        lock (_gate)
        {
            if (!_isDetached && !_isDone)
            {
                Copy();
                _isDetached = true;
            }
        }
    }

    /// <summary>Writes the changes into a batch. Called once, by the writer.</summary>
    public void WriteTo(StoreBatch batch)
    {
        lock (_gate)
        {
            // The subtask waits here at most as long as the writing of one group into memory takes.
            if (!_isDone)
            {
                Encode(batch);
                Forget();
                _isDone = true;
            }
        }
    }

    /// <summary>Nobody will want the changes any more; the group still has them.</summary>
    public void Drop()
    {
        lock (_gate)
        {
            Forget();
            _isDone = true;
        }
    }

    /// <summary>Copies the changes.</summary>
    protected abstract void Copy();

    /// <summary>Writes the changes, from the copy or from the group.</summary>
    protected abstract void Encode(StoreBatch batch);

    /// <summary>Lets go of the group and of the copy.</summary>
    protected abstract void Forget();
}

/// <inheritdoc/>
internal sealed class FrozenGroup<TKey, TNamespace, TValue>(
    EntryCodec<TKey, TNamespace, TValue> codec,
    int group,
    CacheEntry<TKey, TNamespace, TValue>[] slots,
    uint flushed,
    uint epoch) : FrozenGroup
{
    private CacheEntry<TKey, TNamespace, TValue>[]? _slots = slots;
    private StoreBatch? _encoded;

    protected override void Copy()
    {
        if (!codec.ValuesAreImmutable)
        {
            // Bytes are as good as a deep copy, and have to be made anyway. Known as the copy only when it is whole: what is encoded is taken from the copy where there is one.
            var encoded = new StoreBatch();
            Encode(encoded);
            _encoded = encoded;
            _slots = null;
            return;
        }

        // Several times as fast as writing them: this is on the subtask's thread, while records wait.
        int count = 0;
        foreach (ref readonly var slot in _slots.AsSpan())
        {
            count += IsChange(in slot) ? 1 : 0;
        }

        var copy = GC.AllocateUninitializedArray<CacheEntry<TKey, TNamespace, TValue>>(count);
        int next = 0;
        foreach (ref readonly var slot in _slots.AsSpan())
        {
            if (IsChange(in slot))
            {
                copy[next++] = slot;
            }
        }

        _slots = copy;
    }

    protected override void Encode(StoreBatch batch)
    {
        if (_encoded is not null)
        {
            batch.Append(_encoded);
            return;
        }

        var scratch = new ByteBuffer();
        foreach (ref readonly var slot in _slots.AsSpan())
        {
            if (IsChange(in slot))
            {
                codec.WriteChange(batch, scratch, group, in slot);
            }
        }
    }

    protected override void Forget()
    {
        _slots = null;
        _encoded = null;
    }

    private bool IsChange(in CacheEntry<TKey, TNamespace, TValue> slot)
    {
        uint changed = slot.Flags & EntryFlags.EpochMask;
        return changed > flushed && changed <= epoch && slot.Stored != 0;
    }
}
