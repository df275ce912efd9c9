namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q15 : NexmarkQuery<BidStatistics.Counts<Q15.DayOfBids>>
{
    public override string Name => "q15";

    public override string Description => "Bidding statistics: how many bids, different bidders and different auctions there are on each day, in all and in three ranges of prices. Eight counts, six of them of what is different.";

    public override DataStream<BidStatistics.Counts<DayOfBids>> Results(NexmarkInput input) => input.StatisticsBy(static (in bid) => new DayOfBids(Days.Of(bid.DateTime)));

    internal readonly record struct DayOfBids(long Day) : BidStatistics.IGroup
    {
        public long Digest => Day;
    }
}
