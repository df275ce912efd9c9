using System.Runtime.CompilerServices;
using Millrace.Runtime.State.Keyed.Ttl;
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
    private readonly TimeProvider _clock;
    private readonly Dictionary<string, State> _tables = [];
    private readonly Dictionary<string, object> _handles = [];

    /// <param name="backend">Keeps the state; disposed of with the store.</param>
    /// <param name="keyHasher">The backend's hasher: one step less to it from here.</param>
    /// <param name="serializers">Gives serializers and hashers.</param>
    /// <param name="clock">The clock of the job, for state with a time to live; the system's where there is none.</param>
    public KeyedStateStore(KeyedStateBackend<TKey> backend, StableHasher<TKey> keyHasher, ISerializerProvider serializers, TimeProvider? clock = null)
    {
        _backend = backend;
        _keyHasher = keyHasher;
        _serializers = serializers;
        _clock = clock ?? TimeProvider.System;
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
    public KeyedStateTable<TKey, TNamespace, TValue> Table<TNamespace, TValue>(string name, bool hasFewNamespaces = false) =>
        GetOrCreate<TNamespace, TValue>(name, KeyedStateKind.Value, () => new ValueStateSerializer<TValue>(_serializers.Get<TValue>()), hasFewNamespaces);

    /// <summary>A state with a list per key and namespace. Remove the entry when the list becomes empty.</summary>
    public KeyedStateTable<TKey, TNamespace, StateList<T>> ListTable<TNamespace, T>(string name, bool hasFewNamespaces = false) =>
        GetOrCreate<TNamespace, StateList<T>>(name, KeyedStateKind.List, () => new StateListSerializer<T>(_serializers.Get<T>()), hasFewNamespaces);

    /// <summary>A state of an operator's own form, with the serializer that it makes.</summary>
    public KeyedStateTable<TKey, TNamespace, TValue> Table<TNamespace, TValue>(string name, KeyedStateKind kind, Func<ISerializerProvider, TypeSerializer<TValue>> values) =>
        GetOrCreate<TNamespace, TValue>(name, kind, () => values(_serializers));

    /// <summary>A state with a map per key and namespace. Remove the entry when the map becomes empty.</summary>
    public KeyedStateTable<TKey, TNamespace, StateMap<TMapKey, TValue>> MapTable<TNamespace, TMapKey, TValue>(string name)
        where TMapKey : notnull =>
        GetOrCreate<TNamespace, StateMap<TMapKey, TValue>>(
            name, KeyedStateKind.Map, () => new StateMapSerializer<TMapKey, TValue>(_serializers.Get<TMapKey>(), new ValueStateSerializer<TValue>(_serializers.Get<TValue>())));

    /// <summary>The handle of a value per key. Without a time to live it is the state that <see cref="Table{TNamespace, TValue}(string, bool)"/> gives for the same name without a namespace.</summary>
    public ValueState<T> GetState<T>(ValueStateDescriptor<T> descriptor)
    {
        if (descriptor.Ttl is { } ttl)
        {
            var values = TableWithTtl(
                descriptor.Name, KeyedStateKind.Value, new ValueExpiry<T>(ttl, _clock), () => new TtlSerializer<T>(new ValueStateSerializer<T>(_serializers.Get<T>()), _clock));
            return (ValueState<T>)Handle(descriptor.Name, () => new TtlValueState<TKey, T>(values()));
        }

        var table = Table<VoidNamespace, T>(descriptor.Name);
        return (ValueState<T>)Handle(descriptor.Name, () => new TableValueState<TKey, T>(_backend, table));
    }

    /// <summary>The handle of a list per key.</summary>
    public ListState<T> GetListState<T>(ListStateDescriptor<T> descriptor)
    {
        if (descriptor.Ttl is { } ttl)
        {
            var lists = TableWithTtl(
                descriptor.Name, KeyedStateKind.List, new ListExpiry<T>(ttl, _clock), () => new StateListSerializer<TtlValue<T>>(new TtlSerializer<T>(_serializers.Get<T>(), _clock)));
            return (ListState<T>)Handle(descriptor.Name, () => new TtlListState<TKey, T>(lists()));
        }

        var table = ListTable<VoidNamespace, T>(descriptor.Name);
        return (ListState<T>)Handle(descriptor.Name, () => new TableListState<TKey, T>(_backend, table));
    }

    /// <summary>The handle of a map per key.</summary>
    public MapState<TMapKey, TValue> GetMapState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
        where TMapKey : notnull
    {
        if (descriptor.Ttl is { } ttl)
        {
            var maps = TableWithTtl(
                descriptor.Name,
                KeyedStateKind.Map,
                new MapExpiry<TMapKey, TValue>(ttl, _clock),
                () => new StateMapSerializer<TMapKey, TtlValue<TValue>>(
                    _serializers.Get<TMapKey>(), new TtlSerializer<TValue>(new ValueStateSerializer<TValue>(_serializers.Get<TValue>()), _clock)));
            return (MapState<TMapKey, TValue>)Handle(descriptor.Name, () => new TtlMapState<TKey, TMapKey, TValue>(maps()));
        }

        var table = MapTable<VoidNamespace, TMapKey, TValue>(descriptor.Name);
        return (MapState<TMapKey, TValue>)Handle(descriptor.Name, () => new TableMapState<TKey, TMapKey, TValue>(_backend, table));
    }

    /// <summary>The keys that have an entry in a state that has been asked for, without those whose entry has expired. The state may change afterwards.</summary>
    public IReadOnlyList<TKey> KeysOf(StateDescriptor descriptor) => _tables[descriptor.Name].Keys();

    /// <summary>The timers of one time domain.</summary>
    /// <param name="name">The queue's name, unique among the operator's states.</param>
    /// <param name="hasFewNamespaces">Whether a key has one timer at a time, or a few.</param>
    public TimerQueue<TKey, TNamespace> Timers<TNamespace>(string name, bool hasFewNamespaces = false)
    {
        var table = GetOrCreate(
            name,
            KeyedStateKind.Timer,
            () => new TimerIdSerializer<TNamespace>(NamespaceSerializer<TNamespace>()),
            () => new TimerIdHasher<TNamespace>(NamespaceHasher(_serializers.GetHasher<TNamespace>)),
            () => TimerOrderSerializer.Instance,
            hasFewNamespaces: hasFewNamespaces);
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

    private KeyedStateTable<TKey, TNamespace, TValue> GetOrCreate<TNamespace, TValue>(string name, KeyedStateKind kind, Func<TypeSerializer<TValue>> values, bool hasFewNamespaces = false) =>
        GetOrCreate(name, kind, NamespaceSerializer<TNamespace>, _serializers.GetHasher<TNamespace>, values, hasFewNamespaces: hasFewNamespaces);

    private KeyedStateTable<TKey, TNamespace, TValue> GetOrCreate<TNamespace, TValue>(
        string name,
        KeyedStateKind kind,
        Func<TypeSerializer<TNamespace>> namespaces,
        Func<StableHasher<TNamespace>> namespaceHasher,
        Func<TypeSerializer<TValue>> values,
        StateExpiry<TValue>? expiry = null,
        bool hasFewNamespaces = false)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var identity = new StateIdentity(name, kind, typeof(TNamespace), typeof(TValue));
        if (_tables.TryGetValue(name, out var existing))
        {
            if (existing.Identity != identity)
            {
                throw StateErrors.NameTaken(existing.Identity, identity);
            }

            return existing.Ttl == expiry?.Ttl ? (KeyedStateTable<TKey, TNamespace, TValue>)existing.Table : throw StateErrors.OtherTtl(identity, existing.Ttl!, expiry!.Ttl);
        }

        var table = _backend.CreateTable(
            new StateTableDescriptor<TNamespace, TValue>(name, kind, namespaces(), NamespaceHasher(namespaceHasher), values()) { Expiry = expiry, HasFewNamespaces = hasFewNamespaces });
        _tables.Add(name, new State(identity, expiry?.Ttl, table, () => KeysOf(table, expiry)));
        return table;
    }

    private Func<TtlTable<TKey, TValue>> TableWithTtl<TValue>(string name, KeyedStateKind kind, StateExpiry<TValue> expiry, Func<TypeSerializer<TValue>> values)
    {
        var table = GetOrCreate(name, kind, NamespaceSerializer<VoidNamespace>, _serializers.GetHasher<VoidNamespace>, values, expiry);
        return () => new TtlTable<TKey, TValue>(_backend, table, expiry);
    }

    private static List<TKey> KeysOf<TNamespace, TValue>(KeyedStateTable<TKey, TNamespace, TValue> table, StateExpiry<TValue>? expiry)
    {
        var keys = new List<TKey>();
        long? horizon = expiry?.Ttl.Visibility == StateTtlVisibility.NeverReturnExpired ? expiry.Horizon : null;
        TableCursor cursor = default;
        while (table.MoveNext(ref cursor))
        {
            if (horizon is null || !expiry!.IsExpired(in table.PeekAt(in cursor), horizon.Value))
            {
                keys.Add(table.KeyAt(in cursor));
            }
        }

        return keys;
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

    /// <param name="Identity">What it was asked for as.</param>
    /// <param name="Ttl">Its time to live.</param>
    /// <param name="Table">The table.</param>
    /// <param name="Keys">Gathers the keys that have an entry.</param>
    private sealed record State(StateIdentity Identity, StateTtl? Ttl, object Table, Func<List<TKey>> Keys);
}
