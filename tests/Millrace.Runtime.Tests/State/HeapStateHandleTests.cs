using CsCheck;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Keyed;
using Millrace.State;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.State;

public sealed class HeapStateHandleTests
{
    private static KeyedStateStore<string> Backend() => TestState.Heap<string>(new KeyGroupRange(0, 16), 16, TestSerializers.Default);

    [Fact]
    public void ValueState_EveryMember_SpeaksOfTheCurrentKey()
    {
        var backend = Backend();
        var state = backend.GetState(new ValueStateDescriptor<long>("count"));
        backend.SetCurrentKey("a");
        Assert.False(state.Exists);
        Assert.Equal(0, state.Value);
        Assert.False(state.TryGet(out _));
        Assert.Equal(0, backend.Table<VoidNamespace, long>("count").Count);

        state.Value = 5;
        state.GetOrAdd()++;
        backend.SetCurrentKey("b");
        Assert.False(state.Exists);
        state.GetOrAdd() = 70;

        backend.SetCurrentKey("a");
        Assert.True(state.TryGet(out long value));
        Assert.Equal(6, value);
        state.Clear();
        state.Clear();
        Assert.False(state.Exists);
        Assert.Equal(1, backend.Table<VoidNamespace, long>("count").Count);
    }

    [Fact]
    public void Handles_WithoutCurrentKey_SayWhenStateCanBeUsed()
    {
        var backend = Backend();
        var state = backend.GetState(new ValueStateDescriptor<long>("count"));
        Assert.Contains("not in Open", Assert.Throws<InvalidOperationException>(() => state.Value).Message, StringComparison.Ordinal);
        backend.SetCurrentKey("a");
        state.Value = 1;
        backend.ClearCurrentKey();
        Assert.Throws<InvalidOperationException>(() => state.GetOrAdd()++);
        Assert.Throws<InvalidOperationException>(() => backend.CurrentKeyGroup);
    }

    [Fact]
    public void GetState_SameNameTwice_IsTheSameState()
    {
        var backend = Backend();
        Assert.Same(backend.GetState(new ValueStateDescriptor<long>("x")), backend.GetState(new ValueStateDescriptor<long>("x")));
        Assert.Same(backend.Table<TimeWindow, long>("y"), backend.Table<TimeWindow, long>("y"));
        Assert.Same(backend.Timers<TimeWindow>("t"), backend.Timers<TimeWindow>("t"));
    }

