namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q1 : NexmarkQuery<Q1.Result>
{
    public override string Name => "q1";

    public override string Description => "Currency conversion: the price of every bid in euros. A map.";

    public override DataStream<Result> Results(NexmarkInput input) =>
        input.SelectBids(static (in bid) => new Result(bid.Auction, bid.Bidder, Euros.Of(bid.Price), bid.DateTime, bid.Extra));

    /// <param name="Auction">The auction.</param>
    /// <param name="Bidder">The bidder.</param>
    /// <param name="Price">In euros, see <see cref="Euros"/>.</param>
    /// <param name="DateTime">When.</param>
    /// <param name="Extra">Bytes to carry.</param>
    internal readonly record struct Result(long Auction, long Bidder, long Price, long DateTime, string Extra) : IResult
    {
        public long Digest => Auction + Bidder + Price + DateTime + Extra.Length;
    }
}
