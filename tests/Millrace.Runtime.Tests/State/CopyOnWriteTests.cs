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
    public void Freeze_UntouchedGroups_AreNotCopied()
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
        int group = backend.CurrentKeyGroup;
        int inGroup = Enumerable.Range(0, 100).Count(key => KeyGroup.Of(Hasher.Hash(key), 8) == group);
        Assert.Equal(inGroup, serializer.Copies);

        // The second write finds the group copied.
        state.GetOrAdd().A = 7;
        Assert.Equal(inGroup, serializer.Copies);
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

    private static Dictionary<long, Box> Values(KeyedStateReader snapshot)
    {
        var backend = Backend(TestSerializers.Default);
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
