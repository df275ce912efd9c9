using System.Runtime.CompilerServices;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Heap;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Timers;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.StateProcessing;

/// <content>State that belongs to keys.</content>
public sealed partial class SavepointReader
{
    // So many results are fetched for one change of threads.
    private const int FetchedAtOnce = 1024;

    /// <summary>Reads a value state: what <c>GetState</c> gave the job's function.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="TValue">The type of the values.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="stateName">The state's name.</param>
    /// <returns>Keys and values, in no particular order.</returns>
    /// <exception cref="StateIncompatibleException">Keys or values were written as something else.</exception>
    /// <exception cref="MillraceException">There is no such operator or state, or it is damaged.</exception>
    public IAsyncEnumerable<(TKey Key, TValue Value)> ReadKeyed<TKey, TValue>(string uid, string stateName) => Run(uid, ValueReading<TKey, TValue>(stateName));

    /// <summary>Reads a list state.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="stateName">The state's name.</param>
    /// <returns>Keys and their lists, in no particular order.</returns>
    /// <exception cref="StateIncompatibleException">Keys or elements were written as something else.</exception>
    /// <exception cref="MillraceException">There is no such operator or state, or it is damaged.</exception>
    public IAsyncEnumerable<(TKey Key, IReadOnlyList<T> Values)> ReadKeyedList<TKey, T>(string uid, string stateName) => Run(uid, ListReading<TKey, T>(stateName));

    /// <summary>Reads a map state.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="TMapKey">The type of the maps' keys.</typeparam>
    /// <typeparam name="TValue">The type of the maps' values.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="stateName">The state's name.</param>
    /// <returns>Keys and their maps, in no particular order.</returns>
    /// <exception cref="StateIncompatibleException">Keys or entries were written as something else.</exception>
    /// <exception cref="MillraceException">There is no such operator or state, or it is damaged.</exception>
    public IAsyncEnumerable<(TKey Key, IReadOnlyDictionary<TMapKey, TValue> Entries)> ReadKeyedMap<TKey, TMapKey, TValue>(string uid, string stateName)
        where TMapKey : notnull => Run(uid, MapReading<TKey, TMapKey, TValue>(stateName));

    /// <summary>Reads the value that a <c>Reduce</c> keeps of each key.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <returns>Keys and values, in no particular order.</returns>
    /// <exception cref="MillraceException">There is no such operator or state, or it cannot be read so.</exception>
    public IAsyncEnumerable<(TKey Key, T Value)> ReadReduce<TKey, T>(string uid) => ReadKeyed<TKey, T>(uid, StateNames.Reduce);

    /// <summary>Reads the timers of a keyed process function.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="domain">Which of the two kinds.</param>
    /// <returns>The timers, in no particular order.</returns>
    /// <exception cref="MillraceException">There is no such operator, it has no timers, or they cannot be read so.</exception>
    public IAsyncEnumerable<SavepointTimer<TKey>> ReadTimers<TKey>(string uid, TimeDomain domain) => Run(uid, TimerReading<TKey>(StateNames.TimersOf(domain)));

    /// <summary>Reads what a window operator keeps: by key the slices that open windows are made of.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="TContent">The accumulator of an aggregate function, or the record of a reduction.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <returns>The slices, in no particular order. A tumbling window has one; a sliding one has one for each step that it spans.</returns>
    /// <exception cref="MillraceException">There is no such operator, or it cannot be read so.</exception>
    public IAsyncEnumerable<SavepointSlice<TKey, TContent>> ReadWindows<TKey, TContent>(string uid) => Run(uid, SliceReading<TKey, TContent>());

    /// <summary>Reads what a window operator keeps that gives its function all records.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <returns>The slices, in no particular order.</returns>
    /// <exception cref="MillraceException">There is no such operator, or it cannot be read so.</exception>
    public IAsyncEnumerable<SavepointSlice<TKey, IReadOnlyList<T>>> ReadWindowRecords<TKey, T>(string uid) => Run(uid, SliceListReading<TKey, T>());

