using CsCheck;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Snapshots;
using Millrace.Serialization;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.State;

public sealed class CopyOnWriteTests
{
    private static readonly Int64Hasher Hasher = new();

    [Fact]
    public async Task A_snapshot_is_of_one_moment_while_the_subtask_goes_on()
    {
        // Both members of every box, all elements of a list and all entries of a map are equal, and every key has the same number: a snapshot that
        // saw a later write would have unequal ones.
        const int Keys = 300;
        var cancellationToken = TestContext.Current.CancellationToken;
        var backend = Backend(TestSerializers.Default);
        var boxes = backend.GetState(new ValueStateDescriptor<Box>("boxes"));
        var pairs = backend.GetState(new ValueStateDescriptor<Pair>("pairs"));
        var list = backend.GetListState(new ListStateDescriptor<Box>("list"));
        var map = backend.GetMapState(new MapStateDescriptor<long, Box>("map"));
        var timers = backend.Timers<VoidNamespace>("timers");
        var writers = new Queue<(long Round, Task<KeyedStateReader> Snapshot)>();
        for (long round = 0; round < 200; round++)
        {
            for (long key = 0; key < Keys; key++)
            {
                backend.SetCurrentKey(key);
                ref var box = ref boxes.GetOrAdd();
                box ??= new Box();
                box.A = round;
                box.B = round;
                pairs.GetOrAdd() = new Pair(round, round);
                (map.GetOrAdd(key % 2) ??= new Box()).A = round;
                if (round % 3 == 2)
                {
                    list.Clear();
                }

                list.Add(new Box { A = round });
                timers.Delete(key, Hasher.Hash(key), default, round - 1);
                timers.Register(key, Hasher.Hash(key), default, round);
            }

            if (writers.Count == 3)
            {
                Check(writers.Peek().Round, await writers.Dequeue().Snapshot);
            }

            var frozen = backend.Freeze(1);
            writers.Enqueue((round, Task.Run<KeyedStateReader>(() => Write(frozen, cancellationToken), cancellationToken)));
        }

        foreach (var (round, snapshot) in writers)
        {
            Check(round, await snapshot);
        }

        static void Check(long round, KeyedStateReader snapshot)
        {
            var restored = Backend(TestSerializers.Default);
            restored.Restore([snapshot]);
            var boxes = restored.GetState(new ValueStateDescriptor<Box>("boxes"));
            var pairs = restored.GetState(new ValueStateDescriptor<Pair>("pairs"));
            var list = restored.GetListState(new ListStateDescriptor<Box>("list"));
            var map = restored.GetMapState(new MapStateDescriptor<long, Box>("map"));
            Assert.Equal(Keys, restored.Table<VoidNamespace, Box>("boxes").Count);
            for (long key = 0; key < Keys; key++)
            {
                restored.SetCurrentKey(key);
                Assert.Equal((round, round), (boxes.Value!.A, boxes.Value.B));
                Assert.Equal(new Pair(round, round), pairs.Value);
                Assert.Equal(round, map[key % 2].A);
                Assert.Equal(round < 2 ? round + 1 : ((round - 2) % 3) + 1, list.Count);
                Assert.Equal(round, list.AsSpan()[^1].A);
            }

            var timers = restored.Timers<VoidNamespace>("timers");
            Assert.Equal(Keys, timers.Count);
            Assert.True(timers.TryPeek(out long first));
            Assert.Equal(round, first);
        }
    }

    [Fact]
    public void Freeze_UntouchedEntries_AreNotCopied()
    {
        var serializer = new CountingSerializer();
        var backend = Backend(new TestSerializers().With(serializer));
        var state = backend.GetState(new ValueStateDescriptor<Box>("boxes"));
        Fill(backend, state);
        using var frozen = backend.Freeze(1);

        // Reading does not count as a write.
        backend.SetCurrentKey(5);
        Assert.Equal(5, state.Value!.A);
        Assert.True(state.TryGet(out _));
        Assert.Equal(0, serializer.Copies);

        state.GetOrAdd().A = 6;
        Assert.Equal(1, serializer.Copies);

        // The second write finds the entry copied.
        state.GetOrAdd().A = 7;
        Assert.Equal(1, serializer.Copies);
        Assert.Equal(5, Values(Write(frozen, TestContext.Current.CancellationToken))[5].A);
        Assert.Equal(7, state.Value!.A);
    }

