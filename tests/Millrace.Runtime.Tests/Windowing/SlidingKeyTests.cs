using System.Globalization;
using CsCheck;
using Millrace.Runtime.Windowing;

namespace Millrace.Runtime.Tests.Windowing;

public sealed class SlidingKeyTests
{
    private static readonly ReduceAggregation<string> Concatenation = new((first, second) => first + second);

    private enum Step
    {
        Push,
        Insert,
        Change,
        Drop,
        Combine,
    }

    [Fact]
    public void Combine_AfterALateSliceAndThenAYoungerOne_HasAll()
    {
        var slices = new Slices();
        slices.Push(10, "a");
        slices.Insert(5, "b");
        slices.Push(15, "c");

        Assert.Equal("bac", slices.Combine());
    }

    [Fact]
    public void Combine_AfterAChangeAndAnEmptyDrop_HasTheChange()
    {
        var slices = new Slices();
        slices.Push(10, "a");
        slices.Push(20, "b");
        Assert.Equal("ab", slices.Combine());
        slices.Insert(10, "x");
        slices.DropUpTo(5);

        Assert.Equal("axb", slices.Combine());
        Assert.Equal([10L, 20L], slices.Ends);
    }

    [Fact]
    public void Slices_of_a_key_combine_to_what_recomputation_gives() =>
        Gen.Select(Gen.Enum<Step>(), Gen.Long[1, 6]).Array[0, 200].Sample(steps =>
        {
            var slices = new Slices();
            long last = 0;
            int id = 0;
            foreach (var (action, distance) in steps)
            {
                switch (action)
                {
                    case Step.Push:
                        last += distance;
                        slices.Push(last, Next());
                        break;
                    case Step.Insert when last - distance > slices.Dropped:
                        slices.Insert(last - distance, Next());
                        break;
                    case Step.Change when slices.Ends.Count > 0:
                        slices.Insert(slices.Ends[(int)distance % slices.Ends.Count], Next());
                        break;
                    case Step.Drop:
                        slices.DropUpTo(slices.Dropped + distance);
                        last = Math.Max(last, slices.Dropped);
                        break;
                    case Step.Combine when slices.Ends.Count > 0:
                        Assert.Equal(slices.Expected, slices.Combine());
                        break;
                }

                slices.AssertConsistent();
            }

            string Next() => (++id).ToString(CultureInfo.InvariantCulture) + ",";
        });

    [Fact]
    public void Combining_costs_a_constant_number_of_merges_a_slice()
    {
        int merges = 0;
        var counting = new ReduceAggregation<int>((first, second) =>
        {
            merges++;
            return first + second;
        });
        var key = new SlidingKey<int, int>();
        const int Slices = 10_000;
        const int Size = 1_000;
        for (int end = 1; end <= Slices; end++)
        {
            int one = 1;
            key.Push(end, in one, counting);
            key.DropUpTo(end - Size);
            Assert.Equal(Math.Min(end, Size), key.Combine(counting, One));
        }

        // One for the back, one for the front, one for the result.
        Assert.InRange(merges, Slices, 3 * Slices);
    }

    [Fact]
    public void Key_that_comes_takes_over_what_one_that_is_over_has_left_but_none_of_its_content()
    {
        var sum = new ReduceAggregation<int>((first, second) => first + second);
        var keys = new SlidingKeys<string, int>();
        ref var first = ref keys.GetOrAdd("first", 1);
        int one = 1;
        int two = 2;
        first.Push(10, in one, sum);
        first.Push(20, in one, sum);
        Assert.Equal(2, first.Combine(sum, OneOf));
        first.DropUpTo(20);
        keys.RemoveAt(0);
        Assert.Equal(0, keys.Count);

        ref var second = ref keys.GetOrAdd("second", 2);
        Assert.Equal(("second", 2UL, true), (second.Key, second.Hash, second.IsEmpty));
        long before = GC.GetAllocatedBytesForCurrentThread();
        second.Push(30, in two, sum);
        second.Push(40, in two, sum);
        int combined = second.Combine(sum, OneOf);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal((4, 0), (combined, allocated));
        Assert.True(keys.GetOrAdd("third", 3).IsEmpty);
        Assert.Equal(2, keys.Count);
        Assert.Equal([30L, 40L], keys.GetOrAdd("second", 2).Ends.ToArray());
    }

    [Fact]
    public void Keys_that_come_and_go_are_those_of_a_dictionary() =>
        Gen.Select(Gen.Int[0, 60], Gen.Int[0, 3]).Array[0, 400].Sample(steps =>
        {
            var sum = new ReduceAggregation<int>((first, second) => first + second);
            var keys = new SlidingKeys<int, int>();
            var expected = new Dictionary<int, long>();
            long end = 0;
            foreach (var (key, action) in steps)
            {
                // Few hashes, so that keys collide in all of it and in a part.
                ulong hash = (ulong)(key % 7 * 16);
                if (action == 0 && keys.Count > 0)
                {
                    int index = key % keys.Count;
                    expected.Remove(keys[index].Key);
                    keys[index].DropUpTo(long.MaxValue);
                    keys.RemoveAt(index);
                }
                else
                {
                    int one = 1;
                    ref var found = ref keys.GetOrAdd(key, hash);
                    Assert.Equal((key, hash, !expected.ContainsKey(key)), (found.Key, found.Hash, found.IsEmpty));
                    found.Push(++end, in one, sum);
                    expected[key] = end;
                }

                Assert.Equal(expected.Count, keys.Count);
                foreach (var (other, last) in expected)
                {
                    ref var found = ref keys.GetOrAdd(other, (ulong)(other % 7 * 16));
                    Assert.Equal((other, last), (found.Key, found.Ends[^1]));
                }

                Assert.Equal(expected.Count, keys.Count);
            }
        });

    private static readonly int[] Ones = [1];

    private static ref readonly int OneOf(in SlidingKey<string, int> key, long end) => ref Ones[0];

    private static ref readonly int One(in SlidingKey<int, int> key, long end) => ref Ones[0];

    /// <summary>A key beside a plain list of its slices.</summary>
    private sealed class Slices
    {
        private readonly SortedDictionary<long, string[]> _contents = [];
        private SlidingKey<int, string> _key;

        // Early enough for a first slice that comes late.
        public long Dropped { get; private set; } = -10;

        public IReadOnlyList<long> Ends => [.. _contents.Keys];

        public string Expected => string.Concat(_contents.Values.Select(content => content[0]));

        public void Push(long end, string content)
        {
            _contents[end] = [content];
            _key.Push(end, in content, Concatenation);
        }

        public void Insert(long end, string content)
        {
            _contents[end] = [_contents.TryGetValue(end, out string[]? before) ? before[0] + content : content];
            _key.Insert(end);
        }

        public void DropUpTo(long time)
        {
            Dropped = time;
            foreach (long end in Ends.Where(end => end <= time))
            {
                _contents.Remove(end);
            }

            _key.DropUpTo(time);
        }

        public string Combine() => _key.Combine(Concatenation, ContentOf);

        public void AssertConsistent()
        {
            Assert.Equal(Ends, _key.Ends.ToArray());
            Assert.Equal(_contents.Count == 0, _key.IsEmpty);
        }

        private ref readonly string ContentOf(in SlidingKey<int, string> key, long end) => ref _contents[end][0];
    }
}
