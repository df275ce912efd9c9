using Millrace.State.RocksDb.Storage;

namespace Millrace.State.RocksDb.Cache;

/// <summary>The changes of one key group that a checkpoint has to write: taken from the group by whoever comes first, the writer or the subtask that is about to change the group.</summary>
internal abstract class FrozenGroup
{
    private readonly Lock _gate = new();
    private StoreBatch? _taken;
    private bool _isTaken;

    /// <summary>Takes the changes out of the group, if nobody has. Called by the subtask before it changes the group.</summary>
    public void Detach()
    {
        lock (_gate)
        {
            if (!_isTaken)
            {
                var batch = new StoreBatch();
                Encode(batch);
                _taken = batch;
                _isTaken = true;
            }
        }
    }

    /// <summary>The changes. Called once, by the writer.</summary>
    /// <param name="buffer">Takes them, where the subtask has not.</param>
    public StoreBatch Take(StoreBatch buffer)
    {
        lock (_gate)
        {
            if (!_isTaken)
            {
                buffer.Clear();
                Encode(buffer);
                _isTaken = true;
                return buffer;
            }

            var taken = _taken ?? buffer;
            _taken = null;
            return taken;
        }
    }

    /// <summary>Nobody will want the changes any more; the group still has them.</summary>
    public void Drop()
    {
        lock (_gate)
        {
            if (!_isTaken)
            {
                _isTaken = true;
                Forget();
            }

            _taken = null;
        }
    }

    /// <summary>Writes the changes and lets go of the group.</summary>
    protected abstract void Encode(StoreBatch batch);

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

    protected override void Encode(StoreBatch batch)
    {
        var scratch = new ByteBuffer();
        foreach (ref readonly var slot in _slots.AsSpan())
        {
            uint changed = slot.Flags & EntryFlags.EpochMask;
            if (slot.Stored != 0 && changed > flushed && changed <= epoch)
            {
                codec.WriteChange(batch, scratch, group, in slot);
            }
        }

        _slots = null;
    }

    protected override void Forget() => _slots = null;
}
