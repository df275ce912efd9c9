namespace Millrace.Runtime.State.Heap;

/// <content>Freezing and loading by key group.</content>
internal sealed partial class HeapTable<TKey, TNamespace, TValue>
{
    public FrozenTable Freeze()
    {
        Interlocked.Increment(ref _snapshots);
        var frozen = new FrozenGroup<TKey, TNamespace, TValue>?[_groups.Length];
        for (int index = 0; index < frozen.Length; index++)
        {
            frozen[index] = _groups[index] is { Count: > 0 } group ? group.Freeze() : null;
        }

        return new FrozenHeapTable<TKey, TNamespace, TValue>(Identity, _codec, _firstGroup, frozen, Released);
    }

    private void Released()
    {
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
            var read = new HeapGroup<TKey, TNamespace, TValue>(_codec.Values, _aside, HeapGroup<TKey, TNamespace, TValue>.CapacityFor(group.Count));
            codec.Read(Identity, group, read, _maxParallelism, _namespaceHasher);
            Put(group.Group - _firstGroup, read);
        }
    }
}