    [Fact]
    public void Write_ReleasesTheGroups()
    {
        var serializer = new CountingSerializer();
        var backend = Backend(new TestSerializers().With(serializer));
        var state = backend.GetState(new ValueStateDescriptor<Box>("boxes"));
        Fill(backend, state);
        using (var first = backend.Freeze(1))
        {
            var second = backend.Freeze(1);
            Write(first, TestContext.Current.CancellationToken);
            Assert.Throws<InvalidOperationException>(() => Write(first, TestContext.Current.CancellationToken));
            second.Dispose();
            Assert.Throws<OperationCanceledException>(() => Write(second, TestContext.Current.CancellationToken));
            second.Dispose();
        }

        Fill(backend, state);
        Assert.Equal(0, serializer.Copies);
    }

    [Fact]
    public void Write_Cancelled_ReleasesTheGroups()
    {
        var serializer = new CountingSerializer();
        var backend = Backend(new TestSerializers().With(serializer));
        var state = backend.GetState(new ValueStateDescriptor<Box>("boxes"));
        Fill(backend, state);
        var frozen = backend.Freeze(1);
        Assert.Throws<OperationCanceledException>(() => Write(frozen, new CancellationToken(canceled: true)));

        // Disposed of while it is written: the serializer stands for the other thread.
        var abandoned = backend.Freeze(1);
        serializer.OnWrite = abandoned.Dispose;
        Assert.Throws<OperationCanceledException>(() => Write(abandoned, TestContext.Current.CancellationToken));
        Fill(backend, state);
        Assert.Equal(0, serializer.Copies);
    }

    [Fact]
    public void Freeze_ThenRemoveAndClear_LeavesTheSnapshotWhole()
    {
        var backend = Backend(TestSerializers.Default);
        var state = backend.GetState(new ValueStateDescriptor<Box>("boxes"));
        Fill(backend, state);
        using var first = backend.Freeze(1);
        using var second = backend.Freeze(1);
        for (long key = 0; key < 50; key++)
        {
            backend.SetCurrentKey(key);
            state.Clear();
        }

        using var third = backend.Freeze(1);
        backend.Table<VoidNamespace, Box>("boxes").Clear();
        Assert.Equal(100, Values(Write(first, TestContext.Current.CancellationToken)).Count);
        Assert.Equal(100, Values(Write(second, TestContext.Current.CancellationToken)).Count);
        Assert.Equal(50, Values(Write(third, TestContext.Current.CancellationToken)).Count);
        Assert.Equal(0, backend.Table<VoidNamespace, Box>("boxes").Count);
    }

    [Fact]
    public async Task Any_changes_beside_several_writers_leave_every_snapshot_as_it_was()
    {
        // Few key groups and few keys: slots are removed, shifted, grown and shrunk all the time, under up to four snapshots at once. Both ways in which entries lie: with references and without.
        var random = new Random(12345);
        for (int run = 0; run < 30; run++)
        {
            var backend = TestState.Heap<long>(new KeyGroupRange(0, 2), 2, TestSerializers.Default);
            var boxes = backend.Table<VoidNamespace, Box>("boxes");
            var pairs = backend.Table<VoidNamespace, Pair>("pairs");
            var model = new Dictionary<long, long>();
            var writers = new List<(Dictionary<long, long> Expected, Task<MemoryKeyedState> Written)>();
            int keys = 1 << random.Next(3, 12);
            for (int step = 0; step < 40; step++)
            {
                int removals = random.Next(0, 10);
                for (int i = random.Next(1, 400); i > 0; i--)
                {
                    long key = random.Next(keys);
                    if (random.Next(10) < removals)
                    {
                        Assert.Equal(model.ContainsKey(key), pairs.Remove(key, Hasher.Hash(key), default));
                        Assert.Equal(model.Remove(key), boxes.Remove(key, Hasher.Hash(key), default));
                    }
                    else
                    {
                        ref var box = ref boxes.GetOrAdd(key, Hasher.Hash(key), default, out _);
                        box ??= new Box();
                        box.A++;
                        box.B = box.A;
                        ref var pair = ref pairs.GetOrAdd(key, Hasher.Hash(key), default, out _);
                        pair.Count++;
                        pair.Sum = pair.Count;
                        model[key] = model.GetValueOrDefault(key) + 1;
                    }
                }

                if (step % 4 == 0)
                {
                    TableCursor cursor = default;
                    while (boxes.MoveNext(ref cursor))
                    {
                        var box = boxes.ValueAt(in cursor);
                        box.A++;
                        box.B = box.A;
                        model[boxes.KeyAt(in cursor)]++;
                    }

                    cursor = default;
                    while (pairs.MoveNext(ref cursor))
                    {
                        ref var pair = ref pairs.ValueAt(in cursor);
                        pair.Count++;
                        pair.Sum = pair.Count;
                    }
                }

                var frozen = backend.Freeze(step);
                writers.Add((new Dictionary<long, long>(model), Task.Run(() => MemoryKeyedState.Of(frozen, 2), TestContext.Current.CancellationToken)));
                if (writers.Count > 3)
                {
                    await CheckFirstAsync();
                }
            }

            while (writers.Count > 0)
            {
                await CheckFirstAsync();
            }

            async Task CheckFirstAsync()
            {
                var (expected, written) = writers[0];
                writers.RemoveAt(0);
                var restored = TestState.Heap<long>(new KeyGroupRange(0, 2), 2, TestSerializers.Default);
                restored.Restore([await written]);
                Assert.Equal(expected, Contents<Box>(restored, "boxes", box => (box.A, box.B)));
                Assert.Equal(expected, Contents<Pair>(restored, "pairs", pair => (pair.Count, pair.Sum)));
            }
        }

        static Dictionary<long, long> Contents<T>(KeyedStateStore<long> restored, string name, Func<T, (long, long)> read)
        {
            var table = restored.Table<VoidNamespace, T>(name);
            var contents = new Dictionary<long, long>();
            TableCursor cursor = default;
            while (table.MoveNext(ref cursor))
            {
                var (first, second) = read(table.PeekAt(in cursor));
                Assert.Equal(first, second);
                contents.Add(table.KeyAt(in cursor), first);
            }

            return contents;
        }
    }

