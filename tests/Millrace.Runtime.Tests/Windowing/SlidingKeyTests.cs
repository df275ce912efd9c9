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
        var first = keys.GetOrAdd("first", 1);
        int one = 1;
        int two = 2;
        first.Push(10, in one, sum);
        first.Push(20, in one, sum);
        Assert.Equal(2, first.Combine(sum, OneOf));
        first.DropUpTo(20);
        keys.RemoveAt(0);
        Assert.False(keys.TryGet("first", out _));

        var second = keys.GetOrAdd("second", 2);
        Assert.Same(first, second);
        Assert.Equal(("second", 2UL, true), (second.Key, second.Hash, second.IsEmpty));
        second.Push(30, in two, sum);
        Assert.Equal(2, second.Combine(sum, OneOf));
        Assert.NotSame(second, keys.GetOrAdd("third", 3));
        Assert.Equal(2, keys.Count);
    }

    private static readonly int[] Ones = [1];

    private static ref readonly int OneOf(SlidingKey<string, int> key, long end) => ref Ones[0];


    private static ref readonly int One(SlidingKey<int, int> key, long end) => ref Ones[0];

    /// <summary>A key beside a plain list of its slices.</summary>
    private sealed class Slices
    {
        private readonly SortedDictionary<long, string[]> _contents = [];
        private readonly SlidingKey<int, string> _key = new();

        public long Dropped { get; private set; }

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

        private ref readonly string ContentOf(SlidingKey<int, string> key, long end) => ref _contents[end][0];
    }
}
