using Millrace.State.Backends;

namespace Millrace.Runtime.State.Heap;

/// <content>Freezing and loading by key group.</content>
internal sealed partial class HeapTable<TKey, TNamespace, TValue>
{
    public FrozenTable Freeze()
    {
        Interlocked.Increment(ref _snapshots);
        var frozen = new HeapGroup<TKey, TNamespace, TValue>?[_groups.Length];
        for (int index = 0; index < frozen.Length; index++)
        {
            var group = _groups[index];
            if (group is { Count: > 0 })
            {
                group.Share();
                frozen[index] = group;
            }
        }

        return new FrozenHeapTable<TKey, TNamespace, TValue>(Identity, _codec, _firstGroup, frozen, () => Interlocked.Decrement(ref _snapshots));
    }

    public void Load(RestoredState restored)
    {
        var codec = _codec.ForReading(Identity, restored.Header);
        foreach (var group in restored.Groups)
        {
            Put(group.Group - _firstGroup, codec.Read(Identity, group, _maxParallelism, _namespaceHasher));
        }
    }
}
