using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

public sealed class InMemorySourceTests
{
    [Fact]
    public void Collection_one_subtask_keeps_the_order()
    {
        var source = new CollectionSource<string>(new List<string> { "to", "be", "or", "not" });
        Assert.Equal(1, source.MaxParallelism);
        Assert.Equal(Boundedness.Bounded, source.Boundedness);
        Assert.Equal(["to", "be", "or", "not"], new SourceRun<string, RangeSplit, RangeEnumeratorState>(source).Drain(3).Records);
    }

    [Fact]
    public void Collection_of_a_base_type_takes_an_array_of_a_derived_one()
    {
        object[] words = new string[] { "a", "b" };
        Assert.Equal(words, new SourceRun<object, RangeSplit, RangeEnumeratorState>(new CollectionSource<object>(words)).Drain().Records);
    }

    [Fact]
    public void Empty_collection_ends_at_once() =>
        Assert.Empty(new SourceRun<int, RangeSplit, RangeEnumeratorState>(new CollectionSource<int>([], 3), 3).Drain().Records);

    [Fact]
    public void A_subtask_always_reads_the_same_range_whoever_asks_first()
    {
        var source = new CollectionSource<int>(Enumerable.Range(0, 10), 3);
        var run = new SourceRun<int, RangeSplit, RangeEnumeratorState>(source, 3);
        while (!run.Ended)
        {
            run.Read(2, 100);
            run.Read(0, 100);
            run.Read(1, 100);
        }

        Assert.Equal([0, 1, 2], run.Outputs[0].Records);
        Assert.Equal([3, 4, 5], run.Outputs[1].Records);
        Assert.Equal([6, 7, 8, 9], run.Outputs[2].Records);
        Assert.Equal(run.Outputs[1].Opened, run.Outputs[1].Released);
    }

    [Fact]
    public void Sequence_has_both_ends_and_reaches_the_largest_number()
    {
        Assert.Equal([-2, -1, 0, 1], new SourceRun<long, RangeSplit, RangeEnumeratorState>(new SequenceSource(-2, 1), 3).Drain().Records);
        var last = new SequenceSource(long.MaxValue - 1, long.MaxValue);
        Assert.Equal([long.MaxValue - 1, long.MaxValue], new SourceRun<long, RangeSplit, RangeEnumeratorState>(last).Drain(10).Records);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SequenceSource(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SequenceSource(long.MinValue, long.MaxValue));
    }

    [Fact]
    public void Divide_covers_every_position_once_and_evenly() =>
        Gen.Select(Gen.Long[0, long.MaxValue], Gen.Int[1, 300]).Sample((count, ranges) =>
        {
            long expected = 0;
            foreach (var split in RangeEnumerator.Divide(count, ranges))
            {
                Assert.Equal(expected, split.Next);
                Assert.InRange(split.End - split.Next, Math.Max(1, count / ranges), (count / ranges) + 1);
                expected = split.End;
            }

            Assert.Equal(count, expected);
        });

    [Fact]
    public void Restored_at_any_moment_and_parallelism_every_record_comes_once() =>
        Gen.Select(Gen.Int[0, 40], Gen.Int[1, 4], Gen.Int[1, 4], Gen.Int[0, 60], Gen.Int[1, 5]).Sample((count, before, after, calls, batch) =>
        {
            var source = new GeneratorSource<long>(i => i * 10, count);
            var first = new SourceRun<long, RangeSplit, RangeEnumeratorState>(source, before).Drain(batch, calls);
            var (state, readers) = first.Snapshot();
            var spread = Enumerable.Range(0, after).Select(_ => new List<RangeSplit>()).ToArray();
            foreach (var (split, i) in readers.SelectMany(r => r).Select((s, i) => (s, i)))
            {
                spread[i % after].Add(split);
            }

            var second = new SourceRun<long, RangeSplit, RangeEnumeratorState>(source, after, restored: (state, spread)).Drain(batch);
            Assert.Equal(Enumerable.Range(0, count).Select(i => i * 10L), first.Records.Concat(second.Records).Order());
        });

    [Fact]
    public void Generator_without_a_pace_gives_as_many_as_asked()
    {
        var run = new SourceRun<long, RangeSplit, RangeEnumeratorState>(new GeneratorSource<long>(i => i), 1);
        run.Read(0, 100);
        Assert.Equal(ReadStatus.MoreAvailable, run.Read(0, 1000));
        Assert.Equal(1000, run.Records.Count);
        Assert.Equal(Boundedness.Unbounded, new GeneratorSource<long>(i => i).Boundedness);
        Assert.Equal(Boundedness.Bounded, new GeneratorSource<long>(i => i, 5).Boundedness);
    }

    [Fact]
    public void Generator_with_a_pace_waits_for_the_clock_and_divides_the_pace()
    {
        var time = new FakeTimeProvider();
        var source = new GeneratorSource<long>(i => i, 1000, recordsPerSecond: 20);
        var run = new SourceRun<long, RangeSplit, RangeEnumeratorState>(source, 2, time);
        run.Read(0, 100);
        Assert.Equal(ReadStatus.NothingAvailable, run.Read(0, 100));
        Assert.Single(run.Outputs[0].Records);
        Assert.Equal(TimeSpan.FromMilliseconds(100), run.Contexts[0].WakeDelay);
        for (int second = 0; second < 30; second++)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            Assert.Equal(ReadStatus.NothingAvailable, run.Read(0, 100));
            Assert.Equal(second + 2, run.Outputs[0].Records.Count);
        }
    }

    [Fact]
    public void Generator_with_a_pace_woken_when_it_asked_loses_no_pace_and_never_spins() =>
        Gen.Select(Gen.Double[0.01, 100_000], Gen.Int[1, 200]).Sample((rate, wakes) =>
        {
            var time = new FakeTimeProvider();
            var pace = new Pace(time, rate);
            var start = time.GetUtcNow();
            long taken = 0;
            for (int i = 0; i < wakes; i++)
            {
                taken += pace.Take(long.MaxValue, out var wait);
                Assert.True(wait >= TimeSpan.FromMilliseconds(1));
                time.Advance(wait);
            }

            taken += pace.Take(long.MaxValue, out _);
            double elapsed = (time.GetUtcNow() - start).TotalSeconds;
            Assert.InRange(taken, Math.Floor(elapsed * rate) - 1, Math.Floor(elapsed * rate) + 2);
        });

    [Fact]
    public void Generator_with_a_pace_catches_up_on_one_second_at_most()
    {
        var time = new FakeTimeProvider();
        var pace = new Pace(time, 10);
        pace.Take(100, out _);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(10, pace.Take(1000, out _));
        Assert.Equal(0, pace.Take(1000, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Generator_refuses_a_senseless_pace(double pace) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new GeneratorSource<int>(_ => 0, 1, pace));
}
