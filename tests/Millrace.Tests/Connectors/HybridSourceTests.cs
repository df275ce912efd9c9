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

    [Fact]
    public void An_unbounded_source_cannot_be_first() =>
        Assert.Throws<ArgumentException>(() => HybridSource.Of(new ChannelSource<long>(), new SequenceSource(0, 1)));
}
