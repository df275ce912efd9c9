using Millrace.Nexmark.Model;
using Millrace.State;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q17 : NexmarkQuery<Q17.Result>
{
    public override string Name => "q17";

    public override string Description => "Auction statistics: of each auction and day the bids in three ranges of prices, the least, the highest, the average and the sum, after every bid.";

    public override DataStream<Result> Results(NexmarkInput input) => input.Bids.KeyBy(static bid => new AuctionDay(bid.Auction, Days.Of(bid.DateTime)))
        .Process(static () => new Statistics()).Name("statistics").Uid("statistics");

    internal readonly record struct AuctionDay(long Auction, long Day);

    internal readonly record struct Result(long Auction, long Day, long Bids, long Rank1, long Rank2, long Rank3, long Least, long Highest, long Average, long Sum) : IResult
    {
        public long Digest => Auction + Day + Bids + Rank1 + Rank2 + Rank3 + Least + Highest + Average + Sum;
    }

    internal record struct Totals(long Rank1, long Rank2, long Rank3, long Least, long Highest, long Sum);

    private sealed class Statistics : KeyedProcessFunction<AuctionDay, Bid, Result>
    {
        private ValueState<Totals> _totals = null!;

        public override void Open(RuntimeContext context) => _totals = context.GetState(new ValueStateDescriptor<Totals>("totals"));

        public override void ProcessElement(Bid value, KeyedProcessContext<AuctionDay> context, Collector<Result> output)
        {
            ref var totals = ref _totals.GetOrAdd();
            long before = totals.Rank1 + totals.Rank2 + totals.Rank3;
            totals.Least = before == 0 ? value.Price : Math.Min(totals.Least, value.Price);
            totals.Highest = before == 0 ? value.Price : Math.Max(totals.Highest, value.Price);
            totals.Sum += value.Price;
            switch (Days.RankOf(value.Price))
            {
                case 1:
                    totals.Rank1++;
                    break;
                case 2:
                    totals.Rank2++;
                    break;
                default:
                    totals.Rank3++;
                    break;
            }

            long bids = before + 1;
            output.Collect(new Result(
                value.Auction, Days.Of(value.DateTime), bids, totals.Rank1, totals.Rank2, totals.Rank3, totals.Least, totals.Highest, totals.Sum / bids, totals.Sum));
        }
    }
}
