#pragma warning disable xUnit1051 // Restores are short and blocking; a token would say nothing about them.

using Millrace.State.Backends;
using Millrace.State.RocksDb.Cache;
using Millrace.State.RocksDb.Storage;
using Millrace.Windowing;

namespace Millrace.State.RocksDb.Tests;

public sealed class BackendTests
{
    [Fact]
    public void Errors_of_RocksDb_are_failures_of_state_and_others_are_not()
    {
        var backend = new RocksDbStateBackend();
        string folder = Directory.CreateTempSubdirectory("millrace-").FullName;
        try
        {
            // Of the library itself: a database that is not there.
            var error = Assert.ThrowsAny<Exception>(() => RocksDbSharp.RocksDb.Open(new RocksDbSharp.DbOptions().SetCreateIfMissing(false), Path.Combine(folder, "none")));
            Assert.True(backend.IsFailureOfState(error), error.GetType().FullName);
            Assert.True(backend.IsFailureOfState(new RocksDbSharp.RocksDbSharpException("damaged")));
            Assert.False(backend.IsFailureOfState(new InvalidOperationException("of the user")));
            Assert.False(backend.IsFailureOfState(new IOException("of a sink")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Two_subtasks_share_the_budget_fairly()
    {
        using var kit = new Kit(cacheBytes: 400_000);
        using var first = kit.Open<long>(new KeyGroupRange(0, 4));
        using var second = kit.Open<long>(new KeyGroupRange(4, 4));
        var greedy = first.CreateTable(Kit.ValueOf<long>("n"));
        var late = second.CreateTable(Kit.ValueOf<long>("n"));
        Fill(first, greedy, 0);
        long alone = kit.Budget.Used;
        Assert.InRange(alone, 300_000, 420_000);
        Fill(second, late, 4);
        Fill(first, greedy, 0);
        first.Freeze(1).Dispose();
        second.Freeze(1).Dispose();
        Assert.InRange(kit.Budget.Used, 300_000, 450_000);
        Assert.Equal(30_000, greedy.Count + late.Count);

        static void Fill(RocksDbKeyedState<long> state, KeyedStateTable<long, VoidNamespace, long> table, int firstGroup)
        {
            for (long key = 0; key < 30_000; key++)
            {
                ulong hash = state.HashOf(in key);
                if (KeyGroup.Of(hash, Kit.MaxParallelism) / 4 * 4 == firstGroup)
                {
                    table.GetOrAdd(in key, hash, default, out _) = key;
                }
            }
        }
    }

    [Fact]
    public void Large_values_count_with_what_is_behind_them()
    {
        using var kit = new Kit(cacheBytes: 1 << 20);
        using var state = kit.Open<int>();
        var table = state.CreateTable(Kit.ValueOf<string>("texts"));
        for (int key = 0; key < 5000; key++)
        {
            table.GetOrAdd(in key, state.HashOf(in key), default, out _) = new string('x', 2000);
        }

        // 5,000 values of 4 KB in memory are 20 MB; the slots of all of them would fit.
        long inCache = GC.GetTotalMemory(forceFullCollection: true);
        Assert.InRange(kit.Budget.Used, 1, 3 << 20);
        Assert.Equal(2000, table.Peek(17, state.HashOf(17), default).Length);
        Assert.InRange(inCache, 0, 15 << 20);
    }

    [Fact]
    public void Disposal_frees_memory_and_files()
    {
        string folder = Directory.CreateTempSubdirectory("millrace-rocksdb-").FullName;
        try
        {
            var backend = new RocksDbStateBackend(new RocksDbOptions { Directory = folder, MemoryBudget = 8 << 20 });
            var one = backend.CreateKeyedState(Kit.ContextOf<int>(Kit.All));
            var two = backend.CreateKeyedState(Kit.ContextOf<int>(Kit.All));
            var table = one.CreateTable(Kit.ValueOf<int>("n"));
            for (int key = 0; key < 1000; key++)
            {
                table.GetOrAdd(in key, one.HashOf(in key), default, out _) = key;
            }

            var frozen = one.Freeze(1);
            Assert.NotEmpty(Directory.EnumerateFileSystemEntries(folder));
            one.Dispose();
            one.Dispose();
            two.Dispose();

            // A checkpoint that is being written still needs the store.
            Assert.NotNull(backend.Memory);
            var storage = new TestStorage();
            var snapshot = storage.Write(frozen, 1);
            Assert.Null(backend.Memory);
            Assert.Equal(0, backend.Budget.Used);
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder));

            using var again = backend.CreateKeyedState(Kit.ContextOf<int>(Kit.All));
            again.RestoreNative([snapshot], storage);
            Assert.Equal(1000, again.CreateTable(Kit.ValueOf<int>("n")).Count);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_restore_that_fails_leaves_the_files_of_other_subtasks_alone()
    {
        string folder = Directory.CreateTempSubdirectory("millrace-rocksdb-").FullName;
        try
        {
            var storage = new TestStorage();
            var backend = new RocksDbStateBackend(new RocksDbOptions { Directory = folder, MemoryBudget = 8 << 20 });
            var snapshots = new List<NativeSnapshot>();
            for (int half = 0; half < 2; half++)
            {
                using var old = backend.CreateKeyedState(Kit.ContextOf<int>(new KeyGroupRange(4 * half, 4)));
                Fill(old, old.CreateTable(Kit.ValueOf<int>("n")), new KeyGroupRange(4 * half, 4));
                snapshots.Add(storage.Write(old.Freeze(1), 1));
            }

            // The one that is copied from, when the store is there already.
            storage.Damage(snapshots[1].Files.First(file => file.Name.EndsWith(".sst", StringComparison.Ordinal)));
            var other = backend.CreateKeyedState(Kit.ContextOf<int>(new KeyGroupRange(6, 2)));
            var table = other.CreateTable(Kit.ValueOf<int>("n"));
            Fill(other, table, new KeyGroupRange(6, 2));
            using (var restored = backend.CreateKeyedState(Kit.ContextOf<int>(new KeyGroupRange(0, 6))))
            {
                Assert.Throws<MillraceException>(() => restored.RestoreNative(snapshots, storage));
                Assert.Single(Directory.EnumerateDirectories(folder));
            }

            Assert.NotNull(backend.Folder);
            Assert.True(Directory.Exists(backend.Folder));
            Assert.NotEmpty(storage.Write(other.Freeze(2), 2).Files);
            other.Dispose();
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static void Fill(KeyedStateBackend<int> state, KeyedStateTable<int, VoidNamespace, int> table, KeyGroupRange groups)
        {
            for (int key = 0; key < 5000; key++)
            {
                ulong hash = state.HashOf(in key);
                if (groups.Contains(KeyGroup.Of(hash, Kit.MaxParallelism)))
                {
                    table.GetOrAdd(in key, hash, default, out _) = key;
                }
            }
        }
    }

    [Fact]
    public void What_a_process_that_died_left_behind_is_removed_and_what_is_in_use_is_not()
    {
        string folder = Directory.CreateTempSubdirectory("millrace-rocksdb-").FullName;
        try
        {
            string abandoned = Directory.CreateDirectory(Path.Combine(folder, "millrace-state-abandoned")).FullName;
            File.WriteAllText(Path.Combine(abandoned, "000001.sst"), "old");
            string foreign = Directory.CreateDirectory(Path.Combine(folder, "somebody-else")).FullName;
            using var used = new LocalFolder(folder);
            using var mine = new LocalFolder(folder);
            Assert.False(Directory.Exists(abandoned));
            Assert.True(Directory.Exists(foreign));
            Assert.True(Directory.Exists(used.Path));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Options_OutOfRange_AreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RocksDbStateBackend(new RocksDbOptions { MemoryBudget = 1000 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RocksDbStateBackend(new RocksDbOptions { ObjectCacheShare = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RocksDbStateBackend(new RocksDbOptions { ObjectCacheShare = 0.5, WriteBufferShare = 0.5 }));
        Assert.Equal("rocksdb", new RocksDbStateBackend().Name);
    }

    [Fact]
    public void A_compaction_drops_entries_that_have_expired()
    {
        using var memory = new SharedMemory(4 << 20, 1 << 20);
        const ushort Expiring = 1 | StoreKey.ExpiringStates;
        const ushort Other = 2 | StoreKey.ExpiringStates;
        string folder = Directory.CreateTempSubdirectory("millrace-rocksdb-").FullName;
        var store = new Store(new StoreOptions(memory), folder, () => { });
        var batch = new StoreBatch();
        foreach (ushort state in new ushort[] { 1, Expiring, Other })
        {
            foreach (long time in new long[] { 1, 999, 1000, 1001 })
            {
                batch.Put([.. StoreKey.StartOf(state, 3), (byte)(time % 251)], [7, .. BitConverter.GetBytes(time)]);
            }
        }

        List<(int State, long Time)> Left()
        {
            store.Flush();
            store.Compact();
            List<(int State, long Time)> left = [];
            using var walk = store.Iterate([0], [0xFF]);
            while (walk.MoveNext())
            {
                left.Add(((walk.Key[0] << 8) | walk.Key[1], BitConverter.ToInt64(walk.Value[1..])));
            }

            return [.. left.Order()];
        }

        store.Write(batch);
        Assert.Equal(12, Left().Count);
        store.Expiry.LetExpire(Expiring, 1000);
        Assert.Equal([(1, 1), (1, 999), (1, 1000), (1, 1001), (Expiring, 1001), (Other, 1), (Other, 999), (Other, 1000), (Other, 1001)], Left());
        store.Release();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void The_filter_never_denies_a_key_that_it_has_and_seldom_confirms_one_that_it_has_not()
    {
        var filter = new AbsenceFilter();
        var hasher = Kit.Serializers.GetHasher<int>();
        for (int key = 0; key < 50_000; key++)
        {
            filter.Add(hasher.Hash(key));
        }

        Assert.All(Enumerable.Range(0, 50_000), key => Assert.True(filter.MayContain(hasher.Hash(key))));
        Assert.InRange(Enumerable.Range(50_000, 50_000).Count(key => filter.MayContain(hasher.Hash(key))), 0, 3000);
        Assert.InRange(filter.Size, 50_000, 200_000);
    }

    [Fact]
    public void GetOrAdd_KeyOfAnotherSubtask_IsRefused()
    {
        using var kit = new Kit();
        using var state = kit.Open<int>(new KeyGroupRange(0, 1));
        var table = state.CreateTable(Kit.ValueOf<int>("n"));
        int foreign = Enumerable.Range(0, 1000).First(key => KeyGroup.Of(state.HashOf(in key), Kit.MaxParallelism) != 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => table.GetOrAdd(in foreign, state.HashOf(in foreign), default, out _));
    }

    [Fact]
    public async Task A_job_gives_what_it_gives_with_heap_state()
    {
        var heap = await Run(null);
        var rocks = await Run(new RocksDbStateBackend(new RocksDbOptions { MemoryBudget = 1 << 20 }));
        Assert.NotEmpty(heap);
        Assert.Equal(heap, rocks);

        static async Task<List<(long Key, long Count)>> Run(StateBackend? backend)
        {
            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2, StateBackend = backend });
            var results = new List<(long, long)>();
            var strategy = WatermarkStrategy<long>.ForMonotonousTimestamps().WithTimestampAssigner(value => value);
            var counts = env.FromGenerator(index => index, 200_000, watermarks: strategy)
                .KeyBy(value => value * 7919 % 20_000)
                .Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(50)))
                .Reduce((one, other) => one + other);
            await foreach (long sum in counts.ExecuteAndCollectAsync("sums", TestContext.Current.CancellationToken))
            {
                results.Add((sum, 1));
            }

            results.Sort();
            return results;
        }
    }
}
