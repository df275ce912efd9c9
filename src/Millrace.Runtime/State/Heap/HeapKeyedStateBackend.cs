using Millrace.Runtime.State.Keyed;
using Millrace.Serialization;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Heap;

/// <summary>Keyed state in the memory of the process.</summary>
internal sealed class HeapKeyedStateBackend<TKey> : KeyedStateBackend<TKey>
{
    private readonly KeyGroupRange _range;
    private readonly TypeSerializer<TKey> _keySerializer;
    private readonly StableHasher<TKey> _keyHasher;
    private readonly Dictionary<string, IHeapState> _states = [];
    private readonly List<IHeapState> _inOrder = [];

    // In the order in which they were restored, so that a snapshot of them does not depend on the order of a hash table.
    private readonly List<RestoredState> _restored = [];

    /// <param name="range">The key groups that the subtask owns.</param>
    /// <param name="maxParallelism">How many key groups there are.</param>
    /// <param name="keySerializer">Writes keys.</param>
    /// <param name="keyHasher">Hashes keys.</param>
    public HeapKeyedStateBackend(KeyGroupRange range, int maxParallelism, TypeSerializer<TKey> keySerializer, StableHasher<TKey> keyHasher)
        : base(maxParallelism)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxParallelism, KeyGroups.UpperBound);
        ArgumentOutOfRangeException.ThrowIfNegative(range.Start, nameof(range));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(range.End, maxParallelism, nameof(range));
        _range = range;
        _keySerializer = keySerializer;
        _keyHasher = keyHasher;
    }

    public override long EntryCount => _inOrder.Sum(state => state.Count);

    // About as many records as pass while memory answers.
    public override int PrefetchLength => 16;

    public override ulong HashOf(in TKey key) => _keyHasher.Hash(key);

    public override KeyedStateTable<TKey, TNamespace, TValue> CreateTable<TNamespace, TValue>(StateTableDescriptor<TNamespace, TValue> descriptor)
    {
        var identity = new StateIdentity(descriptor.Name, descriptor.Kind, typeof(TNamespace), typeof(TValue));
        if (_states.TryGetValue(descriptor.Name, out var existing))
        {
            throw StateErrors.NameTaken(existing.Identity, identity);
        }

        var codec = new HeapTableCodec<TKey, TNamespace, TValue>(_keySerializer, _keyHasher, descriptor.NamespaceSerializer, descriptor.ValueSerializer)
        {
            Expiry = descriptor.Expiry?.Ttl.Cleanup.HasFlag(StateTtlCleanup.Snapshots) == true ? descriptor.Expiry : null,
        };
        var namespaces = NamespaceHash.NeedsHasher<TNamespace>() ? descriptor.NamespaceHasher ?? new HashCodeHasher<TNamespace>() : null;
        var hasher = new SlotHasher<TNamespace>(namespaces, descriptor.HasFewNamespaces);
        var table = new HeapTable<TKey, TNamespace, TValue>(identity, _range, MaxParallelism, codec, hasher, descriptor.Expiry);
        foreach (var restored in _restored.Where(state => state.Header.Name == descriptor.Name))
        {
            table.Load(restored);
        }

        // Only now: when the restored state cannot be read, it stays as it was.
        _restored.RemoveAll(state => state.Header.Name == descriptor.Name);
        _states.Add(descriptor.Name, table);
        _inOrder.Add(table);
        return table;
    }

    public override void Prefetch(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes)
    {
        foreach (var state in _inOrder)
        {
            state.Prefetch(hashes);
        }
    }

    public override FrozenKeyedState Freeze(long checkpointId) => new FrozenHeapState([.. _inOrder.Select(state => state.Freeze())], [.. _restored]);

    public override void Restore(IReadOnlyList<KeyedStateReader> snapshots)
    {
        ArgumentNullException.ThrowIfNull(snapshots);
        if (_inOrder.Count > 0)
        {
            throw new InvalidOperationException($"State '{_inOrder[0].Identity.Name}' has been asked for already: state is restored before any is used.");
        }

        foreach (var snapshot in snapshots)
        {
            if (snapshot.MaxParallelism != MaxParallelism)
            {
                throw StateErrors.MaxParallelismChanged(snapshot.MaxParallelism, MaxParallelism);
            }

            foreach (var header in snapshot.States)
            {
                var restored = RestoredState.Read(snapshot, header, _range);
                if (restored.Groups.Count > 0)
                {
                    RefuseDoubles(restored);
                    _restored.Add(restored);
                }
            }
        }
    }

    private void RefuseDoubles(RestoredState added)
    {
        foreach (var other in _restored.Where(state => state.Header.Name == added.Header.Name))
        {
            foreach (var group in added.Groups)
            {
                if (other.Groups.Any(there => there.Group == group.Group))
                {
                    throw new InvalidOperationException(
                        $"State '{added.Header.Name}': key group {group.Group} is in the snapshots twice. They do not belong to one checkpoint.");
                }
            }
        }
    }
}
