using CsCheck;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Snapshots;
using Millrace.Runtime.State.Timers;
using Millrace.State;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.State;

public sealed class KeyedStateSnapshotTests
{
    private const int MaxParallelism = 12;

    private static readonly Int64Hasher Hasher = new();

    [Fact]
    public void State_survives_rescaling_whatever_it_is()
    {
        Gen.Select(Gen.Long[0, 200].Array[0, 300], Gen.Int[1, MaxParallelism].Array[1, 4], Gen.Bool).Sample(
            (keys, parallelisms, ask) =>
            {
                var model = new Model();
                var job = new Job(1, []);
                for (int i = 0; i < keys.Length; i++)
                {
                    model.Record(keys[i], i);
                    job.Record(keys[i], i);
                }

                // Where nobody asks for the state in between, it is carried over as bytes.
                foreach (int parallelism in parallelisms)
                {
                    job = new Job(parallelism, job.Snapshot());
                    if (ask)
                    {
                        job.AssertEqual(model);
                        model.Record(parallelism, parallelism);
                        job.Record(parallelism, parallelism);
                    }
                }

                new Job(2, job.Snapshot()).AssertEqual(model);
            },
            iter: 200);
    }

    [Fact]
    public void Restore_ValueTypeThatWasWidened_ReadsOldValues()
    {
        var old = Backend();
        old.SetCurrentKey(1);
        old.GetState(new ValueStateDescriptor<int>("n")).Value = 42;
        var backend = Backend();
        backend.Restore([Snapshot(old)]);
        backend.SetCurrentKey(1);
        Assert.Equal(42, backend.GetState(new ValueStateDescriptor<long>("n")).Value);

        // From now on it is written in the new shape.
        Assert.Equal("int64", Snapshot(backend).States.Single().Value.Name);
    }

    [Fact]
    public void Restore_IncompatibleValue_NamesTheStateAndKeepsIt()
    {
        var old = Backend();
        old.SetCurrentKey(1);
        old.GetState(new ValueStateDescriptor<string>("n")).Value = "x";
        var backend = Backend();
        backend.Restore([Snapshot(old)]);
        var error = Assert.Throws<StateIncompatibleException>(() => backend.GetState(new ValueStateDescriptor<long>("n")));
        Assert.Contains("State 'n', a value state of Int64, cannot be restored", error.Message, StringComparison.Ordinal);
        Assert.Equal("MR4101", error.Code);
        Assert.Equal("string", Snapshot(backend).States.Single().Value.Name);
    }

