using System.Runtime.CompilerServices;
using Millrace.Runtime.State.Timers;
using Millrace.Serialization;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed;

/// <summary>
/// What an operator sees of its keyed state, whatever the backend: states by name, as tables or as handles of the current key, and timers.
/// </summary>
/// <remarks>
/// Asking twice for a name gives the same state; asking for it with another kind or type throws <see cref="InvalidOperationException"/>, and
/// <see cref="StateIncompatibleException"/> where the restored state cannot be read as the one that is asked for. Belongs to one subtask.
/// </remarks>
internal sealed class KeyedStateStore<TKey> : IDisposable
{
    private readonly KeyedStateBackend<TKey> _backend;
    private readonly StableHasher<TKey> _keyHasher;
    private readonly ISerializerProvider _serializers;
    private readonly Dictionary<string, (StateIdentity Identity, object Table)> _tables = [];
    private readonly Dictionary<string, object> _handles = [];

    /// <param name="backend">Keeps the state; disposed of with the store.</param>
    /// <param name="keyHasher">The backend's hasher: one step less to it from here.</param>
    /// <param name="serializers">Gives serializers and hashers.</param>
    public KeyedStateStore(KeyedStateBackend<TKey> backend, StableHasher<TKey> keyHasher, ISerializerProvider serializers)
    {
        _backend = backend;
        _keyHasher = keyHasher;
        _serializers = serializers;
        PrefetchLength = backend.PrefetchLength;
    }

    /// <summary>How many entries all states have together, timers included.</summary>
    public long EntryCount => _backend.EntryCount;

    /// <summary>How far ahead of a record the state of its key is best fetched, in records.</summary>
    public int PrefetchLength { get; }

    public ref readonly TKey CurrentKey => ref _backend.CurrentKey;

    public ulong CurrentHash => _backend.CurrentHash;

    public int CurrentKeyGroup => _backend.CurrentKeyGroup;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong HashOf(in TKey key) => _keyHasher.Hash(key);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetCurrentKey(in TKey key, ulong hash) => _backend.SetCurrentKey(in key, hash);

    public void SetCurrentKey(in TKey key) => _backend.SetCurrentKey(in key, HashOf(in key));

    public void ClearCurrentKey() => _backend.ClearCurrentKey();

    /// <summary>A state with one value per key and namespace.</summary>
    public KeyedStateTable<TKey, TNamespace, TValue> Table<TNamespace, TValue>(string name) =>
        GetOrCreate<TNamespace, TValue>(name, KeyedStateKind.Value, () => new ValueStateSerializer<TValue>(_serializers.Get<TValue>()));

    /// <summary>A state with a list per key and namespace. Remove the entry when the list becomes empty.</summary>
    public KeyedStateTable<TKey, TNamespace, StateList<T>> ListTable<TNamespace, T>(string name) =>
        GetOrCreate<TNamespace, StateList<T>>(name, KeyedStateKind.List, () => new StateListSerializer<T>(_serializers.Get<T>()));

    /// <summary>A state with a map per key and namespace. Remove the entry when the map becomes empty.</summary>
    public KeyedStateTable<TKey, TNamespace, StateMap<TMapKey, TValue>> MapTable<TNamespace, TMapKey, TValue>(string name)
        where TMapKey : notnull =>
        GetOrCreate<TNamespace, StateMap<TMapKey, TValue>>(
            name, KeyedStateKind.Map, () => new StateMapSerializer<TMapKey, TValue>(_serializers.Get<TMapKey>(), _serializers.Get<TValue>()));

    /// <summary>The handle of a value per key. It is the state that <see cref="Table"/> gives for the same name without a namespace.</summary>
    public ValueState<T> GetState<T>(ValueStateDescriptor<T> descriptor)
    {
        var table = Table<VoidNamespace, T>(descriptor.Name);
        return (ValueState<T>)Handle(descriptor.Name, () => new TableValueState<TKey, T>(_backend, table));
    }

