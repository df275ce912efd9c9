using Millrace.Connectors;
using Millrace.Testing;

namespace Millrace.Tests.Connectors;

public sealed class HybridSourceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static HybridSource<long, RangeSplit, RangeEnumeratorState, RangeSplit, RangeEnumeratorState> Ranges() =>
        HybridSource.Of(new SequenceSource(0, 39), new SequenceSource(100, 159));

    [Fact]
    public void It_conforms_and_goes_on_before_at_and_behind_the_switch() =>
        SourceConformance.Check(Ranges, Enumerable.Range(0, 40).Concat(Enumerable.Range(100, 60)).Select(n => (long)n), new SourceConformanceOptions { Restarts = 50 });

    [Fact]
    public void Three_sources_are_two_in_one() => SourceConformance.Check(
        () => HybridSource.Of(HybridSource.Of(new CollectionSource<long>([1, 2]), new SequenceSource(3, 10)), new CollectionSource<long>([11])),
        Enumerable.Range(1, 11).Select(n => (long)n));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task No_record_of_the_second_comes_before_the_last_of_the_first(int parallelism)
    {
        var live = new ChannelSource<long>();
        for (int i = 0; i < 10; i++)
        {
            live.TryWrite(1000 + i);
        }

        live.Complete();
        var hybrid = HybridSource.Of(new SequenceSource(0, 99), live);
        Assert.Equal(Boundedness.Unbounded, hybrid.Boundedness);
        var order = new System.Collections.Concurrent.ConcurrentQueue<long>();
        var env = new StreamExecutionEnvironment { Options = { Parallelism = parallelism } };
        env.FromSource(hybrid).Map(n =>
        {
            order.Enqueue(n);
            return n;
        }).SinkTo(new DiscardSink<long>());
        await env.ExecuteAsync(cancellationToken: Cancel);
        Assert.Equal(110, order.Count);
        Assert.True(order.Take(100).All(n => n < 1000));
    }

    private static HybridSource<int, ScriptedSplit, ScriptedState, ScriptedSplit, ScriptedState> TwoSplitsEach() => HybridSource.Of(
        new ScriptedSource<int>(new Script<int>().Record(1), new Script<int>().Record(2)), new ScriptedSource<int>(new Script<int>().Record(101), new Script<int>().Record(102)));

    private static HybridSplit<ScriptedSplit, ScriptedSplit> First(int index) => new(HybridSplitKind.First, new ScriptedSplit(index, 0), null);

    private static HybridSplit<ScriptedSplit, ScriptedSplit> Second(int index) => new(HybridSplitKind.Second, null, new ScriptedSplit(index, 0));

    /// <summary>All that a reader gives until it has nothing.</summary>
    private static List<int> Read(SourceReader<int, HybridSplit<ScriptedSplit, ScriptedSplit>> reader)
    {
        var output = new FakeOutput<int>();
        while (reader.Read(output, 10) == ReadStatus.MoreAvailable)
        {
        }

        return output.Records;
    }

    [Fact]
    public void Splits_of_either_source_wait_for_others_by_the_names_that_their_source_knows()
    {
        using var reader = new Closing(TwoSplitsEach().CreateReader(new FakeReaderContext(0, 1)));
        reader.Value.Start();
        reader.Value.AddSplits([First(0), First(1)]);
        reader.Value.PauseOrResumeSplits(["1/0"], []);
        Assert.Equal([2], Read(reader.Value));
        reader.Value.PauseOrResumeSplits([], ["1/0"]);
        reader.Value.AddSplits([new(HybridSplitKind.NoMoreOfFirst, null, null)]);
        Assert.Equal([1], Read(reader.Value));

        reader.Value.AddSplits([new(HybridSplitKind.BeginSecond, null, null)]);
        Assert.Empty(Read(reader.Value));
        reader.Value.AddSplits([Second(0), Second(1)]);
        reader.Value.PauseOrResumeSplits(["2/1"], ["1/0"]);
        Assert.Equal([101], Read(reader.Value));
        reader.Value.PauseOrResumeSplits([], ["2/1"]);
        Assert.Equal([102], Read(reader.Value));
    }

    [Fact]
    public void Splits_that_are_to_wait_when_the_second_source_begins_do()
    {
        // As restored behind the switch: the engine knows how far each has come before the second reader is made.
        using var reader = new Closing(TwoSplitsEach().CreateReader(new FakeReaderContext(0, 1)));
        reader.Value.Start();
        reader.Value.AddSplits([Second(0), Second(1)]);
        reader.Value.PauseOrResumeSplits(["2/0", "2/1"], []);
        reader.Value.PauseOrResumeSplits([], ["2/1"]);
        Assert.Equal([102], Read(reader.Value));
        reader.Value.PauseOrResumeSplits([], ["2/0"]);
        Assert.Equal([101], Read(reader.Value));
    }

    [Fact]
    public void Names_pass_through_a_hybrid_source_within_another()
    {
        var inner = new ScriptedSource<int>(new Script<int>().Record(1), new Script<int>().Record(2));
        var reader = HybridSource.Of(HybridSource.Of(inner, inner), inner).CreateReader(new FakeReaderContext(0, 1));
        reader.Start();
        reader.AddSplits([new(HybridSplitKind.First, First(0), null), new(HybridSplitKind.First, First(1), null)]);
        reader.PauseOrResumeSplits(["1/1/1"], []);
        var output = new FakeOutput<int>();
        while (reader.Read(output, 10) == ReadStatus.MoreAvailable)
        {
        }

        Assert.Equal([1], output.Records);
        reader.Close();
    }

    /// <summary>Of two splits in one reader the one that is ahead waits, whichever of the two sources they are of.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_fast_split_waits_for_a_slow_one(bool isSecond)
    {
        var fast = new Script<(bool IsFast, long Timestamp)>();
        var slow = new Script<(bool IsFast, long Timestamp)>();
        for (int i = 0; i < 200; i++)
        {
            fast.Record((true, 100 * i), 100 * i).Wait(TimeSpan.FromMilliseconds(1));
            slow.Record((false, 100 * i), 100 * i).Wait(TimeSpan.FromMilliseconds(50));
        }

        var both = new ScriptedSource<(bool IsFast, long Timestamp)>(fast, slow);
        var none = new ScriptedSource<(bool IsFast, long Timestamp)>(new Script<(bool IsFast, long Timestamp)>());
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, AutoWatermarkInterval = TimeSpan.FromMilliseconds(5) });
        long slowest = 0;
        long ahead = 0;
        int count = 0;
        env.FromSource(
            HybridSource.Of(isSecond ? none : both, isSecond ? both : none),
            WatermarkStrategy<(bool IsFast, long Timestamp)>.ForMonotonousTimestamps().WithWatermarkAlignment("group", TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(10))).ForEach(record =>
        {
            count++;
            slowest = record.IsFast ? slowest : record.Timestamp;
            ahead = Math.Max(ahead, record.Timestamp - slowest);
        });
        JobRunner.Run(env, 1);
        Assert.Equal(400, count);
        Assert.True(ahead <= 3_500, $"{ahead} ms ahead.");
    }

    private sealed class Closing(SourceReader<int, HybridSplit<ScriptedSplit, ScriptedSplit>> reader) : IDisposable
    {
        public SourceReader<int, HybridSplit<ScriptedSplit, ScriptedSplit>> Value => reader;

        public void Dispose() => reader.Close();
    }

    [Fact]
    public void An_unbounded_source_cannot_be_first() =>
        Assert.Throws<ArgumentException>(() => HybridSource.Of(new ChannelSource<long>(), new SequenceSource(0, 1)));
}