    [Fact]
    public void Restore_OtherKindOfState_IsRefusedByName()
    {
        var old = Backend();
        old.SetCurrentKey(1);
        old.GetState(new ValueStateDescriptor<long>("n")).Value = 1;
        var backend = Backend();
        backend.Restore([Snapshot(old)]);
        var error = Assert.Throws<StateIncompatibleException>(() => backend.GetListState(new ListStateDescriptor<long>("n")));
        Assert.Equal("MR4102", error.Code);
        Assert.Contains("State 'n' is a list state of Int64, but the snapshot has a state of kind Value", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_OtherKeyType_IsRefusedByName()
    {
        var old = Backend();
        old.SetCurrentKey(1);
        old.GetState(new ValueStateDescriptor<long>("n")).Value = 1;
        var backend = TestState.Heap<int>(new KeyGroupRange(0, MaxParallelism), MaxParallelism, TestSerializers.Default);
        backend.Restore([Snapshot(old)]);
        var error = Assert.Throws<StateIncompatibleException>(() => backend.GetState(new ValueStateDescriptor<long>("n")));
        Assert.Equal("MR4102", error.Code);
        Assert.Contains("State 'n' was written with keys of shape int64, but the keys are int32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_OtherMaxParallelism_IsRefused()
    {
        var backend = TestState.Heap<long>(new KeyGroupRange(0, 24), 24, TestSerializers.Default);
        var error = Assert.Throws<StateIncompatibleException>(() => backend.Restore([Snapshot(Backend())]));
        Assert.Contains("12 key groups, but max parallelism is 24", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_SameSnapshotTwice_IsRefused()
    {
        var old = Backend();
        old.SetCurrentKey(1);
        old.GetState(new ValueStateDescriptor<long>("n")).Value = 1;
        var snapshot = Snapshot(old);
        Assert.Contains("twice", Assert.Throws<InvalidOperationException>(() => Backend().Restore([snapshot, snapshot])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_AfterAStateWasAskedFor_IsRefused()
    {
        var backend = Backend();
        backend.GetState(new ValueStateDescriptor<long>("n"));
        Assert.Contains("'n'", Assert.Throws<InvalidOperationException>(() => backend.Restore([])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_NullValue_StaysNull()
    {
        var old = Backend();
        old.SetCurrentKey(1);
        Assert.Null(old.GetState(new ValueStateDescriptor<Box>("n")).GetOrAdd());
        var backend = Backend();
        backend.Restore([Snapshot(old)]);
        backend.SetCurrentKey(1);
        var state = backend.GetState(new ValueStateDescriptor<Box>("n"));
        Assert.True(state.Exists);
        Assert.Null(state.Value);
    }

    [Fact]
    public void Read_EntriesThatDoNotFitTheirCount_NamesStateAndGroup()
    {
        var old = Backend();
        old.SetCurrentKey(1);
        old.GetState(new ValueStateDescriptor<long>("n")).Value = 1;
        var snapshot = Snapshot(old);
        var header = snapshot.States.Single();
        var group = snapshot.ReadChunks(header, new KeyGroupRange(0, MaxParallelism)).Single();
        foreach (int count in (int[])[0, 2])
        {
            var wrong = new MemoryKeyedState(MaxParallelism);
            var writer = wrong.CreateWriter();
            writer.BeginState(header);
            writer.WriteChunk(group.Group, count, count == 0 ? new byte[1] : group.Entries.Span);
            var backend = Backend();
            backend.Restore([wrong]);
            var error = Assert.Throws<MillraceException>(() => backend.GetState(new ValueStateDescriptor<long>("n")));
            Assert.Contains($"State 'n', key group {group.Group}, cannot be read", error.Message, StringComparison.Ordinal);
        }
    }

    private static KeyedStateStore<long> Backend() => TestState.Heap<long>(new KeyGroupRange(0, MaxParallelism), MaxParallelism, TestSerializers.Default);

    private static KeyedStateReader Snapshot(KeyedStateStore<long> backend) =>
        MemoryKeyedState.Of(backend.Freeze(1), MaxParallelism, TestContext.Current.CancellationToken);

    /// <summary>An operator with every kind of state, in several subtasks.</summary>
    private sealed class Job
    {
        private readonly KeyedStateStore<long>[] _subtasks;

        public Job(int parallelism, IReadOnlyList<KeyedStateReader> snapshots)
        {
            _subtasks = [.. Enumerable.Range(0, parallelism).Select(subtask =>
                TestState.Heap<long>(KeyGroups.RangeOf(subtask, MaxParallelism, parallelism), MaxParallelism, TestSerializers.Default))];
            foreach (var subtask in _subtasks)
            {
                subtask.Restore(snapshots);
            }
        }

        public IReadOnlyList<KeyedStateReader> Snapshot() =>
            [.. _subtasks.Select(KeyedStateSnapshotTests.Snapshot)];

        public void Record(long key, long value)
        {
            ulong hash = Hasher.Hash(key);
            var backend = _subtasks[KeyGroups.SubtaskOf(KeyGroups.GroupOf(hash, MaxParallelism), MaxParallelism, _subtasks.Length)];
            backend.SetCurrentKey(key);
            backend.GetState(new ValueStateDescriptor<Pair>("value")).GetOrAdd().Sum += value;
            backend.GetListState(new ListStateDescriptor<string>("list")).Add($"{value}");
            backend.GetMapState(new MapStateDescriptor<string, long>("map"))[$"{value % 3}"] = value;
            backend.Table<TimeWindow, Box>("windows").GetOrAdd(key, hash, new TimeWindow(value / 10, (value / 10) + 10), out _) = new Box { A = value };
            backend.Timers<long>("timers").Register(key, hash, value % 2, value % 20);
        }

        public void AssertEqual(Model model)
        {
            var windows = new Dictionary<(long, TimeWindow), long>();
            var timers = new List<(long Time, long Key, long Namespace)>();
            var values = new Dictionary<long, Pair>();
            foreach (var backend in _subtasks)
            {
                var list = backend.GetListState(new ListStateDescriptor<string>("list"));
                var map = backend.GetMapState(new MapStateDescriptor<string, long>("map"));
                var table = backend.Table<VoidNamespace, Pair>("value");
                TableCursor cursor = default;
                while (table.MoveNext(ref cursor))
                {
                    long key = table.KeyAt(cursor);
                    backend.SetCurrentKey(key);
                    values.Add(key, table.PeekAt(cursor));
                    Assert.Equal(model.Lists[key], list.AsSpan().ToArray());
                    Assert.Equal(model.Maps[key], map.Entries.ToDictionary());
                }

                var byWindow = backend.Table<TimeWindow, Box>("windows");
                cursor = default;
                while (byWindow.MoveNext(ref cursor))
                {
                    windows.Add((byWindow.KeyAt(cursor), byWindow.NamespaceAt(cursor)), byWindow.PeekAt(cursor).A);
                }

                // Taken out and put back: enough to see them all, and that they come in order.
                var queue = backend.Timers<long>("timers");
                var taken = new List<Timer<long, long>>();
                while (queue.TryPop(long.MaxValue, out var timer))
                {
                    Assert.True(taken.Count == 0 || taken[^1].Time <= timer.Time);
                    taken.Add(timer);
                }

                foreach (var timer in taken)
                {
                    Assert.True(queue.Register(timer.Key, timer.Hash, timer.Namespace, timer.Time));
                    timers.Add((timer.Time, timer.Key, timer.Namespace));
                }
            }

            Assert.Equal(model.Values, values);
            Assert.Equal(model.Windows, windows);
            Assert.Equal(model.Timers.Order(), timers.Order());
        }
    }

    private sealed class Model
    {
        public Dictionary<long, Pair> Values { get; } = [];

        public Dictionary<long, List<string>> Lists { get; } = [];

        public Dictionary<long, Dictionary<string, long>> Maps { get; } = [];

        public Dictionary<(long, TimeWindow), long> Windows { get; } = [];

        public HashSet<(long Time, long Key, long Namespace)> Timers { get; } = [];

        public void Record(long key, long value)
        {
            Values[key] = new Pair(0, Values.GetValueOrDefault(key).Sum + value);
            (Lists.TryGetValue(key, out var list) ? list : Lists[key] = []).Add($"{value}");
            (Maps.TryGetValue(key, out var map) ? map : Maps[key] = [])[$"{value % 3}"] = value;
            Windows[(key, new TimeWindow(value / 10, (value / 10) + 10))] = value;
            Timers.Add((value % 20, key, value % 2));
        }
    }
}
