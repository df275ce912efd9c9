#pragma warning disable xUnit1051 // Restores are short and blocking; a token would say nothing about them.

using Millrace.Runtime.State.Keyed;

namespace Millrace.State.RocksDb.Tests;

/// <summary>What a time to live means, with every kind of state, on both backends.</summary>
public sealed class TtlTests : TtlRig
{
    public static TheoryData<bool, TtlKind, StateTtlUpdate, StateTtlVisibility> Cases { get; } =
    [
        .. from rocksDb in new[] { false, true }
           from kind in Enum.GetValues<TtlKind>()
           from update in Enum.GetValues<StateTtlUpdate>()
           from visibility in Enum.GetValues<StateTtlVisibility>()
           select (rocksDb, kind, update, visibility),
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void State_lives_for_its_time_after_the_last_use(bool rocksDb, TtlKind kind, StateTtlUpdate update, StateTtlVisibility visibility)
    {
        bool readingCounts = update == StateTtlUpdate.OnReadAndWrite;
        bool staysVisible = visibility == StateTtlVisibility.ReturnExpiredIfNotCleanedUp;
        using var store = Open(rocksDb);
        var state = new TtlProbe(store, kind, Ten with { Update = update, Visibility = visibility, Cleanup = StateTtlCleanup.None });
        store.SetCurrentKey(7);
        Assert.Null(state.Read());
        state.Add(100);
        Clock.Now += 9;
        Assert.Equal(100, state.Read());

        // 10 after writing, 1 after reading.
        Clock.Now += 1;
        Assert.Equal(readingCounts || staysVisible ? 100 : null, state.Read());
        Clock.Now += 9;
        Assert.Equal(readingCounts || staysVisible ? 100 : null, state.Read());
        Clock.Now += 10;
        Assert.Equal(staysVisible ? 100 : null, state.Read());

        // Reading did not bring it back; a write does, on top of what is still to be seen.
        Clock.Now += 1;
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
        Clock.Now += 6;
        list.Add(3);
        map["b"] = 3;
        map["c"] = 4;
        Assert.Equal([1, 2, 3], list.AsSpan().ToArray());
        Assert.Equal(3, map.Count);

        Clock.Now += 6;
        Assert.Equal([3], list.AsSpan().ToArray());
        Assert.Equal(1, list.Count);
        Assert.False(map.Contains("a"));
        Assert.False(map.TryGet("a", out _));
        Assert.False(map.Remove("a"));
        Assert.Throws<KeyNotFoundException>(() => map["a"]);
        Assert.Equal([new("b", 3), new("c", 4)], map.Entries.OrderBy(entry => entry.Key));

        Assert.True(map.Remove("b"));
        list.Update([.. list.AsSpan(), 9]);
        Assert.Equal([3, 9], list.AsSpan().ToArray());

        Clock.Now += 20;
        Assert.Equal(0, list.Count);
        Assert.Equal(0, map.Count);
        Assert.Equal(0, store.EntryCount);

        // A reference to an entry that has expired is to a new one.
        map["a"] = 100;
        Clock.Now += 10;
        map.GetOrAdd("a") += 7;
        Assert.Equal(7, map["a"]);
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
        Clock.Now += 10;
        Assert.False(value.Exists);
        Assert.False(map.Contains(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Savepoints_are_written_without_what_has_expired(bool rocksDb)
    {
        using var store = Open(rocksDb);
        foreach (var kind in Enum.GetValues<TtlKind>())
        {
            Fill(store, kind, "", Ten);
            Fill(store, kind, "kept", Ten with { Cleanup = StateTtlCleanup.Background });
        }

        Clock.Now += 5;
        store.SetCurrentKey(3);
        new TtlProbe(store, TtlKind.Value, Ten).Add(3);
        Clock.Now += 5;
        using var restored = Open(rocksDb: false, Canonical(store));
        foreach (var kind in Enum.GetValues<TtlKind>())
        {
            Assert.Equal(kind == TtlKind.Value ? [3] : (IEnumerable<int>)[], KeysOf(restored, kind, ""));
            Assert.Equal(100, KeysOf(restored, kind, "kept").Count);
        }
    }

    [Fact]
    public void The_heap_removes_in_the_background_what_has_expired()
    {
        using var store = Open(rocksDb: false);
        foreach (var kind in Enum.GetValues<TtlKind>())
        {
            Fill(store, kind, "cleaned", Ten);
            Fill(store, kind, "kept", Ten with { Cleanup = StateTtlCleanup.Snapshots });
            Clock.Now += 10;
            long before = store.EntryCount;
            store.SetCurrentKey(1000);
            var cleaned = new TtlProbe(store, kind, Ten, "cleaned");
            var kept = new TtlProbe(store, kind, Ten with { Cleanup = StateTtlCleanup.Snapshots }, "kept");
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
        Fill(store, TtlKind.Value, "", ttl);
        Clock.Now += 10;
        store.SetCurrentKey(1000);
        var state = new TtlProbe(store, TtlKind.Value, ttl);
        for (int use = 0; use < 64; use++)
        {
            state.Read();
        }

        // 64 entries, or 128 slots, of which those of a group that has just grown are three in ten.
        Assert.InRange(store.EntryCount, 20, 70);
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
            Clock.Now++;
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
        using var store = new KeyedStateStore<int>(backend, Kit.Serializers.GetHasher<int>(), Kit.Serializers, Clock);
        var state = store.GetState(new ValueStateDescriptor<long>("value") { Ttl = Ten });
        int key = 0;
        for (int round = 0; round < 20; round++)
        {
            for (int i = 0; i < 2000; i++)
            {
                store.SetCurrentKey(++key);
                state.Value = key;
            }

            Clock.Now += 5;
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

    private static IReadOnlyList<int> KeysOf(KeyedStateStore<int> store, TtlKind kind, string suffix)
    {
        // Without a time to live, everything that is there is seen.
        var state = new TtlProbe(store, kind, ttl: null, suffix);
        return store.KeysOf(state.Descriptor);
    }

    private static void Fill(KeyedStateStore<int> store, TtlKind kind, string suffix, StateTtl ttl)
    {
        var state = new TtlProbe(store, kind, ttl, suffix);
        for (int key = 0; key < 100; key++)
        {
            store.SetCurrentKey(key);
            state.Add(1);
        }
    }
}
