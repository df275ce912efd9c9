using Millrace.Windowing;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q5 : NexmarkQuery<Q5.Result>
{
    private static readonly TimeSpan Size = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Slide = TimeSpan.FromSeconds(2);

    public override string Name => "q5";

    public override string Description => "Hot items: which auctions have had the most bids in the last 10 seconds, every 2 seconds? A sliding window, and then the greatest of each window.";

    public override bool HasEventTime => true;

    // What a window gives has the window's last millisecond as its time, and windows end every slide: all results of one window, and no others, are in one tumbling window of that length.
    public override DataStream<Result> Results(NexmarkInput input) => input.SelectBids(static (in bid) => bid.Auction).KeyBy(static auction => auction)
        .Window(SlidingEventTimeWindows.Of(Size, Slide)).Count().Name("bids per auction").Uid("counts")
        .KeyBy(static count => count.Window.End)
        .Window(TumblingEventTimeWindows.Of(Slide)).Aggregate(static () => new Highest<WindowValue<long, TimeWindow, long>>(static count => count.Value)).Name("hottest").Uid("hottest")
        .FlatMap<Result>(static (hottest, output) =>
        {
            foreach (var count in hottest.Items)
            {
                output.Collect(new Result(count.Key, count.Value));
            }
        }).Name("results");

    internal readonly record struct Result(long Auction, long Bids) : IResult
    {
        public long Digest => Auction + Bids;
    }
}
