using Millrace.Runtime.Serialization;
using Millrace.Runtime.State.Heap;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Snapshots;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.StateProcessing;

/// <summary>
/// A function over all states of a key: a run of key groups is loaded into tables of the heap backend, with the states that the function has asked for and no other.
/// </summary>
internal sealed class FunctionReading<TKey, TOut>(Func<KeyedStateReaderFunction<TKey, TOut>> createFunction, SerializerRegistry serializers, int maxParallelism)
    : KeyedReading<TOut>
    where TKey : notnull
{
    private static readonly string[] Timers = [StateNames.EventTimers, StateNames.ProcessingTimers];
    private string[]? _states;

    public override IReadOnlyCollection<string> States
    {
        get
        {
            if (_states is null)
            {
                using var context = new Context(Keyed.Of(serializers, new KeyGroupRange(0, 1), maxParallelism));
                createFunction().Open(context);
                _states = [.. context.Names, .. Timers];
            }

            return _states;
        }
    }

    public override IEnumerable<TOut> Read(CanonicalStateReader snapshot, KeyGroupRange range)
    {
        var keyed = Keyed.Of(serializers, range, maxParallelism);
        keyed.Store.Restore([new Selected(snapshot, [.. States])]);
        using var context = new Context(keyed);
        var function = createFunction();
        function.Open(context);
        var eventTimers = TimersOf(context.Keyed.Store, StateNames.EventTimers);
        var processingTimers = TimersOf(context.Keyed.Store, StateNames.ProcessingTimers);
        foreach (var key in context.Keys().Concat(eventTimers.Keys).Concat(processingTimers.Keys).Distinct())
        {
            context.Keyed.Store.SetCurrentKey(in key);
            foreach (var result in function.Read(key, new KeyTimers(eventTimers.GetValueOrDefault(key) ?? [], processingTimers.GetValueOrDefault(key) ?? [])))
            {
                yield return result;
            }
        }
    }

    private static Dictionary<TKey, List<long>> TimersOf(KeyedStateStore<TKey> store, string name)
    {
        var timers = new Dictionary<TKey, List<long>>();
        var queue = store.Timers<VoidNamespace>(name);
        while (queue.TryPop(long.MaxValue, out var timer))
        {
            if (!timers.TryGetValue(timer.Key, out var times))
            {
                timers.Add(timer.Key, times = []);
            }

            times.Add(timer.Time);
        }

        return timers;
    }

    /// <summary>Keyed state of some key groups in memory.</summary>
    private sealed record Keyed(KeyedStateStore<TKey> Store)
    {
        public static Keyed Of(SerializerRegistry serializers, KeyGroupRange range, int maxParallelism)
        {
            var hasher = StableHashers.Get<TKey>();
            var backend = new HeapKeyedStateBackend<TKey>(range, maxParallelism, serializers.Get<TKey>(), hasher);
            return new Keyed(new KeyedStateStore<TKey>(backend, hasher, new SerializerProvider(serializers)));
        }
    }

    /// <summary>Only the states that are asked for: others would only take memory.</summary>
    private sealed class Selected(CanonicalStateReader snapshot, HashSet<string> names) : KeyedStateReader
    {
        public override string Source => snapshot.Source;

        public override int MaxParallelism => snapshot.MaxParallelism;

        public override IReadOnlyList<StateHeader> States { get; } = [.. snapshot.States.Where(state => names.Contains(state.Name))];

        public override IEnumerable<StateChunk> ReadChunks(StateHeader state, KeyGroupRange range) => snapshot.ReadChunks(state, range);
    }

    private sealed class Context(Keyed keyed) : KeyedStateReaderContext, IDisposable
    {
        private readonly List<Func<IEnumerable<TKey>>> _keys = [];

        public Keyed Keyed => keyed;

        public List<string> Names { get; } = [];

        public IEnumerable<TKey> Keys() => _keys.SelectMany(keys => keys());

        public override ValueState<T> GetState<T>(ValueStateDescriptor<T> descriptor)
        {
            ArgumentNullException.ThrowIfNull(descriptor);
            return Add(descriptor, keyed.Store.GetState(descriptor));
        }

        public override ListState<T> GetListState<T>(ListStateDescriptor<T> descriptor)
        {
            ArgumentNullException.ThrowIfNull(descriptor);
            return Add(descriptor, keyed.Store.GetListState(descriptor));
        }

        public override MapState<TMapKey, TValue> GetMapState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
        {
            ArgumentNullException.ThrowIfNull(descriptor);
            return Add(descriptor, keyed.Store.GetMapState(descriptor));
        }

        public void Dispose() => keyed.Store.Dispose();

        // Keys are gathered before any of them is seen by the function, which might add or remove entries.
        private THandle Add<THandle>(StateDescriptor descriptor, THandle handle)
        {
            if (!Names.Contains(descriptor.Name))
            {
                Names.Add(descriptor.Name);
                _keys.Add(() => keyed.Store.KeysOf(descriptor));
            }

            return handle;
        }
    }
}
