#pragma warning disable xUnit1051 // Restores are short and blocking; a token would say nothing about them.

using Millrace.Runtime.State.Keyed;
using Millrace.State.Backends;

namespace Millrace.State.RocksDb.Tests;

/// <summary>A time to live through snapshots: kept, added, removed and changed, on both backends and from one to the other.</summary>
public sealed class TtlMigrationTests : TtlRig
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void The_time_of_the_last_use_goes_with_a_snapshot_and_the_time_to_live_does_not(bool fromRocksDb, bool toRocksDb)
    {
        using var store = Open(fromRocksDb);
        foreach (var kind in Enum.GetValues<TtlKind>())
        {
            var state = new TtlProbe(store, kind, Ten);
            store.SetCurrentKey(1);
            state.Add(1);
            Clock.Now += 5;
            store.SetCurrentKey(2);
            state.Add(2);
            var snapshot = Canonical(store);

            using var same = Open(toRocksDb, snapshot);
            var restored = new TtlProbe(same, kind, Ten);
            Clock.Now += 5;
            Assert.Equal([null, 2], restored.ReadAll(1, 2));

            using var longer = Open(toRocksDb, snapshot);
            restored = new TtlProbe(longer, kind, new StateTtl(TimeSpan.FromMilliseconds(15)));
            Clock.Now += 9;
            Assert.Equal([null, 2], restored.ReadAll(1, 2));
            Clock.Now += 1;
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
        foreach (var kind in Enum.GetValues<TtlKind>())
        {
            using var store = Open(fromRocksDb);
            var state = new TtlProbe(store, kind, ttl: null);
            store.SetCurrentKey(1);
            state.Add(1);
            Clock.Now += 1000;

            // As if it had been used when it was restored.
            using var with = Open(toRocksDb, Canonical(store));
            var added = new TtlProbe(with, kind, Ten with { Cleanup = StateTtlCleanup.None });
            with.SetCurrentKey(2);
            added.Add(2);
            Clock.Now += 9;
            Assert.Equal([1, 2], added.ReadAll(1, 2));
            with.SetCurrentKey(2);
            added.Add(3);
            Clock.Now += 1;
            var snapshot = Canonical(with);
            Assert.Equal([null, 3], [added.ReadAll(1)[0], added.ReadAll(2)[0] - (kind is TtlKind.List or TtlKind.Map ? 0 : 2)]);

            // Nothing had been removed, so that all of it stays from now on.
            using var without = Open(fromRocksDb, snapshot);
            var removed = new TtlProbe(without, kind, ttl: null);
            Clock.Now += 1000;
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
            var restoredBackend = StateKit.Open<int>();
            var restoredStore = new KeyedStateStore<int>(restoredBackend, Kit.Serializers.GetHasher<int>(), Kit.Serializers, Clock);
            restoredStore.RestoreNative([snapshot], storage, CancellationToken.None);
            return (restoredStore, restoredBackend);
        }

        var backend = StateKit.Open<int>();
        NativeSnapshot first;
        using (var store = new KeyedStateStore<int>(backend, Kit.Serializers.GetHasher<int>(), Kit.Serializers, Clock))
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
            Clock.Now += 5;
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
            Clock.Now += 6;
            kept.SetCurrentKey(4);
            other.Value = 44;
            Assert.Equal(4, state.Value);
            Clock.Now += 1;
            Assert.False(state.Exists);
            kept.SetCurrentKey(3);
            Assert.Equal(33, state.Value);
            third = NativeOf(keptBackend, 3);
        }

        var (removed, _) = Restored(third);
        using (removed)
        {
            Clock.Now += 1000;
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

    [Fact]
    public void Native_snapshots_of_several_subtasks_are_put_together()
    {
        var storage = new TestStorage();
        var snapshots = new List<NativeSnapshot>();
        int oneSided = 0;
        foreach (var range in new[] { new KeyGroupRange(0, 5), new KeyGroupRange(5, 3) })
        {
            var part = StateKit.Open<int>(range);
            using var store = new KeyedStateStore<int>(part, Kit.Serializers.GetHasher<int>(), Kit.Serializers, Clock);

            // In another order in each, so that their numbers are not the same, and one that the other has not.
            string[] order = range.Start == 0 ? ["plain", "ttl"] : ["ttl", "one-sided ttl", "plain"];
            var states = order.ToDictionary(name => name, name => store.GetState(new ValueStateDescriptor<long>(name) { Ttl = name == "plain" ? null : Ten }));
            foreach (int key in Enumerable.Range(0, 100).Where(key => range.Contains(KeyGroup.Of(store.HashOf(key), Kit.MaxParallelism))))
            {
                store.SetCurrentKey(key);
                foreach (string name in order)
                {
                    states[name].Value = name == "plain" ? key : -key;
                }

                oneSided += order.Length == 3 ? 1 : 0;
            }

            snapshots.Add(storage.Write(part.Freeze(1), 1));
        }

        var backend = StateKit.Open<int>();
        using var restored = new KeyedStateStore<int>(backend, Kit.Serializers.GetHasher<int>(), Kit.Serializers, Clock);
        restored.RestoreNative(snapshots, storage, CancellationToken.None);
        var plain = restored.GetState(new ValueStateDescriptor<long>("plain"));
        var ttl = restored.GetState(new ValueStateDescriptor<long>("ttl") { Ttl = Ten });
        restored.GetState(new ValueStateDescriptor<long>("one-sided ttl") { Ttl = Ten });
        Clock.Now += 5;
        for (int key = 0; key < 100; key++)
        {
            restored.SetCurrentKey(key);
            Assert.Equal(key, plain.Value);
            Assert.Equal(-key, ttl.Value);
            if (key < 10)
            {
                ttl.Value = 1000;
            }
        }

        // Before anything has expired, and after all but ten have.
        using var before = Open(rocksDb: false, Canonical(restored));
        Assert.InRange(oneSided, 1, 99);
        Assert.Equal((100, 100, oneSided), (PlainKeys(before, "plain"), PlainKeys(before, "ttl"), PlainKeys(before, "one-sided ttl")));
        Clock.Now += 5;
        restored.Freeze(2).Dispose();
        backend.Compact();
        using var read = Open(rocksDb: false, Canonical(restored));
        Assert.Equal(100, PlainKeys(read, "plain"));
        Assert.Equal(10, PlainKeys(read, "ttl"));
        Assert.Equal(0, PlainKeys(read, "one-sided ttl"));

        static int PlainKeys(KeyedStateStore<int> store, string name)
        {
            var descriptor = new ValueStateDescriptor<long>(name);
            store.GetState(descriptor);
            return store.KeysOf(descriptor).Count;
        }
    }
}
