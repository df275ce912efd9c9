using CsCheck;
using Millrace.Runtime.State.Keyed;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.State;

public sealed class ListMemoryTests
{
    private static readonly Int64Hasher Hasher = new();

    [Fact]
    public void Lists_that_grow_and_go_are_what_they_would_be_without_it() => Gen.Select(Gen.Int[0, 4], Gen.Int[0, 6], Gen.Int[0, 40]).List[1, 200].Sample(steps =>
    {
        var memory = new ListMemory<string>();
        var lists = new StateList<string>[5];
        var expected = new List<string>[] { [], [], [], [], [] };
        int next = 0;
        foreach (var (which, kind, count) in steps)
        {
            switch (kind)
            {
                case 0:
                    memory.Take(in lists[which]);
                    lists[which] = default;
                    expected[which].Clear();
                    break;
                case 1:
                    string[] values = [.. Enumerable.Range(0, count).Select(_ => $"{next++}")];
                    memory.AddRange(ref lists[which], values);
                    expected[which].AddRange(values);
                    break;
                case 2:
                    memory.AddRange(ref lists[which], lists[which].AsSpan());
                    expected[which].AddRange([.. expected[which]]);
                    break;
                default:
                    memory.Add(ref lists[which], $"{next}");
                    expected[which].Add($"{next++}");
                    break;
            }

            for (int i = 0; i < lists.Length; i++)
            {
                Assert.Equal(expected[i], lists[i].AsSpan().ToArray());
            }
        }
    });

    [Fact]
    public void A_list_that_comes_gets_the_memory_of_one_that_has_gone_and_none_of_its_elements()
    {
        var memory = new ListMemory<object>();
        var first = new StateList<object>();
        for (int i = 0; i < 5; i++)
        {
            memory.Add(ref first, new object());
        }

        object[] items = first.Items!;
        memory.Take(in first);
        Assert.All(items, Assert.Null);
        Assert.Equal((4 + 8) * 8, memory.Bytes);

        var second = new StateList<object>();
        for (int i = 0; i < 5; i++)
        {
            memory.Add(ref second, new object());
        }

        Assert.Same(items, second.Items);
        Assert.Equal(4 * 8, memory.Bytes);
    }

    [Fact]
    public void What_nobody_uses_has_a_limit()
    {
        var memory = new ListMemory<long>();
        for (int i = 0; i < 100; i++)
        {
            var list = new StateList<long>();
            memory.AddRange(ref list, new long[100_000]);
            memory.Take(in list);
            list = new StateList<long>(1 << 17);
            memory.Take(in list);
        }

        Assert.InRange(memory.Bytes, 7 << 20, 8 << 20);
    }

    [Fact]
    public void TryTake_removes_the_entry_and_gives_its_value_away_but_not_while_a_snapshot_may_read_it()
    {
        var backend = TestState.Heap<long>(new KeyGroupRange(0, 8), 8, TestSerializers.Default);
        var table = backend.ListTable<VoidNamespace, long>("list");
        Assert.False(table.TryTake(7, Hasher.Hash(7), default, out var taken));
        Assert.Equal(0, taken.Count);

        table.GetOrAdd(7, Hasher.Hash(7), default, out _).Add(1);
        Assert.True(table.TryTake(7, Hasher.Hash(7), default, out taken));
        Assert.Equal([1], taken.AsSpan());
        Assert.Equal(0, table.Count);

        table.GetOrAdd(7, Hasher.Hash(7), default, out _).Add(2);
        var frozen = backend.Freeze(1);
        Assert.False(table.TryTake(7, Hasher.Hash(7), default, out _));
        Assert.Equal(0, table.Count);
        frozen.Dispose();

        table.GetOrAdd(7, Hasher.Hash(7), default, out _).Add(3);
        Assert.True(table.TryTake(7, Hasher.Hash(7), default, out _));
    }

    [Fact]
    public void Lists_that_come_and_go_in_a_state_allocate_nothing()
    {
        var backend = TestState.Heap<long>(new KeyGroupRange(0, 8), 8, TestSerializers.Default);
        var list = backend.GetListState(new ListStateDescriptor<long>("list"));
        bool isRight = true;
        Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(isRight);
        Assert.True(allocated <= 1024, $"{allocated} bytes");

        void Run()
        {
            for (long round = 0; round < 1000; round++)
            {
                for (long key = 0; key < 20; key++)
                {
                    backend.SetCurrentKey(key);
                    for (long i = 0; i <= key; i++)
                    {
                        list.Add(i);
                    }
                }

                for (long key = 0; key < 20; key++)
                {
                    backend.SetCurrentKey(key);
                    isRight &= list.Count == key + 1;
                    list.Clear();
                }
            }
        }
    }
}
