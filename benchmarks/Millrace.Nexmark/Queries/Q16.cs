namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q16 : NexmarkQuery<BidStatistics.Counts>
{
    public override string Name => "q16";

    public override string Description => "Channel statistics: the same as q15 for each channel, with the last minute of the day in which there was a bid.";

    public override DataStream<BidStatistics.Counts> Results(NexmarkInput input) => input.Bids.StatisticsBy(static bid => bid.Channel);
}
