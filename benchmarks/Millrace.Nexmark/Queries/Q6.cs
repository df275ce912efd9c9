using Millrace.State;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q6 : NexmarkQuery<Q6.Result>
{
    private const int Last = 10;

    public override string Name => "q6";

    public override string Description => "Average selling price of a seller, over their last 10 auctions that were sold, at each of them in order of time. Flink's SQL cannot say it.";

    public override bool HasEventTime => true;

    public override DataStream<Result> Results(NexmarkInput input) => input.WinningBidsOf()
        .Map(static sale => new Sold(sale.Auction.Seller, sale.Auction.Id, sale.Auction.Expires, sale.Bid.Price)).Name("prices")
        .KeyBy(static sold => sold.Seller).Process(static () => new Averages()).Name("averages").Uid("averages");

    /// <param name="Seller">The seller.</param>
    /// <param name="Auction">The last of their auctions that counts.</param>
    /// <param name="Average">In cents, rounded towards zero.</param>
    internal readonly record struct Result(long Seller, long Auction, long Average) : IResult
    {
        public long Digest => Seller + Auction + Average;
    }

    internal readonly record struct Sold(long Seller, long Auction, long Time, long Cents);

    /// <summary>Sales come from several subtasks: they wait until event time has passed them, and are then counted in order.</summary>
    private sealed class Averages : KeyedProcessFunction<long, Sold, Result>
    {
        private ListState<Sold> _waiting = null!;
        private ListState<long> _last = null!;

        public override void Open(RuntimeContext context)
        {
            _waiting = context.GetListState(new ListStateDescriptor<Sold>("waiting"));
            _last = context.GetListState(new ListStateDescriptor<long>("last"));
        }

        public override void ProcessElement(Sold value, KeyedProcessContext<long> context, Collector<Result> output)
        {
            _waiting.Add(value);
            context.Timers.RegisterEventTimeTimer(value.Time);
        }

        public override void OnTimer(long timestamp, KeyedTimerContext<long> context, Collector<Result> output)
        {
            Sold[] waiting = [.. _waiting.AsSpan().ToArray().OrderBy(sold => sold.Time).ThenBy(sold => sold.Auction)];
            int due = waiting.Count(sold => sold.Time <= timestamp);
            _waiting.Update(waiting.AsSpan(due));
            List<long> last = [.. _last.AsSpan()];
            foreach (var sold in waiting.AsSpan(0, due))
            {
                last.Add(sold.Cents);
                if (last.Count > Last)
                {
                    last.RemoveAt(0);
                }

                output.Collect(new Result(sold.Seller, sold.Auction, last.Sum() / last.Count));
            }

            _last.Update([.. last]);
        }
    }
}
