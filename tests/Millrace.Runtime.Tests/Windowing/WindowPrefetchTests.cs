using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.State.Heap;
using Millrace.Runtime.Tests.Operators;
using Millrace.Runtime.Windowing;
using Millrace.Runtime.Windowing.General;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing;

/// <summary>Windows tell a backend whose look-ups are slow what they will need, and others nothing.</summary>
public sealed class WindowPrefetchTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Records_firing_and_removal_fetch_ahead_where_look_ups_are_slow(bool isSlow)
    {
        var backend = new Watched { IsSlow = isSlow };
        var (op, tap) = Open(WindowForms.Tumbling(), backend);
        op.Receive(OfTwoSlices());
        List<(int Keys, long Namespace)> received = isSlow ? [(20, 10), (10, 20)] : [];
        Assert.Equal(received, backend.Fetched);
        backend.Fetched.Clear();

        op.Control(ControlElement.Watermark(9));
        while (op.IsUnfinished)
        {
            op.Resume();
        }

        Assert.Equal(20, tap.Records.Count);
        List<(int Keys, long Namespace)> walked = isSlow ? [(20, 10), (20, 10)] : [];
        Assert.Equal(walked, backend.Fetched);
    }

    [Fact]
    public void Records_are_fetched_some_at_a_time_and_those_of_a_slice_together()
    {
        var backend = new Watched { IsSlow = true, Length = 8 };
        var (op, _) = Open(WindowForms.Tumbling(), backend);
        op.Receive(OfTwoSlices());
        Assert.Equal([(8, 10L), (8, 10L), (4, 10L), (4, 20L), (6, 20L)], backend.Fetched);
    }

    [Fact]
    public void Sessions_fetch_each_key_once_and_none_that_neighbours_with_one_key_have_passed_by()
    {
        var backend = new Watched { Length = 8 };
        var windows = EventTimeSessionWindows.WithGap(TimeSpan.FromMilliseconds(10));
        var (op, _) = Open(General(windows, windows), backend);
        op.Receive(OperatorRig.Batch(Enumerable.Range(0, 30).Select(key => (new Event(key, "a"), 5L))));
        Assert.Equal(Enumerable.Range(0, 30), backend.Asked.Cast<int>());
        Assert.Equal(backend.Asked, backend.AskedOf("window-contents"));

        // Each key begins a session, which has a timer.
        Assert.Equal(backend.Asked, backend.AskedOf("window-event-timers"));

        // A key has one session, nearly always: what is kept for it can be fetched before it is known which.
        Assert.Equal(["window-contents", "window-event-timers", "window-processing-timers"], backend.WithFewNamespaces.Order());

        backend.Asked.Clear();
        backend.AskedOfTables.Clear();
        op.Receive(OperatorRig.Batch(Enumerable.Repeat(7, 40).Concat(Enumerable.Range(10, 10)).Select(key => (new Event(key, "b"), 6L))));
        Assert.Equal(Enumerable.Repeat(7, 8).Concat(Enumerable.Range(10, 10)), backend.Asked.Cast<int>());
        Assert.Equal(backend.Asked, backend.AskedOf("window-contents"));
        Assert.Empty(backend.AskedOf("window-event-timers"));
    }

    [Fact]
    public void Windows_that_do_not_merge_may_be_many()
    {
        var backend = new Watched();
        var (op, _) = Open(General(SlidingEventTimeWindows.Of(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(1)), merging: null), backend);
        op.Receive(OperatorRig.Batch(Enumerable.Range(0, 30).Select(key => (new Event(key, "a"), 5L))));
        Assert.Empty(backend.WithFewNamespaces);
        Assert.Empty(backend.AskedOfTables);
    }

    private static RecordBatch<Event> OfTwoSlices() => OperatorRig.Batch(
        Enumerable.Range(0, 20).Select(key => (new Event(key, $"{key}.0"), 5L)).Concat(Enumerable.Range(0, 10).Select(key => (new Event(key, $"{key}.1"), 15L))));

    private static WindowOperator<int, Event, TimeWindow, Event, Event> General(WindowAssigner<TimeWindow> windows, IMergingWindows<TimeWindow>? merging)
    {
        var assigner = new TimeOnlyAssigner<Event, TimeWindow>(windows);
        return new(
            e => e.Key,
            new WindowSpec<Event, TimeWindow>(assigner, merging, assigner.CreateDefaultTrigger(), new LatePolicy<Event>(0, null)),
            new ReduceAggregation<Event>(WindowForms.Join),
            new ValueEmitter<int, TimeWindow, Event>());
    }

    private static (KeyedOperator<int, Event, Event> Operator, Tap<Event> Tap) Open(KeyedOperator<int, Event, Event> op, Watched backend)
    {
        var tap = new Tap<Event>(new OperatorRig(op, backend: backend).Pressure);
        op.Output.Connect(tap);
        op.Open();
        return (op, tap);
    }

    /// <summary>Heap state that notes what is fetched ahead.</summary>
    private sealed class Watched : StateBackend
    {
        public bool IsSlow { get; init; }

        public int Length { get; init; } = 1024;

        public List<(int Keys, long Namespace)> Fetched { get; } = [];

        /// <summary>The keys of which all state was asked for.</summary>
        public List<object> Asked { get; } = [];

        /// <summary>The keys of which a table was asked, whatever their namespaces.</summary>
        public List<(string Table, object Key)> AskedOfTables { get; } = [];

        /// <summary>The tables that are said to have few namespaces for a key.</summary>
        public List<string> WithFewNamespaces { get; } = [];

        public override string Name => "watched";

        public IEnumerable<object> AskedOf(string table) => AskedOfTables.Where(asked => asked.Table == table).Select(asked => asked.Key);

        public override KeyedStateBackend<TKey> CreateKeyedState<TKey>(KeyedStateContext<TKey> context) =>
            new Backend<TKey>(this, context.MaxParallelism, HeapStateBackend.Instance.CreateKeyedState(context));

        private sealed class Backend<TKey>(Watched owner, int maxParallelism, KeyedStateBackend<TKey> inner) : KeyedStateBackend<TKey>(maxParallelism)
        {
            public override long EntryCount => inner.EntryCount;

            public override int PrefetchLength => owner.Length;

            public override void Prefetch(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes)
            {
                foreach (var key in keys)
                {
                    owner.Asked.Add(key!);
                }
            }

            public override ulong HashOf(in TKey key) => inner.HashOf(in key);

            public override KeyedStateTable<TKey, TNamespace, TValue> CreateTable<TNamespace, TValue>(StateTableDescriptor<TNamespace, TValue> descriptor)
            {
                if (descriptor.HasFewNamespaces)
                {
                    owner.WithFewNamespaces.Add(descriptor.Name);
                }

                return new Table<TKey, TNamespace, TValue>(owner, descriptor.Name, inner.CreateTable(descriptor));
            }

            public override FrozenKeyedState Freeze(long checkpointId) => inner.Freeze(checkpointId);

            public override void Restore(IReadOnlyList<KeyedStateReader> snapshots) => inner.Restore(snapshots);
        }

        private sealed class Table<TKey, TNamespace, TValue>(Watched owner, string name, KeyedStateTable<TKey, TNamespace, TValue> inner) : KeyedStateTable<TKey, TNamespace, TValue>
        {
            public override long Count => inner.Count;

            public override bool IsLookUpSlow => owner.IsSlow;

            public override ref TValue GetOrAdd(scoped in TKey key, ulong hash, scoped in TNamespace ns, out bool existed) => ref inner.GetOrAdd(in key, hash, in ns, out existed);

            public override ref TValue Find(scoped in TKey key, ulong hash, scoped in TNamespace ns) => ref inner.Find(in key, hash, in ns);

            public override ref readonly TValue Peek(scoped in TKey key, ulong hash, scoped in TNamespace ns) => ref inner.Peek(in key, hash, in ns);

            public override bool Remove(scoped in TKey key, ulong hash, scoped in TNamespace ns) => inner.Remove(in key, hash, in ns);

            public override void Clear() => inner.Clear();

            public override bool MoveNext(ref TableCursor cursor) => inner.MoveNext(ref cursor);

            public override ref readonly TKey KeyAt(in TableCursor cursor) => ref inner.KeyAt(in cursor);

            public override ref readonly TNamespace NamespaceAt(in TableCursor cursor) => ref inner.NamespaceAt(in cursor);

            public override ref TValue ValueAt(in TableCursor cursor) => ref inner.ValueAt(in cursor);

            public override ref readonly TValue PeekAt(in TableCursor cursor) => ref inner.PeekAt(in cursor);

            public override void Prefetch(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes, in TNamespace ns) =>
                owner.Fetched.Add((keys.Length, ns is long end ? end : 0));

            public override void Prefetch(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes)
            {
                foreach (var key in keys)
                {
                    owner.AskedOfTables.Add((name, key!));
                }
            }
        }
    }
}
