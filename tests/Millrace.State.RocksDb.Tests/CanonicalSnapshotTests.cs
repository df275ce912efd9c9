#pragma warning disable xUnit1051 // Nothing here is given up half way.
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Snapshots;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.State.RocksDb.Tests;

/// <summary>The canonical format leads from any backend to any other.</summary>
public sealed class CanonicalSnapshotTests
{
    private static readonly KeyGroupRange[] Parts = [new(0, 3), new(3, 4), new(7, 1)];

    [Theory]
    [InlineData(1)]
    [InlineData(1 << 20)]
    public void State_goes_from_heap_to_RocksDB_and_back(long cacheBytes)
    {
        using var kit = new Kit(cacheBytes);
        using var heap = Kit.StoreOf(Kit.Heap<string>(Kit.All));
        Fill(heap);
        var before = MemoryKeyedState.Of(heap.Freeze(1), Kit.MaxParallelism);
        List<MemoryKeyedState> parts = [];
        foreach (var range in Parts)
        {
            // Some ask for the states, some carry them over.
            using var rocks = Kit.StoreOf(kit.Open<string>(range));
            rocks.Restore([before]);
            if (range.Start > 0)
            {
                Ask(rocks);
            }

            parts.Add(MemoryKeyedState.Of(rocks.Freeze(2), Kit.MaxParallelism));
        }

        using var back = Kit.StoreOf(Kit.Heap<string>(Kit.All));
        back.Restore(parts);
        Ask(back);
        Assert.Equal(EntriesOf(before), EntriesOf(MemoryKeyedState.Of(back.Freeze(3), Kit.MaxParallelism)));
        Assert.Equal(heap.EntryCount, back.EntryCount);
    }

