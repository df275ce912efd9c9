using CsCheck;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Heap;
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
        var backend = new HeapKeyedStateBackend<int>(new KeyGroupRange(0, MaxParallelism), MaxParallelism, TestSerializers.Default);
        backend.Restore([Snapshot(old)]);
        var error = Assert.Throws<StateIncompatibleException>(() => backend.GetState(new ValueStateDescriptor<long>("n")));
        Assert.Equal("MR4102", error.Code);
        Assert.Contains("State 'n' was written with keys of shape int64, but the keys are int32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_OtherMaxParallelism_IsRefused()
    {
        var backend = new HeapKeyedStateBackend<long>(new KeyGroupRange(0, 24), 24, TestSerializers.Default);
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
    public void Read_AnyByteDamaged_SaysWhatIsCorrupt()
    {
        var job = new Job(1, []);
        for (long key = 0; key < 30; key++)
        {
            job.Record(key, key);
        }

        byte[] bytes = KeyedStateSnapshotFormat.ToBytes(job.Snapshot().Single());
        for (int index = 0; index < bytes.Length; index++)
        {
            bytes[index] ^= 0x10;
            var error = Assert.Throws<MillraceException>(() => KeyedStateSnapshotFormat.Read(bytes, "chk-3/op-1"));
            Assert.StartsWith("MR4104: chk-3/op-1 is corrupt: ", error.Message, StringComparison.Ordinal);
            bytes[index] ^= 0x10;
        }

        bytes[^1] ^= 1;
        Assert.Contains("state 'timers', key group 11: the checksum is wrong", Assert.Throws<MillraceException>(() => KeyedStateSnapshotFormat.Read(bytes, "f")).Message, StringComparison.Ordinal);
        bytes[^1] ^= 1;
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<MillraceException>(() => KeyedStateSnapshotFormat.Read(bytes.AsMemory(0, length), "f"));
        }

        Assert.Contains("1 bytes follow", Assert.Throws<MillraceException>(() => KeyedStateSnapshotFormat.Read((byte[])[.. bytes, 0], "f")).Message, StringComparison.Ordinal);
        Assert.NotNull(KeyedStateSnapshotFormat.Read(bytes, "f"));
    }

    [Fact]
    public void Read_EntriesThatDoNotFitTheirCount_NamesStateAndGroup()
    {
        var old = Backend();
        old.SetCurrentKey(1);
        old.GetState(new ValueStateDescriptor<long>("n")).Value = 1;
        var state = Snapshot(old).States.Single();
        foreach (int count in (int[])[0, 2])
        {
            var backend = Backend();
            var group = state.Groups.Single() with { Count = count, Entries = count == 0 ? new byte[1] : state.Groups.Single().Entries };
            backend.Restore([new KeyedStateSnapshot(MaxParallelism, [state with { Groups = [group] }])]);
            var error = Assert.Throws<MillraceException>(() => backend.GetState(new ValueStateDescriptor<long>("n")));
            Assert.Contains($"State 'n', key group {group.Group}, cannot be read", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_format_stays_as_it_is()
    {
        var backend = new HeapKeyedStateBackend<long>(new KeyGroupRange(0, 1), 1, TestSerializers.Default);
        backend.SetCurrentKey(7);
        backend.GetState(new ValueStateDescriptor<int>("n")).Value = 3;
        string bytes = Convert.ToHexString(KeyedStateSnapshotFormat.ToBytes(Snapshot(backend)));
        Assert.Equal(GoldenBytes, bytes);
    }

    private const string GoldenBytes =
        "4D524B53" + "01" + "2E000000" // magic, version, length of the header
        + "01" + "01" + "016E" + "01" // max parallelism, one state, its name and kind
        + "010005696E7436340000" + "010004766F69640000" + "010005696E7433320000" // schemas of key, namespace and value
        + "01" + "00" + "01" + "0A" + "3CB6947E91C2E366" // one group: number, entries, bytes, checksum
        + "3545DD45149B3229" // checksum of all before
        + "0700000000000000" + "01" + "06"; // key, not null, value

    private static HeapKeyedStateBackend<long> Backend() => new(new KeyGroupRange(0, MaxParallelism), MaxParallelism, TestSerializers.Default);

    private static KeyedStateSnapshot Snapshot(HeapKeyedStateBackend<long> backend)
    {
        using var frozen = backend.Freeze();
        return frozen.Write(TestContext.Current.CancellationToken);
    }

    /// <summary>An operator with every kind of state, in several subtasks.</summary>
    private sealed class Job
    {
        private readonly HeapKeyedStateBackend<long>[] _subtasks;

        public Job(int parallelism, IReadOnlyList<KeyedStateSnapshot> snapshots)
        {
            _subtasks = [.. Enumerable.Range(0, parallelism).Select(subtask =>
                new HeapKeyedStateBackend<long>(KeyGroups.RangeOf(subtask, MaxParallelism, parallelism), MaxParallelism, TestSerializers.Default))];
            foreach (var subtask in _subtasks)
            {
                subtask.Restore(snapshots);
            }
        }

        public IReadOnlyList<KeyedStateSnapshot> Snapshot() =>
            [.. _subtasks.Select(subtask => KeyedStateSnapshotFormat.Read(KeyedStateSnapshotFormat.ToBytes(KeyedStateSnapshotTests.Snapshot(subtask)), "memory"))];

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
