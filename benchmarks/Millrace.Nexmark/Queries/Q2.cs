namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q2 : NexmarkQuery<Q2.Result>
{
    private const long Every = 123;

    public override string Name => "q2";

    public override string Description => "Selection: the bids for auctions whose number is divisible by 123. A filter.";

    public override DataStream<Result> Results(NexmarkInput input) => input.FlatMapBids<Result>(static (in bid, output) =>
    {
        if (bid.Auction % Every == 0)
        {
            output.Collect(new Result(bid.Auction, bid.Price));
        }
    });

    internal readonly record struct Result(long Auction, long Price) : IResult
    {
        public long Digest => Auction + Price;
    }
}
