using Millrace.Runtime.State.Keyed;

namespace Millrace.State.RocksDb.Tests;

/// <summary>The kinds of state that can have a time to live.</summary>
public enum TtlKind
{
    Value,
    List,
    Map,
    Reducing,
    Aggregating,
}

/// <summary>A state of any kind as a sum.</summary>
internal sealed class TtlProbe
{
    private readonly KeyedStateStore<int> _store;

    public TtlProbe(KeyedStateStore<int> store, TtlKind kind, StateTtl? ttl, string suffix = "")
    {
        _store = store;
        string name = kind + suffix;
        switch (kind)
        {
            case TtlKind.Value:
                {
                    var descriptor = new ValueStateDescriptor<long>(name) { Ttl = ttl };
                    var state = store.GetState(descriptor);
                    (Descriptor, Add, Clear) = (descriptor, value => state.GetOrAdd() += value, state.Clear);
                    Read = () => state.TryGet(out long value) ? value : null;
                    break;
                }

            case TtlKind.List:
                {
                    var descriptor = new ListStateDescriptor<long>(name) { Ttl = ttl };
                    var state = store.GetListState(descriptor);
                    (Descriptor, Add, Clear) = (descriptor, state.Add, state.Clear);
                    Read = () => state.Count == 0 ? null : state.AsSpan().ToArray().Sum();
                    break;
                }

            case TtlKind.Map:
                {
                    var descriptor = new MapStateDescriptor<long, long>(name) { Ttl = ttl };
                    var state = store.GetMapState(descriptor);
                    (Descriptor, Add, Clear) = (descriptor, value => state[value] = value, state.Clear);
                    Read = () => state.Count == 0 ? null : state.Entries.Sum(entry => entry.Value);
                    break;
                }

            case TtlKind.Reducing:
                {
                    var descriptor = new ValueStateDescriptor<long>(name) { Ttl = ttl };
                    var state = new ReducingState<long>(store.GetState(descriptor), static (a, b) => a + b);
                    (Descriptor, Add, Clear) = (descriptor, state.Add, state.Clear);
                    Read = () => state.TryGet(out long value) ? value : null;
                    break;
                }

            default:
                {
                    var descriptor = new ValueStateDescriptor<long>(name) { Ttl = ttl };
                    var state = new AggregatingState<long, long, long>(store.GetState(descriptor), new Sum());
                    (Descriptor, Add, Clear) = (descriptor, state.Add, state.Clear);
                    Read = () => state.TryGet(out long value) ? value : null;
                    break;
                }
        }
    }

    public StateDescriptor Descriptor { get; }

    public Action<long> Add { get; }

    public Func<long?> Read { get; }

    public Action Clear { get; }

    public List<long?> ReadAll(params int[] keys) =>
    [
        .. keys.Select(key =>
        {
            _store.SetCurrentKey(key);
            return Read();
        }),
    ];

    private sealed class Sum : AggregateFunction<long, long, long>
    {
        public override long CreateAccumulator() => 0;

        public override void Add(ref long accumulator, long value) => accumulator += value;

        public override long GetResult(in long accumulator) => accumulator;

        public override void Merge(ref long accumulator, in long other) => accumulator += other;
    }
}
