using Millrace.State;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q17 : NexmarkQuery<Q17.Result>
{
    public override string Name => "q17";

    public override string Description => "Auction statistics: of each auction and day the bids in three ranges of prices, the least, the highest, the average and the sum, after every bid.";

    public override DataStream<Result> Results(NexmarkInput input) => input.SelectBids(static (in bid) => new Price(bid.Auction, Days.Of(bid.DateTime), bid.Price))
        .KeyBy(static price => new AuctionDay(price.Auction, price.Day))
        .Process(static () => new Statistics()).Name("statistics").Uid("statistics");

    /// <summary>What is needed of a bid.</summary>
    internal readonly record struct Price(long Auction, long Day, long Cents);

    internal readonly record struct AuctionDay(long Auction, long Day);

    internal readonly record struct Result(long Auction, long Day, long Bids, long Rank1, long Rank2, long Rank3, long Least, long Highest, long Average, long Sum) : IResult
    {
        public long Digest => Auction + Day + Bids + Rank1 + Rank2 + Rank3 + Least + Highest + Average + Sum;
    }

    internal record struct Totals(long Rank1, long Rank2, long Rank3, long Least, long Highest, long Sum);

    private sealed class Statistics : KeyedProcessFunction<AuctionDay, Price, Result>
    {
        private ValueState<Totals> _totals = null!;

        public override void Open(RuntimeContext context) => _totals = context.GetState(new ValueStateDescriptor<Totals>("totals"));

        public override void ProcessElement(Price value, KeyedProcessContext<AuctionDay> context, Collector<Result> output)
        {
            ref var totals = ref _totals.GetOrAdd();
            long before = totals.Rank1 + totals.Rank2 + totals.Rank3;
            totals.Least = before == 0 ? value.Cents : Math.Min(totals.Least, value.Cents);
            totals.Highest = before == 0 ? value.Cents : Math.Max(totals.Highest, value.Cents);
            totals.Sum += value.Cents;
            switch (Days.RankOf(value.Cents))
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
                value.Auction, value.Day, bids, totals.Rank1, totals.Rank2, totals.Rank3, totals.Least, totals.Highest, totals.Sum / bids, totals.Sum));
        }
    }
}