    /// <summary>Calls a function for every key, with several states and the timers of the key at once.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="TOut">The type of the function's results.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="createFunction">Makes the function; called for each run of key groups, so that several can be read at once.</param>
    /// <returns>The results, key by key, in no particular order of keys.</returns>
    /// <exception cref="MillraceException">There is no such operator, it has none of the states, or one cannot be read so.</exception>
    public IAsyncEnumerable<TOut> ReadKeys<TKey, TOut>(string uid, Func<KeyedStateReaderFunction<TKey, TOut>> createFunction)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(createFunction);
        return Run(uid, new FunctionReading<TKey, TOut>(createFunction, _serializers, Files.Operator(uid).MaxParallelism));
    }

    internal KeyedReading<(TKey Key, TValue Value)> ValueReading<TKey, TValue>(string name) =>
        Reading<TKey, VoidNamespace, TValue, (TKey Key, TValue Value)>(
            name, KeyedStateKind.Value, VoidNamespaceSerializer.Instance, new ValueStateSerializer<TValue>(_serializers.Get<TValue>()), static (key, _, value) => (key, value));

    internal KeyedReading<(TKey Key, IReadOnlyList<T> Values)> ListReading<TKey, T>(string name) =>
        Reading<TKey, VoidNamespace, StateList<T>, (TKey Key, IReadOnlyList<T> Values)>(
            name, KeyedStateKind.List, VoidNamespaceSerializer.Instance, new StateListSerializer<T>(_serializers.Get<T>()), static (key, _, list) => (key, list.AsSpan().ToArray()));

    internal KeyedReading<(TKey Key, IReadOnlyDictionary<TMapKey, TValue> Entries)> MapReading<TKey, TMapKey, TValue>(string name)
        where TMapKey : notnull =>
        Reading<TKey, VoidNamespace, StateMap<TMapKey, TValue>, (TKey Key, IReadOnlyDictionary<TMapKey, TValue> Entries)>(
            name,
            KeyedStateKind.Map,
            VoidNamespaceSerializer.Instance,
            new StateMapSerializer<TMapKey, TValue>(_serializers.Get<TMapKey>(), new ValueStateSerializer<TValue>(_serializers.Get<TValue>())),
            static (key, _, map) => (key, new Dictionary<TMapKey, TValue>(map.Entries)));

    internal KeyedReading<SavepointTimer<TKey>> TimerReading<TKey>(string name) =>
        Reading<TKey, TimerId<VoidNamespace>, long, SavepointTimer<TKey>>(
            name,
            KeyedStateKind.Timer,
            new TimerIdSerializer<VoidNamespace>(VoidNamespaceSerializer.Instance),
            TimerOrderSerializer.Instance,
            static (key, timer, _) => new SavepointTimer<TKey>(key, timer.Time));

    internal KeyedReading<SavepointSlice<TKey, TContent>> SliceReading<TKey, TContent>() =>
        Reading<TKey, long, TContent, SavepointSlice<TKey, TContent>>(
            StateNames.WindowSlices,
            KeyedStateKind.Value,
            _serializers.Get<long>(),
            new ValueStateSerializer<TContent>(_serializers.Get<TContent>()),
            static (key, end, content) => new SavepointSlice<TKey, TContent>(key, end, content));

    internal KeyedReading<SavepointSlice<TKey, IReadOnlyList<T>>> SliceListReading<TKey, T>() =>
        Reading<TKey, long, StateList<T>, SavepointSlice<TKey, IReadOnlyList<T>>>(
            StateNames.WindowSlices,
            KeyedStateKind.List,
            _serializers.Get<long>(),
            new StateListSerializer<T>(_serializers.Get<T>()),
            static (key, end, list) => new SavepointSlice<TKey, IReadOnlyList<T>>(key, end, list.AsSpan().ToArray()));

    private EntryReading<TKey, TNamespace, TValue, TOut> Reading<TKey, TNamespace, TValue, TOut>(
        string name, KeyedStateKind kind, TypeSerializer<TNamespace> namespaces, TypeSerializer<TValue> values, Func<TKey, TNamespace, TValue, TOut> select)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var codec = new HeapTableCodec<TKey, TNamespace, TValue>(_serializers.Get<TKey>(), StableHashers.Get<TKey>(), namespaces, values);
        return new EntryReading<TKey, TNamespace, TValue, TOut>(new StateIdentity(name, kind, typeof(TNamespace), typeof(TValue)), codec, select);
    }

    private async IAsyncEnumerable<TOut> Run<TOut>(string uid, KeyedReading<TOut> reading, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var results = ReadAll(uid, reading).GetEnumerator();
        var fetched = new List<TOut>(FetchedAtOnce);
        bool Fetch()
        {
            fetched.Clear();
            while (fetched.Count < FetchedAtOnce && results.MoveNext())
            {
                fetched.Add(results.Current);
            }

            return fetched.Count > 0;
        }

        // The storage may block, which is nothing for the caller's thread.
        while (await Task.Run(Fetch, cancellationToken).ConfigureAwait(false))
        {
            foreach (var result in fetched)
            {
                yield return result;
            }
        }
    }

    private IEnumerable<TOut> ReadAll<TOut>(string uid, KeyedReading<TOut> reading)
    {
        var handles = Files.HandlesOf(uid);
        foreach (var run in KeyedPlan.Of(Files, uid, reading.States))
        {
            using var snapshot = Files.Open(uid, handles[run.Handle]);
            foreach (var result in reading.Read(snapshot, run.Groups))
            {
                yield return result;
            }
        }
    }
}
