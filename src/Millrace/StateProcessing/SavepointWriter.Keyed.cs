using Millrace.Runtime.Serialization;
using Millrace.Runtime.State.Heap;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Timers;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.StateProcessing;

/// <content>State that belongs to keys.</content>
public sealed partial class SavepointWriter
{
    /// <summary>Writes a value state. One of that name that is there is replaced.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="TValue">The type of the values.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="stateName">The state's name.</param>
    /// <param name="entries">Keys and values, in any order; enumerated when the savepoint is written.</param>
    /// <returns>This writer.</returns>
    public SavepointWriter WithKeyedState<TKey, TValue>(string uid, string stateName, IAsyncEnumerable<(TKey Key, TValue Value)> entries)
        where TKey : notnull =>
        AddKeyed(
            uid, stateName, KeyedStateKind.Value, VoidNamespaceSerializer.Instance, new ValueStateSerializer<TValue>(_serializers.Get<TValue>()), entries,
            static (entry, _) => (entry.Key, default(VoidNamespace), entry.Value));

    /// <inheritdoc cref="WithKeyedState{TKey, TValue}(string, string, IAsyncEnumerable{ValueTuple{TKey, TValue}})"/>
    public SavepointWriter WithKeyedState<TKey, TValue>(string uid, string stateName, IEnumerable<(TKey Key, TValue Value)> entries)
        where TKey : notnull => WithKeyedState(uid, stateName, entries.ToAsyncEnumerable());

    /// <summary>Writes a list state. One of that name that is there is replaced. A key whose list is empty is left out.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="stateName">The state's name.</param>
    /// <param name="entries">Keys and lists, in any order; enumerated when the savepoint is written.</param>
    /// <returns>This writer.</returns>
    public SavepointWriter WithKeyedList<TKey, T>(string uid, string stateName, IAsyncEnumerable<(TKey Key, IReadOnlyList<T> Values)> entries)
        where TKey : notnull =>
        AddKeyed(
            uid, stateName, KeyedStateKind.List, VoidNamespaceSerializer.Instance, new StateListSerializer<T>(_serializers.Get<T>()), entries.Where(entry => entry.Values.Count > 0),
            static (entry, _) =>
            {
                var list = new StateList<T>(entry.Values.Count);
                list.AddRange(entry.Values as T[] ?? [.. entry.Values]);
                return (entry.Key, default(VoidNamespace), list);
            });

    /// <inheritdoc cref="WithKeyedList{TKey, T}(string, string, IAsyncEnumerable{ValueTuple{TKey, IReadOnlyList{T}}})"/>
    public SavepointWriter WithKeyedList<TKey, T>(string uid, string stateName, IEnumerable<(TKey Key, IReadOnlyList<T> Values)> entries)
        where TKey : notnull => WithKeyedList(uid, stateName, entries.ToAsyncEnumerable());

    /// <summary>Writes a map state. One of that name that is there is replaced. A key whose map is empty is left out.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="TMapKey">The type of the maps' keys.</typeparam>
    /// <typeparam name="TValue">The type of the maps' values.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="stateName">The state's name.</param>
    /// <param name="entries">Keys and maps, in any order; enumerated when the savepoint is written.</param>
    /// <returns>This writer.</returns>
    public SavepointWriter WithKeyedMap<TKey, TMapKey, TValue>(string uid, string stateName, IAsyncEnumerable<(TKey Key, IReadOnlyDictionary<TMapKey, TValue> Entries)> entries)
        where TKey : notnull
        where TMapKey : notnull =>
        AddKeyed(
            uid,
            stateName,
            KeyedStateKind.Map,
            VoidNamespaceSerializer.Instance,
            new StateMapSerializer<TMapKey, TValue>(_serializers.Get<TMapKey>(), new ValueStateSerializer<TValue>(_serializers.Get<TValue>())),
            entries.Where(entry => entry.Entries.Count > 0),
            static (entry, _) =>
            {
                var map = new StateMap<TMapKey, TValue>(entry.Entries.Count);
                foreach (var (key, value) in entry.Entries)
                {
                    map.GetOrAdd(key, out bool _) = value;
                }

                return (entry.Key, default(VoidNamespace), map);
            });

    /// <inheritdoc cref="WithKeyedMap{TKey, TMapKey, TValue}(string, string, IAsyncEnumerable{ValueTuple{TKey, IReadOnlyDictionary{TMapKey, TValue}}})"/>
    public SavepointWriter WithKeyedMap<TKey, TMapKey, TValue>(string uid, string stateName, IEnumerable<(TKey Key, IReadOnlyDictionary<TMapKey, TValue> Entries)> entries)
        where TKey : notnull
        where TMapKey : notnull => WithKeyedMap(uid, stateName, entries.ToAsyncEnumerable());

    /// <summary>Writes the value that a <c>Reduce</c> keeps of each key. What is there is replaced.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="entries">Keys and values, in any order; enumerated when the savepoint is written.</param>
    /// <returns>This writer.</returns>
    public SavepointWriter WithReduce<TKey, T>(string uid, IAsyncEnumerable<(TKey Key, T Value)> entries)
        where TKey : notnull => WithKeyedState(uid, StateNames.Reduce, entries);

    /// <summary>Writes the timers of a keyed process function, of one of the two kinds. Those that are there are replaced. Timers of one time fire in the order in which they are given.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="domain">Which of the two kinds.</param>
    /// <param name="timers">The timers; enumerated when the savepoint is written.</param>
    /// <returns>This writer.</returns>
    public SavepointWriter WithTimers<TKey>(string uid, TimeDomain domain, IAsyncEnumerable<SavepointTimer<TKey>> timers)
        where TKey : notnull =>
        AddKeyed(
            uid, StateNames.TimersOf(domain), KeyedStateKind.Timer, new TimerIdSerializer<VoidNamespace>(VoidNamespaceSerializer.Instance), TimerOrderSerializer.Instance, timers,
            static (timer, number) => (timer.Key, new TimerId<VoidNamespace>(default, timer.Time), number));

    /// <inheritdoc cref="WithTimers{TKey}(string, TimeDomain, IAsyncEnumerable{SavepointTimer{TKey}})"/>
    public SavepointWriter WithTimers<TKey>(string uid, TimeDomain domain, IEnumerable<SavepointTimer<TKey>> timers)
        where TKey : notnull => WithTimers(uid, domain, timers.ToAsyncEnumerable());

    private SavepointWriter AddKeyed<TKey, TNamespace, TValue, TEntry>(
        string uid,
        string name,
        KeyedStateKind kind,
        TypeSerializer<TNamespace> namespaces,
        TypeSerializer<TValue> values,
        IAsyncEnumerable<TEntry> entries,
        Func<TEntry, long, (TKey Key, TNamespace Namespace, TValue Value)> convert)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(entries);
        if (KeyTypes.WhyNotAKey<TKey>() is { } reason)
        {
            throw new ArgumentException($"{typeof(TKey).Name} cannot be a key: {reason}", nameof(TKey));
        }

        var op = GetOrAdd(uid);
        if (op.Keyed.Exists(state => state.Header.Name == name))
        {
            throw StateProcessingErrors.NameTaken(uid, name);
        }

        var codec = new HeapTableCodec<TKey, TNamespace, TValue>(_serializers.Get<TKey>(), StableHashers.Get<TKey>(), namespaces, values);
        var header = new StateHeader(name, kind, codec.Keys.Schema, namespaces.Schema, values.Schema);
        op.Dropped.Add(name);
        op.Keyed.Add(new WrittenState<TKey, TNamespace, TValue, TEntry>(uid, header, codec, entries, convert));
        return this;
    }
}
