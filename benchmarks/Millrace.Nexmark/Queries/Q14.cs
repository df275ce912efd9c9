using Millrace.Nexmark.Model;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q14 : NexmarkQuery<Q14.Result>
{
    private const long MillisecondsPerHour = 3_600_000;
    private static readonly long Above = 1_000_000 * 1000L;
    private static readonly long Below = 50_000_000 * 1000L;

    public override string Name => "q14";

    public override string Description => "Calculation: bids of a range of prices in euros, the time of the day as a word, and how many times the letter c occurs in a text. Several expressions, and a function of the user's.";

    public override DataStream<Result> Results(NexmarkInput input) => input.FlatMapBids<Result>(static (in bid, output) =>
    {
        long price = Euros.Of(bid.Price);
        if (price > Above && price < Below)
        {
            output.Collect(new Result(bid.Auction, bid.Bidder, price, TimeOfDay(in bid), bid.DateTime, bid.Extra, bid.Extra.AsSpan().Count('c')));
        }
    });

    private static string TimeOfDay(in Bid bid) => (bid.DateTime / MillisecondsPerHour % 24) switch
    {
        >= 8 and <= 18 => "dayTime",
        <= 6 or >= 20 => "nightTime",
        _ => "otherTime",
    };

    internal readonly record struct Result(long Auction, long Bidder, long Price, string TimeOfDay, long DateTime, string Extra, int Cs) : IResult
    {
        public long Digest => Auction + Bidder + Price + TimeOfDay.Length + DateTime + Extra.Length + Cs;
    }
}