    /// <summary>The handle of a list per key.</summary>
    public ListState<T> GetListState<T>(ListStateDescriptor<T> descriptor)
    {
        var table = ListTable<VoidNamespace, T>(descriptor.Name);
        return (ListState<T>)Handle(descriptor.Name, () => new TableListState<TKey, T>(_backend, table));
    }

    /// <summary>The handle of a map per key.</summary>
    public MapState<TMapKey, TValue> GetMapState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
        where TMapKey : notnull
    {
        var table = MapTable<VoidNamespace, TMapKey, TValue>(descriptor.Name);
        return (MapState<TMapKey, TValue>)Handle(descriptor.Name, () => new TableMapState<TKey, TMapKey, TValue>(_backend, table));
    }

    /// <summary>The timers of one time domain.</summary>
    /// <param name="name">The queue's name, unique among the operator's states.</param>
    public TimerQueue<TKey, TNamespace> Timers<TNamespace>(string name)
    {
        var table = GetOrCreate(
            name,
            KeyedStateKind.Timer,
            () => new TimerIdSerializer<TNamespace>(NamespaceSerializer<TNamespace>()),
            () => new TimerIdHasher<TNamespace>(NamespaceHasher(_serializers.GetHasher<TNamespace>)),
            () => TimerOrderSerializer.Instance);
        return (TimerQueue<TKey, TNamespace>)Handle(name, () => new TimerQueue<TKey, TNamespace>(table, _keyHasher.Hash));
    }

    /// <summary>Hints that the state of keys will soon be needed: everything but what has namespaces beside the key.</summary>
    public void Prefetch(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes) => _backend.Prefetch(keys, hashes);

    /// <inheritdoc cref="KeyedStateBackend{TKey}.Freeze"/>
    public FrozenKeyedState Freeze(long checkpointId) => _backend.Freeze(checkpointId);

    /// <inheritdoc cref="KeyedStateBackend{TKey}.Restore"/>
    public void Restore(IReadOnlyList<KeyedStateReader> snapshots) => _backend.Restore(snapshots);

    /// <inheritdoc cref="KeyedStateBackend{TKey}.RestoreNative"/>
    public void RestoreNative(IReadOnlyList<NativeSnapshot> snapshots, NativeSnapshotSource source, CancellationToken cancellationToken) =>
        _backend.RestoreNative(snapshots, source, cancellationToken);

    public void CheckpointCompleted(long checkpointId) => _backend.CheckpointCompleted(checkpointId);

    public void CheckpointAborted(long checkpointId) => _backend.CheckpointAborted(checkpointId);

    public void Dispose() => _backend.Dispose();

    private static StableHasher<TNamespace>? NamespaceHasher<TNamespace>(Func<StableHasher<TNamespace>> hasher) =>
        NamespaceHash.NeedsHasher<TNamespace>() ? hasher() : null;

    private KeyedStateTable<TKey, TNamespace, TValue> GetOrCreate<TNamespace, TValue>(string name, KeyedStateKind kind, Func<TypeSerializer<TValue>> values) =>
        GetOrCreate(name, kind, NamespaceSerializer<TNamespace>, _serializers.GetHasher<TNamespace>, values);

    private KeyedStateTable<TKey, TNamespace, TValue> GetOrCreate<TNamespace, TValue>(
        string name,
        KeyedStateKind kind,
        Func<TypeSerializer<TNamespace>> namespaces,
        Func<StableHasher<TNamespace>> namespaceHasher,
        Func<TypeSerializer<TValue>> values)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var identity = new StateIdentity(name, kind, typeof(TNamespace), typeof(TValue));
        if (_tables.TryGetValue(name, out var existing))
        {
            return existing.Identity == identity
                ? (KeyedStateTable<TKey, TNamespace, TValue>)existing.Table
                : throw StateErrors.NameTaken(existing.Identity, identity);
        }

        var table = _backend.CreateTable(
            new StateTableDescriptor<TNamespace, TValue>(name, kind, namespaces(), NamespaceHasher(namespaceHasher), values()));
        _tables.Add(name, (identity, table));
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
