namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q0 : NexmarkQuery<Q0.Result>
{
    public override string Name => "q0";

    public override string Description => "Pass through: every bid as it is. What the engine costs by itself.";

    public override DataStream<Result> Results(NexmarkInput input) => input.SelectBids(static (in bid) => new Result(bid.Auction, bid.Bidder, bid.Price, bid.DateTime, bid.Extra));

    internal readonly record struct Result(long Auction, long Bidder, long Price, long DateTime, string Extra) : IResult
    {
        public long Digest => Auction + Bidder + Price + DateTime + Extra.Length;
    }
}
