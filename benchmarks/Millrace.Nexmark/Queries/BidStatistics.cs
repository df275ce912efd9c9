using Millrace.State;

namespace Millrace.Nexmark.Queries;

/// <summary>
/// How many bids, different bidders and different auctions there are in a group, in all and in three ranges of prices; after every bid.
/// </summary>
/// <remarks>
/// Counting what is different takes a set for each group, and there are few groups, so that few subtasks would have all the work. Here two operators before know each bidder, and each auction, of a group by key and say
/// whether it is new, and what is left to the last is adding.
/// </remarks>
internal static class BidStatistics
{
    /// <param name="input">The events.</param>
    /// <param name="group">The group of a bid.</param>
    public static DataStream<Counts<TGroup>> StatisticsBy<TGroup>(this NexmarkInput input, BidSelector<TGroup> group)
        where TGroup : struct, IGroup => input
        .SelectBids((in bid) => new Step<TGroup>(group(in bid), bid.Bidder, bid.Auction, (short)Days.MinuteOf(bid.DateTime), (byte)Days.RankOf(bid.Price), 0, 0))
        .KeyBy(static step => new Member<TGroup>(step.Group, step.Bidder)).Process(static () => new Known<TGroup>(static (step, news) => step with { NewBidder = news })).Name("bidders").Uid("bidders")
        .KeyBy(static step => new Member<TGroup>(step.Group, step.Auction)).Process(static () => new Known<TGroup>(static (step, news) => step with { NewAuction = news })).Name("auctions").Uid("auctions")
        .KeyBy(static step => step.Group).Process(static () => new Adding<TGroup>()).Name("statistics").Uid("statistics");

    /// <summary>What bids have in common that are counted together.</summary>
    internal interface IGroup
    {
        /// <summary>A number that every field has a part in.</summary>
        long Digest { get; }
    }

    /// <summary>A bid on its way.</summary>
    /// <param name="Group">Its group.</param>
    /// <param name="Bidder">The bidder.</param>
    /// <param name="Auction">The auction.</param>
    /// <param name="Minute">Its minute of the day.</param>
    /// <param name="Rank">The range of its price.</param>
    /// <param name="NewBidder">Where the bidder is new: bit 0 for the group, bits 1 to 3 for a range of prices.</param>
    /// <param name="NewAuction">The same of the auction.</param>
    internal readonly record struct Step<TGroup>(TGroup Group, long Bidder, long Auction, short Minute, byte Rank, byte NewBidder, byte NewAuction);

    internal readonly record struct Member<TGroup>(TGroup Group, long Id);

    /// <summary>Four numbers: of all, and of each range of prices.</summary>
    internal readonly record struct ByRank(long All, long Rank1, long Rank2, long Rank3)
    {
        public long Sum => All + Rank1 + Rank2 + Rank3;

        public ByRank Plus(int bits) => new(All + (bits & 1), Rank1 + ((bits >> 1) & 1), Rank2 + ((bits >> 2) & 1), Rank3 + ((bits >> 3) & 1));
    }

    /// <summary>What is known of a group.</summary>
    internal readonly record struct Counts<TGroup>(TGroup Group, int LastMinute, ByRank Bids, ByRank Bidders, ByRank Auctions) : IResult
        where TGroup : struct, IGroup
    {
        public long Digest => Group.Digest + LastMinute + Bids.Sum + Bidders.Sum + Auctions.Sum;
    }

    private static byte BitsOf(int rank) => (byte)(1 | (1 << rank));

    /// <summary>Says in which sets of a group a bidder or an auction is new.</summary>
    private sealed class Known<TGroup>(Func<Step<TGroup>, byte, Step<TGroup>> say) : KeyedProcessFunction<Member<TGroup>, Step<TGroup>, Step<TGroup>>
        where TGroup : struct, IGroup
    {
        private ValueState<byte> _known = null!;

        public override void Open(RuntimeContext context) => _known = context.GetState(new ValueStateDescriptor<byte>("known"));

        public override void ProcessElement(Step<TGroup> value, KeyedProcessContext<Member<TGroup>> context, Collector<Step<TGroup>> output)
        {
            ref byte known = ref _known.GetOrAdd();
            byte news = (byte)(BitsOf(value.Rank) & ~known);
            known |= news;
            output.Collect(say(value, news));
        }
    }

    private sealed class Adding<TGroup> : KeyedProcessFunction<TGroup, Step<TGroup>, Counts<TGroup>>
        where TGroup : struct, IGroup
    {
        private ValueState<Counts<TGroup>> _counts = null!;

        public override void Open(RuntimeContext context) => _counts = context.GetState(new ValueStateDescriptor<Counts<TGroup>>("counts"));

        public override void ProcessElement(Step<TGroup> value, KeyedProcessContext<TGroup> context, Collector<Counts<TGroup>> output)
        {
            ref var counts = ref _counts.GetOrAdd();
            counts = new Counts<TGroup>(
                value.Group, Math.Max(counts.LastMinute, value.Minute), counts.Bids.Plus(BitsOf(value.Rank)), counts.Bidders.Plus(value.NewBidder), counts.Auctions.Plus(value.NewAuction));
            output.Collect(counts);
        }
    }
}
