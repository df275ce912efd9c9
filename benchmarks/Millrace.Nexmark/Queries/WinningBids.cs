using Millrace.Nexmark.Model;
using Millrace.State;

namespace Millrace.Nexmark.Queries;

/// <summary>An auction that has been closed, with the bid that has won it.</summary>
/// <param name="Auction">The auction.</param>
/// <param name="Bid">The highest bid while the auction was open; of several, the first.</param>
internal readonly record struct Sale(Auction Auction, Bid Bid);

/// <summary>The winning bid of each auction, when the auction is closed. An auction without bids is not sold.</summary>
internal static class WinningBids
{
    public static DataStream<Sale> WinningBidsOf(this NexmarkInput input) => input.Auctions.KeyBy(static auction => auction.Id)
        .Connect(input.Bids.KeyBy(static bid => bid.Auction))
        .Process(static () => new Close()).Name("winning bids").Uid("winning bids");

    /// <summary>Whether a bid is better than another: higher, or earlier; then there is an order of them that means nothing, so that there is always one winner.</summary>
    public static bool Beats(in Bid bid, in Bid other)
    {
        if (bid.Price != other.Price)
        {
            return bid.Price > other.Price;
        }

        return bid.DateTime != other.DateTime ? bid.DateTime < other.DateTime : (bid.Bidder, bid.Url.Length).CompareTo((other.Bidder, other.Url.Length)) < 0;
    }

    private static bool IsFor(in Bid bid, Auction auction) => bid.DateTime >= auction.DateTime && bid.DateTime <= auction.Expires;

    /// <summary>
    /// Of an open auction only the best bid so far is kept. Bids for an auction that is not there wait until event time has passed them: then it was not open when they were made, or is not any more.
    /// </summary>
    private sealed class Close : KeyedCoProcessFunction<long, Auction, Bid, Sale>
    {
        private ValueState<Auction> _auction = null!;
        private ValueState<Bid> _best = null!;
        private ListState<Bid> _waiting = null!;

        public override void Open(RuntimeContext context)
        {
            _auction = context.GetState(new ValueStateDescriptor<Auction>("auction"));
            _best = context.GetState(new ValueStateDescriptor<Bid>("best"));
            _waiting = context.GetListState(new ListStateDescriptor<Bid>("waiting"));
        }

        public override void ProcessElement1(Auction value, KeyedProcessContext<long> context, Collector<Sale> output)
        {
            _auction.Value = value;
            context.Timers.RegisterEventTimeTimer(value.Expires);
            int winner = BestOf(_waiting.AsSpan(), value);
            if (winner >= 0)
            {
                Take(_waiting.AsSpan()[winner], value);
            }

            _waiting.Clear();
        }

        public override void ProcessElement2(Bid value, KeyedProcessContext<long> context, Collector<Sale> output)
        {
            if (_auction.TryGet(out var auction))
            {
                Take(value, auction);
                return;
            }

            if (value.DateTime > context.CurrentWatermark)
            {
                if (_waiting.Count == 0)
                {
                    context.Timers.RegisterEventTimeTimer(value.DateTime);
                }

                _waiting.Add(value);
            }
        }

        public override void OnTimer(long timestamp, KeyedTimerContext<long> context, Collector<Sale> output)
        {
            if (!_auction.TryGet(out var auction))
            {
                Forget(context);
            }
            else if (timestamp == auction.Expires)
            {
                if (_best.TryGet(out var bid))
                {
                    output.Collect(new Sale(auction, bid));
                    _best.Clear();
                }

                _auction.Clear();
            }
        }

        /// <summary>The place of the best of some bids that are for an auction; -1 where none is.</summary>
        private static int BestOf(ReadOnlySpan<Bid> bids, Auction auction)
        {
            int best = -1;
            for (int i = 0; i < bids.Length; i++)
            {
                if (IsFor(in bids[i], auction) && (best < 0 || Beats(in bids[i], in bids[best])))
                {
                    best = i;
                }
            }

            return best;
        }

        private void Take(Bid bid, Auction auction)
        {
            if (IsFor(in bid, auction) && (!_best.TryGet(out var best) || Beats(in bid, in best)))
            {
                _best.Value = bid;
            }
        }

        private void Forget(KeyedTimerContext<long> context)
        {
            long now = context.CurrentWatermark;
            var left = _waiting.AsSpan().ToArray().Where(bid => bid.DateTime > now).ToArray();
            _waiting.Update(left);
            if (left.Length > 0)
            {
                context.Timers.RegisterEventTimeTimer(left.Min(bid => bid.DateTime));
            }
        }
    }
}
