using CsCheck;
using Millrace.Runtime.State.Operator;
using Millrace.Serialization;
using Millrace.State;

namespace Millrace.Runtime.Tests.State;

public sealed class OperatorStateTests
{
    [Fact]
    public void Lists_survive_restores_at_any_parallelism()
    {
        Gen.Select(Gen.Long.Array[0, 20].Array[1, 5], Gen.Int[1, 7].Array[1, 4], Gen.Bool).Sample((lists, parallelisms, ask) =>
        {
            var subtasks = Subtasks([.. lists.Select(_ => (IReadOnlyList<OperatorStateSnapshot>)[])], lists.Length);
            for (int i = 0; i < lists.Length; i++)
            {
                Split(subtasks[i]).Update(lists[i]);
                Union(subtasks[i]).Update(lists[i].Select(value => $"{i}:{value}"));
            }

            foreach (int parallelism in parallelisms)
            {
                subtasks = Subtasks([.. subtasks.Select(subtask => subtask.Snapshot())], parallelism);
                if (ask)
                {
                    // What a user of union state does: each subtask keeps its own part of what all of them got.
                    for (int i = 0; i < parallelism; i++)
                    {
                        _ = Split(subtasks[i]);
                        var union = Union(subtasks[i]);
                        union.Update(union.Items.Where((_, index) => index * parallelism / Math.Max(1, union.Items.Count) == i).ToList());
                    }
                }
            }

            subtasks = Subtasks([.. subtasks.Select(subtask => subtask.Snapshot())], 3);
            Assert.Equal(lists.SelectMany(list => list), subtasks.SelectMany(subtask => Split(subtask).Items));
            Assert.All(subtasks, subtask => Assert.Equal(lists.SelectMany((list, i) => list.Select(value => $"{i}:{value}")), Union(subtask).Items));
        });
    }

    [Fact]
    public void Distribute_SplitLists_KeepsTheOrderAndSizesDifferByOneAtMost()
    {
        Gen.Select(Gen.Int[0, 30].Array[1, 6], Gen.Int[1, 9], Gen.Int[1, 3]).Sample((counts, parallelism, schemas) =>
        {
            int next = 0;
            var old = counts.Select((count, subtask) => (IReadOnlyList<OperatorStateSnapshot>)
                [new("s", Redistribution.Split, TypeSchema.Scalar($"{subtask % schemas}"), [.. Enumerable.Range(0, count).Select(_ => Bytes(next++))])]).ToList();
            var dealt = OperatorStateRedistribution.Distribute(old, parallelism);
            Assert.Equal(parallelism, dealt.Count);
            int[] sizes = [.. dealt.Select(states => states.Sum(state => state.Items.Count))];
            Assert.Equal(Enumerable.Range(0, next), dealt.SelectMany(states => states).SelectMany(state => state.Items).Select(Value));
            if (parallelism == counts.Length)
            {
                Assert.Equal(counts, sizes);
            }
            else
            {
                Assert.InRange(sizes.Max() - sizes.Min(), 0, 1);
                Assert.Equal(sizes.OrderDescending(), sizes);
            }

            // Every element still has the schema that it was written with.
            int[] owners = [.. counts.SelectMany((count, subtask) => Enumerable.Repeat(subtask % schemas, count))];
            Assert.All(dealt.SelectMany(states => states), state => Assert.All(state.Items, item => Assert.Equal($"{owners[Value(item)]}", state.Schema.Name)));
        });
    }

    [Fact]
    public void Distribute_UnionLists_GivesEverySubtaskAll()
    {
        Gen.Select(Gen.Int[0, 10].Array[1, 5], Gen.Int[1, 6]).Sample((counts, parallelism) =>
        {
            int next = 0;
            var old = counts.Select(count => (IReadOnlyList<OperatorStateSnapshot>)
                [new("u", Redistribution.Union, TypeSchema.Scalar("int64"), [.. Enumerable.Range(0, count).Select(_ => Bytes(next++))])]).ToList();
            Assert.All(
                OperatorStateRedistribution.Distribute(old, parallelism),
                states => Assert.Equal(Enumerable.Range(0, next), states.SelectMany(state => state.Items).Select(Value)));
        });
    }

    [Fact]
    public void Snapshot_UnionListThatNobodyAsksFor_DoesNotGrow()
    {
        var first = Backend();
        Union(first).Add("x");
        var subtasks = Subtasks([first.Snapshot()], 3);
        for (int restore = 0; restore < 3; restore++)
        {
            subtasks = Subtasks([.. subtasks.Select(subtask => subtask.Snapshot())], 3);
        }

        Assert.All(subtasks, subtask => Assert.Equal(["x"], Union(subtask).Items));
    }

    [Fact]
    public void Restore_WidenedElements_ReadsOldValues()
    {
        var old = Backend();
        old.GetListState(new ListStateDescriptor<int>("n")).Update([1, -2]);
        var backend = Backend();
        backend.Restore(old.Snapshot());
        Assert.Equal([1L, -2L], backend.GetListState(new ListStateDescriptor<long>("n")).Items);
        Assert.Equal("int64", backend.Snapshot().Single().Schema.Name);
    }