    [Fact]
    public void Timers_keep_their_order_when_they_leave_the_cache()
    {
        using var kit = new Kit(cacheBytes: 1);
        using var store = Kit.StoreOf(kit.Open<string>());
        var timers = store.Timers<VoidNamespace>("timers");
        for (int i = 0; i < 2000; i++)
        {
            Assert.True(timers.Register($"key {i}", store.HashOf($"key {i}"), default, i * 7919 % 1000));
        }

        for (int i = 0; i < 2000; i += 2)
        {
            Assert.False(timers.Register($"key {i}", store.HashOf($"key {i}"), default, i * 7919 % 1000));
            Assert.True(timers.Delete($"key {i}", store.HashOf($"key {i}"), default, i * 7919 % 1000));
            Assert.True(timers.Register($"key {i}", store.HashOf($"key {i}"), default, i * 7919 % 1000));
        }

        long last = -1;
        int fired = 0;
        while (timers.TryPop(long.MaxValue, out var timer))
        {
            Assert.True(timer.Time >= last);
            last = timer.Time;
            fired++;
        }

        Assert.Equal(2000, fired);
        Assert.Equal(0, store.EntryCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Values_may_change_their_shape(bool isNative)
    {
        using var kit = new Kit(cacheBytes: 2000);
        var storage = new TestStorage();
        using var old = kit.Open<int>();
        var before = old.CreateTable(Kit.ValueOf<int>("n"));
        for (int key = 0; key < 1000; key++)
        {
            before.GetOrAdd(in key, old.HashOf(in key), default, out _) = key;
        }

        using var state = kit.Open<int>();
        var native = isNative ? storage.Write(old.Freeze(1), 1) : null;
        if (native is not null)
        {
            state.RestoreNative([native], storage);
        }
        else
        {
            state.Restore([Kit.CanonicalOf(old)]);
        }

        var after = state.CreateTable(Kit.ValueOf<long>("n"));
        MustBe(after, state);

        // From now on it is written in the new shape.
        using var again = kit.Open<int>();
        again.RestoreNative([storage.Write(state.Freeze(2), 2)], storage);
        MustBe(again.CreateTable(Kit.ValueOf<long>("n")), again);

        static void MustBe(KeyedStateTable<int, VoidNamespace, long> table, RocksDbKeyedState<int> state)
        {
            Assert.Equal(1000, table.Count);
            for (int key = 0; key < 1000; key++)
            {
                Assert.Equal(key, table.Peek(in key, state.HashOf(in key), default));
            }
        }
    }

    [Fact]
    public void CreateTable_WhatCannotBeRead_IsRefusedAndStaysAsItWas()
    {
        using var kit = new Kit();
        using var old = kit.Open<int>();
        int one = 1;
        old.CreateTable(Kit.ValueOf<string>("s")).GetOrAdd(in one, old.HashOf(in one), default, out _) = "text";
        using var state = kit.Open<int>();
        state.Restore([Kit.CanonicalOf(old)]);
        var refused = Assert.Throws<StateIncompatibleException>(() => state.CreateTable(Kit.ValueOf<long>("s")));
        Assert.StartsWith("MR41", refused.Code, StringComparison.Ordinal);
        Assert.Contains("'s'", refused.Message, StringComparison.Ordinal);
        Assert.Throws<StateIncompatibleException>(() => state.CreateTable(Kit.ValueOf<string>("s") with { Kind = KeyedStateKind.List }));
        Assert.Equal("text", state.CreateTable(Kit.ValueOf<string>("s")).Peek(in one, state.HashOf(in one), default));
        Assert.Throws<InvalidOperationException>(() => state.CreateTable(Kit.ValueOf<string>("s")));
    }

    [Fact]
    public void CreateTable_OtherKeyType_IsRefused()
    {
        using var kit = new Kit();
        using var old = kit.Open<int>();
        int one = 1;
        old.CreateTable(Kit.ValueOf<int>("n")).GetOrAdd(in one, old.HashOf(in one), default, out _) = 1;
        using var state = kit.Open<long>();
        state.Restore([Kit.CanonicalOf(old)]);
        var refused = Assert.Throws<StateIncompatibleException>(() => state.CreateTable(Kit.ValueOf<int>("n")));
        Assert.Contains("keys", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_Misuse_IsRefused()
    {
        using var kit = new Kit();
        using var old = kit.Open<int>();
        int one = 1;
        old.CreateTable(Kit.ValueOf<int>("n")).GetOrAdd(in one, old.HashOf(in one), default, out _) = 1;
        var snapshot = Kit.CanonicalOf(old);
        Assert.Throws<InvalidOperationException>(() => old.Restore([snapshot]));
        using var twice = kit.Open<int>();
        Assert.Throws<InvalidOperationException>(() => twice.Restore([snapshot, snapshot]));
        using var wider = kit.Open<int>(new KeyGroupRange(0, 16), maxParallelism: 16);
        Assert.Equal("MR4103", Assert.Throws<StateIncompatibleException>(() => wider.Restore([snapshot])).Code);
    }

    private static void Fill(KeyedStateStore<string> store)
    {
        var counts = store.Table<VoidNamespace, long>("counts");
        var windows = store.Table<TimeWindow, string>("windows");
        var lists = store.ListTable<VoidNamespace, int>("lists");
        var maps = store.MapTable<VoidNamespace, string, decimal>("maps");
        var timers = store.Timers<VoidNamespace>("timers");
        for (int i = 0; i < 500; i++)
        {
            string key = $"key {i}";
            ulong hash = store.HashOf(in key);
            counts.GetOrAdd(in key, hash, default, out _) = i;
            windows.GetOrAdd(in key, hash, new TimeWindow(i, i + 10), out _) = i % 7 == 0 ? null! : $"window {i}";
            lists.GetOrAdd(in key, hash, default, out _).AddRange([.. Enumerable.Range(0, i % 20)]);
            maps.GetOrAdd(in key, hash, default, out _).GetOrAdd("cents", out _) = i / 100m;
            timers.Register(in key, hash, default, i);
            timers.Register(in key, hash, default, i + 1);
        }
    }

    private static void Ask(KeyedStateStore<string> store)
    {
        store.Table<VoidNamespace, long>("counts");
        store.Table<TimeWindow, string>("windows");
        store.ListTable<VoidNamespace, int>("lists");
        store.MapTable<VoidNamespace, string, decimal>("maps");
        store.Timers<VoidNamespace>("timers");
    }

    /// <summary>What is in a snapshot, whatever the order in which entries were written: for each state and key group the number of entries and the bytes, sorted.</summary>
    private static List<string> EntriesOf(MemoryKeyedState snapshot) =>
    [
        .. snapshot.States.SelectMany(state => snapshot.ReadChunks(state, Kit.All).GroupBy(chunk => chunk.Group).Select(group =>
            $"{state.Name} {state.Kind} {state.Key} {state.Namespace} {state.Value} {group.Key}: {group.Sum(chunk => chunk.Count)} "
            + Convert.ToHexString([.. group.SelectMany(chunk => chunk.Entries.ToArray()).Order()]))).Order(StringComparer.Ordinal),
    ];
}
