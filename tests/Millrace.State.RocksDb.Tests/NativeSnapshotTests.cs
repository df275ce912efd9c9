#pragma warning disable xUnit1051 // Restores are short and blocking; a token would say nothing about them.

using Millrace.Runtime.State.Keyed;
using Millrace.State.Backends;

namespace Millrace.State.RocksDb.Tests;

public sealed class NativeSnapshotTests
{
    private const int Keys = 20_000;

    private static void Put(RocksDbKeyedState<long> state, KeyedStateTable<long, VoidNamespace, string> table, long from, long to, string what)
    {
        for (long key = from; key < to; key++)
        {
            table.GetOrAdd(in key, state.HashOf(in key), default, out _) = $"{what} of {key}";
        }
    }

    private static string? Read(RocksDbKeyedState<long> state, KeyedStateTable<long, VoidNamespace, string> table, long key)
    {
        ref readonly string value = ref table.Peek(in key, state.HashOf(in key), default);
        return System.Runtime.CompilerServices.Unsafe.IsNullRef(in value) ? null : value;
    }

    private static void MustHave(RocksDbKeyedState<long> state, long changed)
    {
        var table = state.CreateTable(Kit.ValueOf<string>("texts"));
        Assert.Equal(Keys, table.Count);
        for (long key = 0; key < Keys; key++)
        {
            Assert.Equal(key < changed ? $"second of {key}" : $"first of {key}", Read(state, table, key));
        }
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(16 << 20)]
    public void A_checkpoint_after_little_change_uploads_little_and_can_be_restored_when_the_first_is_gone(long cacheBytes)
    {
        using var kit = new Kit(cacheBytes);
        var storage = new TestStorage();
        using (var state = kit.Open<long>())
        {
            var table = state.CreateTable(Kit.ValueOf<string>("texts"));
            Put(state, table, 0, Keys, "first");
            var first = storage.Write(state.Freeze(1), 1);
            long all = storage.Uploaded;
            state.CheckpointCompleted(1);

            Put(state, table, 0, 20, "second");
            var second = storage.Write(state.Freeze(2), 2);
            Assert.InRange(storage.Uploaded - all, 1, all / 5);
            Assert.NotEmpty(first.Files.Select(file => file.Path).Intersect(second.Files.Select(file => file.Path)));
            state.CheckpointCompleted(2);
            storage.Retain(second);
            using var restored = kit.Open<long>();
            restored.RestoreNative([second], storage);
            MustHave(restored, 20);
        }

        Assert.Equal(2, kit.Closed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_first_checkpoint_after_a_restart_uploads_what_is_new_where_the_job_goes_on_from_its_own(bool isOwn)
    {
        using var kit = new Kit();
        var storage = new TestStorage { IsOwn = isOwn };
        NativeSnapshot first;
        using (var state = kit.Open<long>())
        {
            Put(state, state.CreateTable(Kit.ValueOf<string>("texts")), 0, Keys, "first");
            first = storage.Write(state.Freeze(1), 1);
        }

        long all = storage.Uploaded;
        var again = new List<NativeSnapshot>();
        foreach (var range in new[] { new KeyGroupRange(0, 3), new KeyGroupRange(3, 5) })
        {
            using var state = kit.Open<long>(range);
            state.RestoreNative([first], storage);
            var table = state.CreateTable(Kit.ValueOf<string>("texts"));
            for (long key = 0; key < 20; key++)
            {
                ulong hash = state.HashOf(in key);
                if (range.Contains(KeyGroup.Of(hash, Kit.MaxParallelism)))
                {
                    table.GetOrAdd(in key, hash, default, out _) = $"second of {key}";
                }
            }

            again.Add(storage.Write(state.Freeze(2), 2));
        }

        Assert.Equal(isOwn, again.All(snapshot => snapshot.Files.Select(file => file.Path).Intersect(first.Files.Select(file => file.Path)).Any()));
        Assert.Equal(isOwn, storage.Uploaded - all < all / 5);
        storage.Retain(again);
        using var restored = kit.Open<long>();
        restored.RestoreNative(again, storage);
        MustHave(restored, 20);
    }

    [Fact]
    public void What_an_aborted_checkpoint_uploaded_is_never_named_again()
    {
        using var kit = new Kit();
        var storage = new TestStorage();
        using var state = kit.Open<long>();
        var table = state.CreateTable(Kit.ValueOf<string>("texts"));
        Put(state, table, 0, Keys, "first");
        var completed = storage.Write(state.Freeze(1), 1);
        state.CheckpointCompleted(1);
        Put(state, table, 0, 10, "second");
        var aborted = storage.Write(state.Freeze(2), 2);
        state.CheckpointAborted(2);
        storage.Retain(completed);
        Put(state, table, 10, 20, "second");
        var third = storage.Write(state.Freeze(3), 3);
        Assert.Empty(aborted.Files.Select(file => file.Path).Except(completed.Files.Select(file => file.Path)).Intersect(third.Files.Select(file => file.Path)));
        state.CheckpointCompleted(3);
        storage.Retain(third);
        using var restored = kit.Open<long>();
        restored.RestoreNative([third], storage);
        MustHave(restored, 20);
    }

    [Fact]
    public void Files_that_an_earlier_checkpoint_on_its_way_does_not_name_are_uploaded_anew()
    {
        using var kit = new Kit();
        var storage = new TestStorage();
        using var state = kit.Open<long>();
        var table = state.CreateTable(Kit.ValueOf<string>("texts"));
        Put(state, table, 0, Keys, "first");
        var first = state.Freeze(1);
        var second = state.Freeze(2);
        var one = storage.Write(first, 1);

        // When the second began nobody knew of the first's files; it may complete and be the only one that counts.
        var two = storage.Write(second, 2);
        Assert.Empty(one.Files.Select(file => file.Path).Intersect(two.Files.Select(file => file.Path)));
        state.CheckpointCompleted(1);
        var third = state.Freeze(3);
        var three = storage.Write(third, 3);
        state.CheckpointCompleted(2);
        storage.Retain(two, three);
        using var restored = kit.Open<long>();
        restored.RestoreNative([three], storage);
        MustHave(restored, 0);
    }

    [Fact]
    public void WriteNative_OfSavepoint_UploadsEverythingUnshared()
    {
        using var kit = new Kit();
        var storage = new TestStorage();
        using var state = kit.Open<long>();
        var table = state.CreateTable(Kit.ValueOf<string>("texts"));
        Put(state, table, 0, Keys, "first");
        storage.Write(state.Freeze(1), 1);
        state.CheckpointCompleted(1);
        var savepoint = storage.Write(state.Freeze(2), 2, mayShare: false);
        Assert.All(savepoint.Files, file => Assert.StartsWith("chk-2/", file.Path, StringComparison.Ordinal));
        storage.Retain(savepoint);
        using var restored = kit.Open<long>();
        restored.RestoreNative([savepoint], storage);
        MustHave(restored, 0);
    }

    [Fact]
    public void What_happens_after_the_barrier_is_not_in_the_checkpoint_however_small_the_cache()
    {
        using var kit = new Kit(cacheBytes: 20_000);
        var storage = new TestStorage();
        using var state = kit.Open<long>();
        var table = state.CreateTable(Kit.ValueOf<string>("texts"));
        Put(state, table, 0, Keys, "first");
        var frozen = state.Freeze(1);

        // Far more than fits: the subtask has to settle the checkpoint itself before it may write.
        Put(state, table, 0, Keys, "later");
        Put(state, table, Keys, 2 * Keys, "later");
        var snapshot = storage.Write(frozen, 1);
        using var restored = kit.Open<long>();
        restored.RestoreNative([snapshot], storage);
        MustHave(restored, 0);
        Assert.Equal($"later of {Keys - 1}", Read(state, table, Keys - 1));
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(16 << 20)]
    public void Lists_that_grow_after_the_barrier_are_in_the_checkpoint_as_they_were(long cacheBytes)
    {
        using var kit = new Kit(cacheBytes);
        var storage = new TestStorage();
        using var state = kit.Open<long>();
        var lists = new StateTableDescriptor<VoidNamespace, StateList<int>>(
            "lists", KeyedStateKind.List, VoidNamespaceSerializer.Instance, null, new StateListSerializer<int>(Kit.Serializers.Get<int>()));
        var table = state.CreateTable(lists);
        Add(table, 1);
        var frozen = state.Freeze(1);

        // Before the writer comes: the subtask itself has to put aside what it changes.
        Add(table, 2);
        var snapshot = storage.Write(frozen, 1);
        Add(table, 3);
        using var restored = kit.Open<long>();
        restored.RestoreNative([snapshot], storage);
        var again = restored.CreateTable(lists);
        Assert.Equal(100, again.Count);
        for (long key = 0; key < 100; key++)
        {
            int[] now = key % 2 == 0 ? [1, 2, 3] : [1];
            Assert.Equal([1], again.Peek(in key, restored.HashOf(in key), default).AsSpan().ToArray());
            Assert.Equal(now, table.Peek(in key, state.HashOf(in key), default).AsSpan().ToArray());
        }

        void Add(KeyedStateTable<long, VoidNamespace, StateList<int>> to, int value)
        {
            for (long key = 0; key < 100; key += value == 1 ? 1 : 2)
            {
                to.GetOrAdd(in key, state.HashOf(in key), default, out _).Add(value);
            }
        }
    }

    [Fact]
    public async Task What_is_written_beside_a_busy_subtask_is_the_state_at_the_barrier()
    {
        using var kit = new Kit(cacheBytes: 400_000);
        var storage = new TestStorage();
        using var state = kit.Open<long>();
        var table = state.CreateTable(Kit.ValueOf<string>("texts"));
        Put(state, table, 0, Keys, "first");
        for (int checkpoint = 1; checkpoint <= 5; checkpoint++)
        {
            var frozen = state.Freeze(checkpoint);
            var writing = Task.Run(() => storage.Write(frozen, checkpoint), TestContext.Current.CancellationToken);
            while (!writing.IsCompleted)
            {
                Put(state, table, 0, Keys, "later");
            }

            var snapshot = await writing;
            state.CheckpointCompleted(checkpoint);
            using (var restored = kit.Open<long>())
            {
                restored.RestoreNative([snapshot], storage);
                MustHave(restored, 0);
            }

            Put(state, table, 0, Keys, "first");
        }
    }

    [Fact]
    public void A_checkpoint_that_is_given_up_loses_nothing()
    {
        using var kit = new Kit(cacheBytes: 50_000);
        using var state = kit.Open<long>();
        var table = state.CreateTable(Kit.ValueOf<string>("texts"));
        Put(state, table, 0, Keys, "first");
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var frozen = state.Freeze(1);
        Assert.Throws<OperationCanceledException>(() => frozen.WriteNative(new TestStorage().TargetOf(1), cancelled.Token));
        Assert.Throws<InvalidOperationException>(() => frozen.WriteNative(new TestStorage().TargetOf(1), CancellationToken.None));
        frozen.Dispose();
        state.CheckpointAborted(1);
        Put(state, table, 0, 100, "second");
        state.Freeze(2).Dispose();
        var storage = new TestStorage();
        var snapshot = storage.Write(state.Freeze(3), 3);
        using var restored = kit.Open<long>();
        restored.RestoreNative([snapshot], storage);
        MustHave(restored, 100);
    }

    [Fact]
    public void RestoreNative_DamagedFile_IsRefused()
    {
        using var kit = new Kit();
        var storage = new TestStorage();
        using var state = kit.Open<long>();
        Put(state, state.CreateTable(Kit.ValueOf<string>("texts")), 0, Keys, "first");
        var snapshot = storage.Write(state.Freeze(1), 1);
        storage.Damage(snapshot.Files.First(file => file.Name.EndsWith(".sst", StringComparison.Ordinal)));
        using (var restored = kit.Open<long>())
        {
            Assert.Throws<MillraceException>(() => restored.RestoreNative([snapshot], storage));
        }

        Assert.Equal(1, kit.Closed);
    }

    [Fact]
    public void A_restore_that_is_cancelled_ends_with_the_file_that_is_being_fetched()
    {
        using var kit = new Kit();
        var storage = new TestStorage();
        using var state = kit.Open<long>();
        Put(state, state.CreateTable(Kit.ValueOf<string>("texts")), 0, Keys, "first");
        var snapshot = storage.Write(state.Freeze(1), 1);
        Assert.True(snapshot.Files.Count > 1);
        using var cancelled = new CancellationTokenSource();
        int downloads = 0;
        storage.Downloaded = () =>
        {
            downloads++;
            cancelled.Cancel();
        };
        using (var restored = kit.Open<long>())
        {
            Assert.Throws<OperationCanceledException>(() => restored.RestoreNative([snapshot], storage, cancelled.Token));
        }

        Assert.Equal(1, downloads);
        Assert.Equal(1, kit.Closed);
    }

    [Fact]
    public void RestoreNative_OtherNumberOfKeyGroups_IsRefused()
    {
        using var kit = new Kit();
        var storage = new TestStorage();
        using var state = kit.Open<long>();
        Put(state, state.CreateTable(Kit.ValueOf<string>("texts")), 0, 10, "first");
        var snapshot = storage.Write(state.Freeze(1), 1);
        using var restored = kit.Open<long>(new KeyGroupRange(0, 16), maxParallelism: 16);
        Assert.Equal("MR4103", Assert.Throws<StateIncompatibleException>(() => restored.RestoreNative([snapshot], storage)).Code);
    }

    [Fact]
    public void State_that_nobody_asks_for_is_carried_over()
    {
        using var kit = new Kit();
        var storage = new TestStorage();
        NativeSnapshot snapshot;
        using (var state = kit.Open<long>())
        {
            Put(state, state.CreateTable(Kit.ValueOf<string>("texts")), 0, Keys, "first");
            snapshot = storage.Write(state.Freeze(1), 1);
        }

        using (var silent = kit.Open<long>(new KeyGroupRange(0, 5)))
        using (var other = kit.Open<long>(new KeyGroupRange(5, 3)))
        {
            silent.RestoreNative([snapshot], storage);
            other.RestoreNative([snapshot], storage);
            var canonical = Kit.CanonicalOf(silent, 2);
            using var fromCanonical = kit.Open<long>(new KeyGroupRange(0, 5));
            fromCanonical.Restore([canonical]);
            var parts = new[] { storage.Write(fromCanonical.Freeze(3), 3), storage.Write(other.Freeze(3), 3) };
            using var restored = kit.Open<long>();
            restored.RestoreNative(parts, storage);
            MustHave(restored, 0);
        }
    }

    [Fact]
    public void A_state_that_is_asked_for_while_a_checkpoint_is_on_its_way_is_in_that_checkpoint()
    {
        using var kit = new Kit();
        var storage = new TestStorage();
        using var old = kit.Open<long>();
        Put(old, old.CreateTable(Kit.ValueOf<string>("texts")), 0, Keys, "first");
        using var state = kit.Open<long>();
        state.Restore([Kit.CanonicalOf(old)]);
        var frozen = state.Freeze(1);
        var table = state.CreateTable(Kit.ValueOf<string>("texts"));
        Put(state, table, 0, 100, "later");
        var snapshot = storage.Write(frozen, 1);
        using var restored = kit.Open<long>();
        restored.RestoreNative([snapshot], storage);
        MustHave(restored, 0);
        Assert.Equal(Keys, table.Count);
    }
}
