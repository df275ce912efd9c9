#pragma warning disable xUnit1051 // Restores are short and blocking; a token would say nothing about them.

using Millrace.Runtime.State.Keyed;
using Millrace.State.Backends;

namespace Millrace.State.RocksDb.Tests;

/// <summary>What a time to live means, with every kind of state, on both backends.</summary>
public sealed class TtlTests : IDisposable
{
    private static readonly StateTtl Ten = new(TimeSpan.FromMilliseconds(10));

    private readonly Kit _kit = new();
    private readonly ManualClock _clock = new();

    public enum Kind
    {
        Value,
        List,
        Map,
        Reducing,
        Aggregating,
    }

    public static TheoryData<bool, Kind, StateTtlUpdate, StateTtlVisibility> Cases { get; } =
    [
        .. from rocksDb in new[] { false, true }
           from kind in Enum.GetValues<Kind>()
           from update in Enum.GetValues<StateTtlUpdate>()
           from visibility in Enum.GetValues<StateTtlVisibility>()
           select (rocksDb, kind, update, visibility),
    ];

    public void Dispose() => _kit.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void State_lives_for_its_time_after_the_last_use(bool rocksDb, Kind kind, StateTtlUpdate update, StateTtlVisibility visibility)
    {
        bool readingCounts = update == StateTtlUpdate.OnReadAndWrite;
        bool staysVisible = visibility == StateTtlVisibility.ReturnExpiredIfNotCleanedUp;
        using var store = Open(rocksDb);
        var state = new Probe(store, kind, Ten with { Update = update, Visibility = visibility, Cleanup = StateTtlCleanup.None });
        store.SetCurrentKey(7);
        Assert.Null(state.Read());
        state.Add(100);
        _clock.Now += 9;
        Assert.Equal(100, state.Read());

        // 10 after writing, 1 after reading.
        _clock.Now += 1;
        Assert.Equal(readingCounts || staysVisible ? 100 : null, state.Read());
        _clock.Now += 9;
        Assert.Equal(readingCounts || staysVisible ? 100 : null, state.Read());
        _clock.Now += 10;
        Assert.Equal(staysVisible ? 100 : null, state.Read());

        // Reading did not bring it back; a write does, on top of what is still to be seen.
        _clock.Now += 1;
        Assert.Equal(staysVisible ? 100 : null, state.Read());
        state.Add(5);
        Assert.Equal(staysVisible ? 105 : 5, state.Read());
        store.SetCurrentKey(8);
        Assert.Null(state.Read());
        store.SetCurrentKey(7);
        state.Clear();
        Assert.Null(state.Read());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Elements_of_lists_and_entries_of_maps_expire_one_by_one(bool rocksDb)
    {
        using var store = Open(rocksDb);
        var list = store.GetListState(new ListStateDescriptor<long>("list") { Ttl = Ten });
        var map = store.GetMapState(new MapStateDescriptor<string, long>("map") { Ttl = Ten });
        store.SetCurrentKey(1);
        list.AddRange([1, 2]);
        map["a"] = 1;
        map["b"] = 2;
        _clock.Now += 6;
        list.Add(3);
        map["b"] = 3;
        map["c"] = 4;
        Assert.Equal([1, 2, 3], list.AsSpan().ToArray());
        Assert.Equal(3, map.Count);

        _clock.Now += 6;
        Assert.Equal([3], list.AsSpan().ToArray());
        Assert.Equal(1, list.Count);
        Assert.False(map.Contains("a"));
        Assert.False(map.TryGet("a", out _));
        Assert.False(map.Remove("a"));
        Assert.Throws<KeyNotFoundException>(() => map["a"]);
        Assert.Equal([new("b", 3), new("c", 4)], map.Entries.OrderBy(entry => entry.Key));

        // A reference to an entry that has expired is to a new one.
        map.GetOrAdd("a") += 7;
        Assert.Equal(7, map["a"]);
        Assert.True(map.Remove("b"));
        list.Update([.. list.AsSpan(), 9]);
        Assert.Equal([3, 9], list.AsSpan().ToArray());

        _clock.Now += 20;
        Assert.Equal(0, list.Count);
        Assert.Equal(0, map.Count);
        Assert.Equal(0, store.EntryCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nulls_are_values_too(bool rocksDb)
    {
        using var store = Open(rocksDb);
        var value = store.GetState(new ValueStateDescriptor<string?>("value") { Ttl = Ten });
        var map = store.GetMapState(new MapStateDescriptor<int, string?>("map") { Ttl = Ten });
        store.SetCurrentKey(1);
        value.Value = null;
        map[1] = null;
        using var restored = Open(rocksDb, Canonical(store));
        value = restored.GetState(new ValueStateDescriptor<string?>("value") { Ttl = Ten });
        map = restored.GetMapState(new MapStateDescriptor<int, string?>("map") { Ttl = Ten });
        restored.SetCurrentKey(1);
        Assert.True(value.TryGet(out string? text));
        Assert.Null(text);
        Assert.True(map.TryGet(1, out text));
        Assert.Null(text);
        _clock.Now += 10;
        Assert.False(value.Exists);
        Assert.False(map.Contains(1));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void The_time_of_the_last_use_goes_with_a_snapshot_and_the_time_to_live_does_not(bool fromRocksDb, bool toRocksDb)
    {
        using var store = Open(fromRocksDb);
        foreach (var kind in Enum.GetValues<Kind>())
        {
            var state = new Probe(store, kind, Ten);
            store.SetCurrentKey(1);
            state.Add(1);
            _clock.Now += 5;
            store.SetCurrentKey(2);
            state.Add(2);
            var snapshot = Canonical(store);

            using var same = Open(toRocksDb, snapshot);
            var restored = new Probe(same, kind, Ten);
            _clock.Now += 5;
            Assert.Equal([null, 2], restored.ReadAll(1, 2));

            using var longer = Open(toRocksDb, snapshot);
            restored = new Probe(longer, kind, new StateTtl(TimeSpan.FromMilliseconds(15)));
            _clock.Now += 9;
            Assert.Equal([null, 2], restored.ReadAll(1, 2));
            _clock.Now += 1;
            Assert.Equal([null, null], restored.ReadAll(1, 2));
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_time_to_live_can_be_added_and_removed(bool fromRocksDb, bool toRocksDb)
    {
        foreach (var kind in Enum.GetValues<Kind>())
        {
            using var store = Open(fromRocksDb);
            var state = new Probe(store, kind, ttl: null);
            store.SetCurrentKey(1);
            state.Add(1);
            _clock.Now += 1000;

            // As if it had been used when it was restored.
            using var with = Open(toRocksDb, Canonical(store));
            var added = new Probe(with, kind, Ten with { Cleanup = StateTtlCleanup.None });
            with.SetCurrentKey(2);
            added.Add(2);
            _clock.Now += 9;
            Assert.Equal([1, 2], added.ReadAll(1, 2));
            with.SetCurrentKey(2);
            added.Add(3);
            _clock.Now += 1;
            var snapshot = Canonical(with);
            Assert.Equal([null, 3], [added.ReadAll(1)[0], added.ReadAll(2)[0] - (kind is Kind.List or Kind.Map ? 0 : 2)]);

            // Nothing had been removed, so that all of it stays from now on.
            using var without = Open(fromRocksDb, snapshot);
            var removed = new Probe(without, kind, ttl: null);
            _clock.Now += 1000;
            Assert.Equal([1, 5], removed.ReadAll(1, 2));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_time_to_live_can_be_added_together_with_a_change_of_the_type(bool rocksDb)
    {
        using var store = Open(rocksDb);
        store.SetCurrentKey(1);
        store.GetState(new ValueStateDescriptor<int>("number")).Value = 5;
        store.GetListState(new ListStateDescriptor<int>("numbers")).AddRange([1, 2]);
        using var with = Open(rocksDb, Canonical(store));
        with.SetCurrentKey(1);
        Assert.Equal(5L, with.GetState(new ValueStateDescriptor<long>("number") { Ttl = Ten }).Value);
        Assert.Equal([1L, 2L], with.GetListState(new ListStateDescriptor<long>("numbers") { Ttl = Ten }).AsSpan().ToArray());

        using var wrong = Open(rocksDb, Canonical(with));
        var error = Assert.Throws<StateIncompatibleException>(() => wrong.GetState(new ValueStateDescriptor<string>("number") { Ttl = Ten }));
        Assert.Contains("'number'", error.Message, StringComparison.Ordinal);
        Assert.Throws<StateIncompatibleException>(() => wrong.GetState(new ValueStateDescriptor<string>("number")));
        wrong.SetCurrentKey(1);
        Assert.Equal(5L, wrong.GetState(new ValueStateDescriptor<long>("number")).Value);
    }

    [Fact]
    public void Native_snapshots_of_RocksDb_keep_it_and_let_it_be_added_removed_and_changed()
    {
        var storage = new TestStorage();
        NativeSnapshot NativeOf(RocksDbKeyedState<int> backend, long checkpoint) => storage.Write(backend.Freeze(checkpoint), checkpoint);
        (KeyedStateStore<int> Store, RocksDbKeyedState<int> Backend) Restored(NativeSnapshot snapshot)
        {
            var restoredBackend = _kit.Open<int>();
            var restoredStore = new KeyedStateStore<int>(restoredBackend, Kit.Serializers.GetHasher<int>(), Kit.Serializers, _clock);
            restoredStore.RestoreNative([snapshot], storage, CancellationToken.None);
            return (restoredStore, restoredBackend);
        }

        var backend = _kit.Open<int>();
        NativeSnapshot first;
        using (var store = new KeyedStateStore<int>(backend, Kit.Serializers.GetHasher<int>(), Kit.Serializers, _clock))
        {
            var plain = store.GetState(new ValueStateDescriptor<long>("value"));
            for (int key = 0; key < 100; key++)
            {
                store.SetCurrentKey(key);
                plain.Value = key;
            }

            first = NativeOf(backend, 1);
        }

        NativeSnapshot second;
        var (added, addedBackend) = Restored(first);
        using (added)
        {
            var state = added.GetState(new ValueStateDescriptor<long>("value") { Ttl = Ten });
            _clock.Now += 5;
            added.SetCurrentKey(3);
            Assert.Equal(3, state.Value);
            state.Value = 33;
            second = NativeOf(addedBackend, 2);
        }

        NativeSnapshot third;
        var (kept, keptBackend) = Restored(second);
        using (kept)
        {
            var state = kept.GetState(new ValueStateDescriptor<long>("value") { Ttl = new StateTtl(TimeSpan.FromMilliseconds(12)) });
            var other = kept.GetState(new ValueStateDescriptor<long>("other") { Ttl = Ten });
            _clock.Now += 6;
            kept.SetCurrentKey(4);
            other.Value = 44;
            Assert.Equal(4, state.Value);
            _clock.Now += 1;
            Assert.False(state.Exists);
            kept.SetCurrentKey(3);
            Assert.Equal(33, state.Value);
            third = NativeOf(keptBackend, 3);
        }

        var (removed, _) = Restored(third);
        using (removed)
        {
            _clock.Now += 1000;
            var state = removed.GetState(new ValueStateDescriptor<long>("value"));
            removed.SetCurrentKey(3);
            Assert.Equal(33, state.Value);
            removed.SetCurrentKey(5);
            Assert.Equal(5, state.Value);
            removed.SetCurrentKey(4);
            Assert.False(state.Exists);
            Assert.Equal(44, removed.GetState(new ValueStateDescriptor<long>("other")).Value);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Savepoints_are_written_without_what_has_expired(bool rocksDb)
    {
        using var store = Open(rocksDb);
        foreach (var kind in Enum.GetValues<Kind>())
        {
            Fill(store, kind, "", Ten);
            Fill(store, kind, "kept", Ten with { Cleanup = StateTtlCleanup.Background });
        }

        _clock.Now += 5;
        store.SetCurrentKey(3);
        new Probe(store, Kind.Value, Ten).Add(3);
        _clock.Now += 5;
        using var restored = Open(rocksDb: false, Canonical(store));
        foreach (var kind in Enum.GetValues<Kind>())
        {
            Assert.Equal(kind == Kind.Value ? [3] : (IEnumerable<int>)[], KeysOf(restored, kind, ""));
            Assert.Equal(100, KeysOf(restored, kind, "kept").Count);
        }
    }

    [Fact]
    public void The_heap_removes_in_the_background_what_has_expired()
    {
        using var store = Open(rocksDb: false);
        foreach (var kind in Enum.GetValues<Kind>())
        {
            Fill(store, kind, "cleaned", Ten);
            Fill(store, kind, "kept", Ten with { Cleanup = StateTtlCleanup.Snapshots });
            _clock.Now += 10;
            long before = store.EntryCount;
            store.SetCurrentKey(1000);
            var cleaned = new Probe(store, kind, Ten, "cleaned");
            var kept = new Probe(store, kind, Ten with { Cleanup = StateTtlCleanup.Snapshots }, "kept");
            for (int use = 0; use < 200; use++)
            {
                cleaned.Read();
                kept.Read();
            }

            Assert.Equal(before - 100, store.EntryCount);
        }
    }

    [Fact]
    public void The_heap_looks_at_as_many_entries_as_it_is_told()
    {
        using var store = Open(rocksDb: false);
        var ttl = Ten with { CleanupSize = 1 };
        Fill(store, Kind.Value, "", ttl);
        _clock.Now += 10;
        store.SetCurrentKey(1000);
        var state = new Probe(store, Kind.Value, ttl);
        for (int use = 0; use < 64; use++)
        {
            state.Read();
        }

        // A removal may move an entry back to where it was looked at already.
        Assert.InRange(store.EntryCount, 36, 60);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Lists_and_maps_that_are_never_read_do_not_grow_for_ever(bool rocksDb)
    {
        using var store = Open(rocksDb);
        store.SetCurrentKey(1);
        var list = store.GetListState(new ListStateDescriptor<int>("list") { Ttl = Ten with { Visibility = StateTtlVisibility.ReturnExpiredIfNotCleanedUp } });
        var map = store.GetMapState(new MapStateDescriptor<int, int>("map") { Ttl = Ten with { Visibility = StateTtlVisibility.ReturnExpiredIfNotCleanedUp } });
        for (int i = 0; i < 10_000; i++)
        {
            _clock.Now++;
            list.Add(i);
            map[i] = i;
        }

        Assert.InRange(list.Count, 10, 32);
        Assert.InRange(map.Count, 10, 32);
        Assert.Equal(9_999, list.AsSpan()[^1]);
    }

    [Fact]
    public void RocksDb_drops_in_compactions_what_has_expired_and_counts_what_is_left()
    {
        using var small = new Kit(cacheBytes: 1);
        var backend = small.Open<int>();
        using var store = new KeyedStateStore<int>(backend, Kit.Serializers.GetHasher<int>(), Kit.Serializers, _clock);
        var state = store.GetState(new ValueStateDescriptor<long>("value") { Ttl = Ten });
        int key = 0;
        for (int round = 0; round < 20; round++)
        {
            for (int i = 0; i < 2000; i++)
            {
                store.SetCurrentKey(++key);
                state.Value = key;
            }

            _clock.Now += 5;
            int[] next = [key];
            store.Prefetch(next, [store.HashOf(key)]);
            backend.Compact();
        }

        // Of 40,000 keys 4,000 live: a count may be twice what it was when it was last taken.
        Assert.InRange(store.EntryCount, 2_000, 8 * (2 * 500 + 1024) + 100);
        for (int i = 0; i < 4000; i++)
        {
            store.SetCurrentKey(key - i);
            Assert.Equal(i < 2000, state.Exists);
        }
    }

    [Fact]
    public void One_state_has_one_time_to_live()
    {
        using var store = Open(rocksDb: false);
        var state = store.GetState(new ValueStateDescriptor<long>("n") { Ttl = Ten });
        Assert.Same(state, store.GetState(new ValueStateDescriptor<long>("n") { Ttl = new StateTtl(TimeSpan.FromMilliseconds(10)) }));
        var error = Assert.Throws<InvalidOperationException>(() => store.GetState(new ValueStateDescriptor<long>("n") { Ttl = new StateTtl(TimeSpan.FromDays(1)) }));
        Assert.Contains("1.00:00:00", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidOperationException>(() => store.GetState(new ValueStateDescriptor<long>("n")));
        Assert.Equal("State 'n' is a value state of Int64 with a time to live, but a value state of Int64 is asked for under the same name. Give one of the two another name.", error.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new StateTtl(TimeSpan.FromTicks(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ten with { CleanupSize = 0 });
    }

    private static KeyedStateReader Canonical(KeyedStateStore<int> store) => Kit.MemoryOf(store.Freeze(1));

    private static IReadOnlyList<int> KeysOf(KeyedStateStore<int> store, Kind kind, string suffix)
    {
        // Without a time to live, everything that is there is seen.
        var state = new Probe(store, kind, ttl: null, suffix);
        return store.KeysOf(state.Descriptor);
    }

    private KeyedStateStore<int> Open(bool rocksDb, KeyedStateReader? from = null)
    {
        KeyedStateBackend<int> backend = rocksDb ? _kit.Open<int>() : Kit.Heap<int>(Kit.All);
        var store = new KeyedStateStore<int>(backend, Kit.Serializers.GetHasher<int>(), Kit.Serializers, _clock);
        if (from is not null)
        {
            store.Restore([from]);
        }

        return store;
    }

    private static void Fill(KeyedStateStore<int> store, Kind kind, string suffix, StateTtl ttl)
    {
        var state = new Probe(store, kind, ttl, suffix);
        for (int key = 0; key < 100; key++)
        {
            store.SetCurrentKey(key);
            state.Add(1);
        }
    }

    /// <summary>A state of any kind as a sum.</summary>
    private sealed class Probe
    {
        private readonly KeyedStateStore<int> _store;

        public Probe(KeyedStateStore<int> store, Kind kind, StateTtl? ttl, string suffix = "")
        {
            _store = store;
            string name = kind + suffix;
            switch (kind)
            {
                case Kind.Value:
                {
                    var descriptor = new ValueStateDescriptor<long>(name) { Ttl = ttl };
                    var state = store.GetState(descriptor);
                    (Descriptor, Add, Clear) = (descriptor, value => state.GetOrAdd() += value, state.Clear);
                    Read = () => state.TryGet(out long value) ? value : null;
                    break;
                }

                case Kind.List:
                {
                    var descriptor = new ListStateDescriptor<long>(name) { Ttl = ttl };
                    var state = store.GetListState(descriptor);
                    (Descriptor, Add, Clear) = (descriptor, state.Add, state.Clear);
                    Read = () => state.Count == 0 ? null : state.AsSpan().ToArray().Sum();
                    break;
                }

                case Kind.Map:
                {
                    var descriptor = new MapStateDescriptor<long, long>(name) { Ttl = ttl };
                    var state = store.GetMapState(descriptor);
                    (Descriptor, Add, Clear) = (descriptor, value => state[value] = value, state.Clear);
                    Read = () => state.Count == 0 ? null : state.Entries.Sum(entry => entry.Value);
                    break;
                }

                case Kind.Reducing:
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
    }

    private sealed class Sum : AggregateFunction<long, long, long>
    {
        public override long CreateAccumulator() => 0;

        public override void Add(ref long accumulator, long value) => accumulator += value;

        public override long GetResult(in long accumulator) => accumulator;

        public override void Merge(ref long accumulator, in long other) => accumulator += other;
    }
}