    [Fact]
    public void Restore_ElementsOfPartlyMigratedSubtasks_AreReadEachInItsShape()
    {
        var old = Backend();
        old.GetListState(new ListStateDescriptor<int>("n")).Update([1, 2]);
        var migrated = Backend();
        migrated.GetListState(new ListStateDescriptor<long>("n")).Update([3, 4]);
        var subtask = Subtasks([old.Snapshot(), migrated.Snapshot()], 1).Single();
        Assert.Equal([1L, 2L, 3L, 4L], subtask.GetListState(new ListStateDescriptor<long>("n")).Items);
    }

    [Fact]
    public void Restore_IncompatibleElements_NamesTheStateAndKeepsIt()
    {
        var old = Backend();
        old.GetListState(new ListStateDescriptor<string>("n")).Add("x");
        var backend = Backend();
        backend.Restore(old.Snapshot());
        var error = Assert.Throws<StateIncompatibleException>(() => backend.GetListState(new ListStateDescriptor<long>("n")));
        Assert.Equal("MR4101", error.Code);
        Assert.Contains("Operator state 'n', a list of Int64, cannot be restored", error.Message, StringComparison.Ordinal);
        Assert.Equal("string", backend.Snapshot().Single().Schema.Name);
        Assert.Equal(["x"], backend.GetListState(new ListStateDescriptor<string>("n")).Items);
    }

    [Fact]
    public void Restore_OtherRedistribution_IsRefused()
    {
        var old = Backend();
        old.GetListState(new ListStateDescriptor<string>("n")).Add("x");
        var backend = Backend();
        backend.Restore(old.Snapshot());
        var error = Assert.Throws<StateIncompatibleException>(() => backend.GetUnionListState(new ListStateDescriptor<string>("n")));
        Assert.Equal("MR4102", error.Code);
        Assert.Contains("'n' is a union list of String, but the snapshot has a list of String", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_DamagedElement_NamesStateAndElement()
    {
        foreach (byte[] bytes in (byte[][])[[1, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]])
        {
            var backend = Backend();
            backend.Restore([new("n", Redistribution.Split, TypeSchema.Scalar("int64"), [new byte[8], bytes])]);
            var error = Assert.Throws<MillraceException>(() => backend.GetListState(new ListStateDescriptor<long>("n")));
            Assert.Equal("MR4104", error.Code);
            Assert.Contains("Operator state 'n', element 1, cannot be read", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void GetListState_NameTwice_IsTheSameListOrRefused()
    {
        var backend = Backend();
        Assert.Same(backend.GetListState(new ListStateDescriptor<long>("x")), backend.GetListState(new ListStateDescriptor<long>("x")));
        Assert.Equal(
            "Operator state 'x' is a list of Int64, but a union list of Int64 is asked for under the same name. Give one of the two another name.",
            Assert.Throws<InvalidOperationException>(() => backend.GetUnionListState(new ListStateDescriptor<long>("x"))).Message);
        Assert.Throws<InvalidOperationException>(() => backend.GetListState(new ListStateDescriptor<string>("x")));
        Assert.Throws<InvalidOperationException>(() => backend.Restore([]));
        Assert.Contains("dot", Assert.Throws<ArgumentException>(() => backend.GetListState(new ListStateDescriptor<long>(".x"))).Message, StringComparison.Ordinal);
        backend.GetList(".x", Redistribution.Split, new Int64Serializer()).Add(1);
        Assert.Equal(".x", backend.Snapshot().Single().Name);
    }

    [Fact]
    public void Update_WithPartOfItself_KeepsThatPart()
    {
        var list = Backend().GetListState(new ListStateDescriptor<string>("x"));
        list.Update(["a", "b", "c"]);
        list.Update(list.Items.Skip(1));
        Assert.Equal(["b", "c"], list.Items);
        Assert.Throws<ArgumentNullException>(() => list.Add(null!));
        Assert.Throws<ArgumentNullException>(() => list.Update(["a", null!]));
        Assert.Equal(["b", "c"], list.Items);
        list.Clear();
        Assert.Empty(list.Items);
    }

    [Fact]
    public void Snapshot_IsOfTheMomentItWasTaken()
    {
        var backend = Backend();
        var list = backend.GetListState(new ListStateDescriptor<Box>("x"));
        list.Add(new Box { A = 1 });
        var snapshot = backend.Snapshot();
        list.Items[0].A = 2;
        list.Add(new Box());
        var restored = Backend();
        restored.Restore(snapshot);
        Assert.Equal(1, restored.GetListState(new ListStateDescriptor<Box>("x")).Items.Single().A);
    }

    private static OperatorStateBackend Backend(int subtask = 0) => new(TestSerializers.Default, subtask);

    private static OperatorStateBackend[] Subtasks(IReadOnlyList<IReadOnlyList<OperatorStateSnapshot>> old, int parallelism) =>
        [.. OperatorStateRedistribution.Distribute(old, parallelism).Select((states, index) =>
        {
            var backend = Backend(index);
            backend.Restore(states);
            return backend;
        })];

    private static OperatorListState<long> Split(OperatorStateBackend backend) => backend.GetListState(new ListStateDescriptor<long>("split"));

    private static OperatorListState<string> Union(OperatorStateBackend backend) => backend.GetUnionListState(new ListStateDescriptor<string>("union"));

    private static ReadOnlyMemory<byte> Bytes(int value) => BitConverter.GetBytes(value);

    private static int Value(ReadOnlyMemory<byte> bytes) => BitConverter.ToInt32(bytes.Span);
}
