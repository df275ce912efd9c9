using Millrace.Runtime.State.Timers;
using Millrace.Serialization;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Heap;

/// <summary>Keyed state in the memory of the process.</summary>
internal sealed class HeapKeyedStateBackend<TKey> : KeyedStateBackend<TKey>
{
    private readonly KeyGroupRange _range;
    private readonly ISerializerProvider _serializers;
    private readonly TypeSerializer<TKey> _keySerializer;
    private readonly StableHasher<TKey> _keyHasher;
    private readonly Dictionary<string, IHeapState> _states = [];
    private readonly List<IHeapState> _inOrder = [];
    private readonly Dictionary<string, object> _handles = [];

    // In the order in which they were restored, so that a snapshot of them does not depend on the order of a hash table.
    private readonly List<StateSnapshot> _restored = [];

    /// <param name="range">The key groups that the subtask owns.</param>
    /// <param name="maxParallelism">How many key groups there are.</param>
    /// <param name="serializers">Gives serializers and hashers.</param>
    public HeapKeyedStateBackend(KeyGroupRange range, int maxParallelism, ISerializerProvider serializers)
        : base(maxParallelism)
    {
        ArgumentNullException.ThrowIfNull(serializers);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxParallelism, KeyGroups.UpperBound);
        ArgumentOutOfRangeException.ThrowIfNegative(range.Start, nameof(range));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(range.End, maxParallelism, nameof(range));
        _range = range;
        _serializers = serializers;
        _keySerializer = serializers.Get<TKey>();
        _keyHasher = serializers.GetHasher<TKey>();
    }

    /// <summary>How many entries all states have together, timers included.</summary>
    public long EntryCount => _states.Values.Sum(state => state.Count);

    public override ulong HashOf(in TKey key) => _keyHasher.Hash(key);

    public override HeapTable<TKey, TNamespace, TValue> Table<TNamespace, TValue>(string name) =>
        GetOrCreate<TNamespace, TValue>(name, KeyedStateKind.Value, () => new ValueStateSerializer<TValue>(_serializers.Get<TValue>()));

    public override HeapTable<TKey, TNamespace, StateList<T>> ListTable<TNamespace, T>(string name) =>
        GetOrCreate<TNamespace, StateList<T>>(name, KeyedStateKind.List, () => new StateListSerializer<T>(_serializers.Get<T>()));

    public override HeapTable<TKey, TNamespace, StateMap<TMapKey, TValue>> MapTable<TNamespace, TMapKey, TValue>(string name) =>
        GetOrCreate<TNamespace, StateMap<TMapKey, TValue>>(
            name, KeyedStateKind.Map, () => new StateMapSerializer<TMapKey, TValue>(_serializers.Get<TMapKey>(), _serializers.Get<TValue>()));

    public override ValueState<T> GetState<T>(ValueStateDescriptor<T> descriptor)
    {
        var table = Table<VoidNamespace, T>(descriptor.Name);
        return (ValueState<T>)Handle(descriptor.Name, () => new HeapValueState<TKey, T>(this, table));
    }

    public override ListState<T> GetListState<T>(ListStateDescriptor<T> descriptor)
    {
        var table = ListTable<VoidNamespace, T>(descriptor.Name);
        return (ListState<T>)Handle(descriptor.Name, () => new HeapListState<TKey, T>(this, table));
    }

    public override MapState<TMapKey, TValue> GetMapState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
    {
        var table = MapTable<VoidNamespace, TMapKey, TValue>(descriptor.Name);
        return (MapState<TMapKey, TValue>)Handle(descriptor.Name, () => new HeapMapState<TKey, TMapKey, TValue>(this, table));
    }

    /// <summary>The timers of one time domain. Asking twice gives the same queue.</summary>
    /// <param name="name">The queue's name, unique among the operator's states.</param>
    /// <exception cref="InvalidOperationException">The name is taken by another kind of state or another type of namespace.</exception>
    /// <exception cref="StateIncompatibleException">The restored timers cannot be read.</exception>
    public TimerQueue<TKey, TNamespace> Timers<TNamespace>(string name)
    {
        var namespaceHasher = NamespaceHash.NeedsHasher<TNamespace>() ? _serializers.GetHasher<TNamespace>() : null;
        var table = GetOrCreate(
            name,
            KeyedStateKind.Timer,
            () => new TimerIdSerializer<TNamespace>(NamespaceSerializer<TNamespace>()),
            () => new TimerIdHasher<TNamespace>(namespaceHasher),
            () => TimerOrderSerializer.Instance);
        return (TimerQueue<TKey, TNamespace>)Handle(name, () => new TimerQueue<TKey, TNamespace>(table, _keyHasher.Hash));
    }

    /// <summary>Hints that the state of keys will soon be needed: everything but what has namespaces beside the key.</summary>
    public void Prefetch(ReadOnlySpan<ulong> hashes)
    {
        foreach (var state in _inOrder)
        {
            state.Prefetch(hashes);
        }
    }

    public override FrozenKeyedState Freeze() =>
        new FrozenHeapState(MaxParallelism, [.. _states.Values.Select(state => state.Freeze())], [.. _restored]);

    public override void Restore(IEnumerable<KeyedStateSnapshot> snapshots)
    {
        ArgumentNullException.ThrowIfNull(snapshots);
        if (_states.Count > 0)
        {
            throw new InvalidOperationException($"State '{_states.Keys.First()}' has been asked for already: state is restored before any is used.");
        }

        foreach (var snapshot in snapshots)
        {
            if (snapshot.MaxParallelism != MaxParallelism)
            {
                throw StateErrors.MaxParallelismChanged(snapshot.MaxParallelism, MaxParallelism);
            }

            foreach (var state in snapshot.States)
            {
                KeyGroupSnapshot[] groups = [.. state.Groups.Where(group => _range.Contains(group.Group))];
                if (groups.Length > 0)
                {
                    RefuseDoubles(state.Name, groups);
                    _restored.Add(state with { Groups = groups });
                }
            }
        }
    }

    private void RefuseDoubles(string name, KeyGroupSnapshot[] groups)
    {
        var there = _restored.Where(state => state.Name == name).SelectMany(state => state.Groups).Select(group => group.Group).ToHashSet();
        foreach (var group in groups)
        {
            if (!there.Add(group.Group))
            {
                throw new InvalidOperationException($"State '{name}': key group {group.Group} is in the snapshots twice. They do not belong to one checkpoint.");
            }
        }
    }

    private HeapTable<TKey, TNamespace, TValue> GetOrCreate<TNamespace, TValue>(string name, KeyedStateKind kind, Func<TypeSerializer<TValue>> values) =>
        GetOrCreate(name, kind, NamespaceSerializer<TNamespace>, _serializers.GetHasher<TNamespace>, values);

    private HeapTable<TKey, TNamespace, TValue> GetOrCreate<TNamespace, TValue>(
        string name,
        KeyedStateKind kind,
        Func<TypeSerializer<TNamespace>> namespaces,
        Func<StableHasher<TNamespace>> namespaceHasher,
        Func<TypeSerializer<TValue>> values)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var identity = new StateIdentity(name, kind, typeof(TNamespace), typeof(TValue));
        if (_states.TryGetValue(name, out var existing))
        {
            return existing.Identity == identity ? (HeapTable<TKey, TNamespace, TValue>)existing : throw StateErrors.NameTaken(existing.Identity, identity);
        }

        var codec = new HeapTableCodec<TKey, TNamespace, TValue>(_keySerializer, _keyHasher, namespaces(), values());
        var hasher = NamespaceHash.NeedsHasher<TNamespace>() ? namespaceHasher() : null;
        var table = new HeapTable<TKey, TNamespace, TValue>(identity, _range, MaxParallelism, codec, hasher);
        foreach (var restored in _restored.Where(state => state.Name == name))
        {
            table.Load(restored);
        }

        // Only now: when the restored state cannot be read, it stays as it was.
        _restored.RemoveAll(state => state.Name == name);
        _states.Add(name, table);
        _inOrder.Add(table);
        return table;
    }

    private TypeSerializer<TNamespace> NamespaceSerializer<TNamespace>() =>
        typeof(TNamespace) == typeof(VoidNamespace) ? (TypeSerializer<TNamespace>)(object)VoidNamespaceSerializer.Instance : _serializers.Get<TNamespace>();

    private object Handle(string name, Func<object> create)
    {
        if (!_handles.TryGetValue(name, out object? handle))
        {
            handle = create();
            _handles.Add(name, handle);
        }

        return handle;
    }
}
