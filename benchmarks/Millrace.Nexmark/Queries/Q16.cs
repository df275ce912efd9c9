namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q16 : NexmarkQuery<BidStatistics.Counts<Q16.ChannelDay>>
{
    public override string Name => "q16";

    public override string Description => "Channel statistics: the same as q15 for each channel, with the last minute of the day in which there was a bid.";

    public override DataStream<BidStatistics.Counts<ChannelDay>> Results(NexmarkInput input) => input.StatisticsBy(static (in bid) => new ChannelDay(bid.Channel, Days.Of(bid.DateTime)));

    internal readonly record struct ChannelDay(string Channel, long Day) : BidStatistics.IGroup
    {
        public long Digest => Channel.Length + Day;
    }
}
