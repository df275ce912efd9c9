using Millrace.Nexmark.Model;
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
    /// <param name="bids">The bids.</param>
    /// <param name="group">The group of a bid, beside its day.</param>
    public static DataStream<Counts> StatisticsBy(this DataStream<Bid> bids, Func<Bid, string> group) => bids
        .Map(bid => new Step(group(bid), Days.Of(bid.DateTime), Days.MinuteOf(bid.DateTime), bid.Bidder, bid.Auction, Days.RankOf(bid.Price), 0, 0)).Name("steps")
        .KeyBy(static step => new Member(step.Group, step.Day, step.Bidder)).Process(static () => new Known(static (step, news) => step with { NewBidder = news })).Name("bidders").Uid("bidders")
        .KeyBy(static step => new Member(step.Group, step.Day, step.Auction)).Process(static () => new Known(static (step, news) => step with { NewAuction = news })).Name("auctions known").Uid("auctions")
        .KeyBy(static step => new Member(step.Group, step.Day, 0)).Process(static () => new Adding()).Name("statistics").Uid("statistics");

    /// <summary>A bid on its way.</summary>
    /// <param name="Group">Its group.</param>
    /// <param name="Day">Its day.</param>
    /// <param name="Minute">Its minute.</param>
    /// <param name="Bidder">The bidder.</param>
    /// <param name="Auction">The auction.</param>
    /// <param name="Rank">The range of its price.</param>
    /// <param name="NewBidder">Where the bidder is new: bit 0 for the group, bits 1 to 3 for a range of prices.</param>
    /// <param name="NewAuction">The same of the auction.</param>
    internal readonly record struct Step(string Group, long Day, int Minute, long Bidder, long Auction, int Rank, byte NewBidder, byte NewAuction);

    internal readonly record struct Member(string Group, long Day, long Id);

    /// <summary>Four numbers: of all, and of each range of prices.</summary>
    internal readonly record struct ByRank(long All, long Rank1, long Rank2, long Rank3)
    {
        public long Sum => All + Rank1 + Rank2 + Rank3;

        public ByRank Plus(int bits) => new(All + (bits & 1), Rank1 + ((bits >> 1) & 1), Rank2 + ((bits >> 2) & 1), Rank3 + ((bits >> 3) & 1));
    }

    /// <summary>What is known of a group.</summary>
    internal readonly record struct Counts(string Group, long Day, int LastMinute, ByRank Bids, ByRank Bidders, ByRank Auctions) : IResult
    {
        public long Digest => Group.Length + Day + LastMinute + Bids.Sum + Bidders.Sum + Auctions.Sum;
    }

    private static byte BitsOf(int rank) => (byte)(1 | (1 << rank));

    /// <summary>Says in which sets of a group a bidder or an auction is new.</summary>
    private sealed class Known(Func<Step, byte, Step> say) : KeyedProcessFunction<Member, Step, Step>
    {
        private ValueState<byte> _known = null!;

        public override void Open(RuntimeContext context) => _known = context.GetState(new ValueStateDescriptor<byte>("known"));

        public override void ProcessElement(Step value, KeyedProcessContext<Member> context, Collector<Step> output)
        {
            ref byte known = ref _known.GetOrAdd();
            byte news = (byte)(BitsOf(value.Rank) & ~known);
            known |= news;
            output.Collect(say(value, news));
        }
    }

    private sealed class Adding : KeyedProcessFunction<Member, Step, Counts>
    {
        private ValueState<Counts> _counts = null!;

        public override void Open(RuntimeContext context) => _counts = context.GetState(new ValueStateDescriptor<Counts>("counts"));

        public override void ProcessElement(Step value, KeyedProcessContext<Member> context, Collector<Counts> output)
        {
            ref var counts = ref _counts.GetOrAdd();
            counts = new Counts(
                value.Group,
                value.Day,
                Math.Max(counts.LastMinute, value.Minute),
                counts.Bids.Plus(BitsOf(value.Rank)),
                counts.Bidders.Plus(value.NewBidder),
                counts.Auctions.Plus(value.NewAuction));
            output.Collect(counts);
        }
    }
}