    [Fact]
    public void GetState_NameOfAnotherType_NamesStateAndBothTypes()
    {
        var backend = Backend();
        backend.GetState(new ValueStateDescriptor<long>("x"));
        Assert.Equal(
            "State 'x' is a value state of Int64, but a value state of String is asked for under the same name. Give one of the two another name.",
            Assert.Throws<InvalidOperationException>(() => backend.GetState(new ValueStateDescriptor<string>("x"))).Message);
        Assert.Contains(
            "a list state of Int64 is asked for",
            Assert.Throws<InvalidOperationException>(() => backend.GetListState(new ListStateDescriptor<long>("x"))).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "a value state of Int64 by TimeWindow is asked for",
            Assert.Throws<InvalidOperationException>(() => backend.Table<TimeWindow, long>("x")).Message,
            StringComparison.Ordinal);
        backend.Timers<TimeWindow>("t");
        Assert.Contains(
            "'t' is a set of timers by TimeWindow",
            Assert.Throws<InvalidOperationException>(() => backend.GetMapState(new MapStateDescriptor<string, long>("t"))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void MapState_AbsentEntry_ThrowsAndLeavesNothing()
    {
        var backend = Backend();
        var map = backend.GetMapState(new MapStateDescriptor<string, long>("m"));
        backend.SetCurrentKey("a");
        Assert.Contains("'z'", Assert.Throws<KeyNotFoundException>(() => map["z"]).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => map.GetOrAdd(null!)++);
        Assert.False(map.Remove("z"));
        Assert.Empty(map.Entries);
        Assert.Equal(0, backend.MapTable<VoidNamespace, string, long>("m").Count);
    }

    [Fact]
    public void ListState_UpdateWithPartOfItself_KeepsThatPart()
    {
        var backend = Backend();
        var list = backend.GetListState(new ListStateDescriptor<long>("l"));
        backend.SetCurrentKey("a");
        list.AddRange([1, 2, 3, 4, 5]);
        list.Update(list.AsSpan()[2..]);
        Assert.Equal([3, 4, 5], list.AsSpan().ToArray());
        list.AddRange(list.AsSpan());
        Assert.Equal([3, 4, 5, 3, 4, 5], list.AsSpan().ToArray());

        using var frozen = backend.Freeze(1);
        list.Update(list.AsSpan()[4..]);
        Assert.Equal([4, 5], list.AsSpan().ToArray());
    }

    [Fact]
    public void A_list_state_behaves_like_a_list_and_costs_nothing_when_empty()
    {
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 3], Gen.Long.Array[0, 40]).Array[0, 60].Sample(operations =>
        {
            var backend = Backend();
            var state = backend.GetListState(new ListStateDescriptor<long>("list"));
            var model = new Dictionary<string, List<long>>();
            foreach (var (kind, keyNumber, values) in operations)
            {
                string key = $"k{keyNumber}";
                backend.SetCurrentKey(key);
                var list = model.GetValueOrDefault(key, []);
                switch (kind)
                {
                    case 0:
                        state.Clear();
                        list = [];
                        break;
                    case 1:
                        state.Update(values);
                        list = [.. values];
                        break;
                    case 2:
                        state.AddRange(values);
                        list.AddRange(values);
                        break;
                    default:
                        state.Add(kind);
                        list.Add(kind);
                        break;
                }

                model[key] = list;
                Assert.Equal(list.Count, state.Count);
                Assert.Equal(list, state.AsSpan().ToArray());
            }

            Assert.Equal(model.Count(entry => entry.Value.Count > 0), backend.ListTable<VoidNamespace, long>("list").Count);
        });
    }

    [Fact]
    public void A_map_state_behaves_like_a_dictionary_and_costs_nothing_when_empty()
    {
        Gen.Select(Gen.Int[0, 7], Gen.Int[0, 3], Gen.Long[0, 6]).Array[0, 100].Sample(operations =>
        {
            var backend = Backend();
            var state = backend.GetMapState(new MapStateDescriptor<long, long>("map"));
            var model = new Dictionary<string, Dictionary<long, long>>();
            foreach (var (kind, keyNumber, entry) in operations)
            {
                string key = $"k{keyNumber}";
                backend.SetCurrentKey(key);
                if (!model.TryGetValue(key, out var map))
                {
                    model[key] = map = [];
                }

                switch (kind)
                {
                    case 0 when entry == 0:
                        state.Clear();
                        map.Clear();
                        break;
                    case 1 or 2:
                        state[entry] = kind;
                        map[entry] = kind;
                        break;
                    case 3 or 4:
                        state.GetOrAdd(entry) += entry;
                        map[entry] = map.GetValueOrDefault(entry) + entry;
                        break;
                    default:
                        Assert.Equal(map.Remove(entry), state.Remove(entry));
                        break;
                }

                Assert.Equal(map.Count, state.Count);
                Assert.Equal(map, state.Entries.ToDictionary());
                Assert.Equal(map.ContainsKey(entry), state.Contains(entry));
                Assert.Equal(map.TryGetValue(entry, out long expected), state.TryGet(entry, out long actual));
                Assert.Equal(expected, actual);
            }

            Assert.Equal(model.Count(pair => pair.Value.Count > 0), backend.MapTable<VoidNamespace, long, long>("map").Count);
        });
    }

    [Fact]
    public void Handles_InSteadyState_AllocateNothing()
    {
        var backend = Backend();
        var value = backend.GetState(new ValueStateDescriptor<Pair>("v"));
        var list = backend.GetListState(new ListStateDescriptor<long>("l"));
        var map = backend.GetMapState(new MapStateDescriptor<long, long>("m"));
        string[] keys = [.. Enumerable.Range(0, 100).Select(i => $"key {i}")];
        Run(50_000);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(1_000_000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Run(int records)
        {
            for (int i = 0; i < records; i++)
            {
                backend.SetCurrentKey(keys[i % keys.Length]);
                value.GetOrAdd().Sum += value.Value.Count;
                map.GetOrAdd(i % 7)++;
                list.Add(i);
                if (list.Count == 20)
                {
                    list.Update(list.AsSpan()[10..]);
                }
            }
        }
    }
}
