namespace Millrace.Runtime.State.Heap;

/// <content>Freezing and loading by key group.</content>
internal sealed partial class HeapTable<TKey, TNamespace, TValue>
{
    public FrozenTable Freeze()
    {
        Interlocked.Increment(ref _snapshots);
        var log = new AsideLog<TKey, TNamespace, TValue>(Capacity, _aside);
        var frozen = new FrozenGroup<TKey, TNamespace, TValue>?[_groups.Length];
        for (int index = 0; index < frozen.Length; index++)
        {
            frozen[index] = _groups[index] is { Count: > 0 } group ? group.Freeze(log) : null;
        }

        return new FrozenHeapTable<TKey, TNamespace, TValue>(Identity, _codec, _firstGroup, frozen, () => Released(log));
    }

    private void Released(AsideLog<TKey, TNamespace, TValue> log)
    {
        log.Release();
        if (Interlocked.Decrement(ref _snapshots) == 0)
        {
            _aside.Trim();
        }
    }

    public void Load(RestoredState restored)
    {
        var codec = _codec.ForReading(Identity, restored.Header);
        foreach (var group in restored.Groups)
        {
            // Its values are written and copied as they are now, however they are read.
            var read = new HeapGroup<TKey, TNamespace, TValue>(_codec.Values, group.Group, HeapGroup<TKey, TNamespace, TValue>.CapacityFor(group.Count, group.Group));
            codec.Read(Identity, group, read, _maxParallelism, in _hasher);
            Put(group.Group - _firstGroup, read);
        }
    }
}