    [Fact]
    public void Changes_between_any_two_entries_that_are_written_leave_the_snapshot_as_it_was()
    {
        // The serializer stands for the other thread: at every entry that is written the subtask does something.
        Gen.Select(Gen.Int[1, 200], Gen.Select(Gen.Int[0, 3], Gen.Long[0, 250]).Array[1, 300]).Sample((entries, operations) =>
        {
            var serializer = new CountingSerializer();
            var backend = TestState.Heap<long>(new KeyGroupRange(0, 2), 2, new TestSerializers().With(serializer));
            var state = backend.GetState(new ValueStateDescriptor<Box>("boxes"));
            var expected = new Dictionary<long, (long, long)>();
            for (long key = 0; key < entries; key++)
            {
                backend.SetCurrentKey(key);
                state.Value = new Box { A = key, B = -key };
                expected.Add(key, (key, -key));
            }

            var frozen = backend.Freeze(1);
            int next = 0;
            serializer.OnWrite = () =>
            {
                for (int i = 0; i < 3; i++)
                {
                    var (kind, key) = operations[next++ % operations.Length];
                    backend.SetCurrentKey(key);
                    switch (kind)
                    {
                        case 0:
                            state.Clear();
                            break;
                        case 1:
                            state.Value = new Box { A = 1000, B = 1000 };
                            break;
                        default:
                            (state.GetOrAdd() ??= new Box()).A++;
                            break;
                    }
                }
            };
            Assert.Equal(expected, Values(MemoryKeyedState.Of(frozen, 2), 2).ToDictionary(entry => entry.Key, entry => (entry.Value.A, entry.Value.B)));
        });
    }

    private static KeyedStateStore<long> Backend(ISerializerProvider serializers) => TestState.Heap<long>(new KeyGroupRange(0, 8), 8, serializers);

    private static MemoryKeyedState Write(FrozenKeyedState frozen, CancellationToken cancellationToken)
    {
        var state = new MemoryKeyedState(8);
        frozen.WriteCanonical(state.CreateWriter(), cancellationToken);
        return state;
    }

    private static void Fill(KeyedStateStore<long> backend, ValueState<Box> state)
    {
        for (long key = 0; key < 100; key++)
        {
            backend.SetCurrentKey(key);
            state.Value = new Box { A = key };
        }
    }

    private static Dictionary<long, Box> Values(KeyedStateReader snapshot, int maxParallelism = 8)
    {
        var backend = TestState.Heap<long>(new KeyGroupRange(0, maxParallelism), maxParallelism, TestSerializers.Default);
        backend.Restore([snapshot]);
        var table = backend.Table<VoidNamespace, Box>("boxes");
        var values = new Dictionary<long, Box>();
        TableCursor cursor = default;
        while (table.MoveNext(ref cursor))
        {
            values.Add(table.KeyAt(cursor), table.PeekAt(cursor));
        }

        return values;
    }

    private sealed class CountingSerializer() : TestSerializer<Box>("box", isImmutable: false)
    {
        private readonly BoxSerializer _inner = new();

        public int Copies { get; private set; }

        public Action OnWrite { get; set; } = () => { };

        public override void Write(ref BinaryOutput output, in Box value)
        {
            OnWrite();
            _inner.Write(ref output, in value);
        }

        public override Box Read(ref BinaryInput input) => _inner.Read(ref input);

        public override Box Copy(Box value)
        {
            Copies++;
            return _inner.Copy(value);
        }
    }
}
