using Millrace.Nexmark.Model;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q9 : NexmarkQuery<Q9.Result>
{
    public override string Name => "q9";

    public override string Description => "Winning bids: the best bid of each auction, when the auction is closed. A join whose records end in time, and a greatest.";

    public override bool HasEventTime => true;

    public override DataStream<Result> Results(NexmarkInput input) => input.WinningBidsOf().Map(static sale => new Result(sale.Auction, sale.Bid)).Name("results");

    internal readonly record struct Result(Auction Auction, Bid Bid) : IResult
    {
        public long Digest => Auction.Digest() + Bid.Digest();
    }
}
