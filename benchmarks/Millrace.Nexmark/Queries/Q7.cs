using Millrace.Windowing;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q7 : NexmarkQuery<Q7.Result>
{
    private static readonly TimeSpan Size = TimeSpan.FromSeconds(10);

    public override string Name => "q7";

    public override string Description => "Highest bid: the bids with the highest price of every 10 seconds. A window over all bids, each batch of which finds its highest first.";

    public override bool HasEventTime => true;

    public override DataStream<Result> Results(NexmarkInput input) => input
        .SelectBids(static (in bid) => new Result(bid.Auction, bid.Bidder, bid.Price, bid.DateTime, bid.Extra))
        .WindowAll(TumblingEventTimeWindows.Of(Size)).Aggregate(static () => new Highest<Result>(static bid => bid.Price)).Name("highest").Uid("highest")
        .FlatMap<Result>(static (top, output) => top.Items.ForEach(output.Collect)).Name("results");

    internal readonly record struct Result(long Auction, long Bidder, long Price, long DateTime, string Extra) : IResult
    {
        public long Digest => Auction + Bidder + Price + DateTime + Extra.Length;
    }
}
