using Millrace.Nexmark.Model;
using Millrace.State;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q18 : NexmarkQuery<Q18.Result>
{
    public override string Name => "q18";

    public override string Description => "Last bid: the last bid of each person for each auction, whenever there is a later one. As many keys as pairs.";

    public override DataStream<Result> Results(NexmarkInput input) => input.Bids.KeyBy(static bid => new Pair(bid.Bidder, bid.Auction)).Process(static () => new Last()).Name("last").Uid("last");

    internal readonly record struct Pair(long Bidder, long Auction);

    internal readonly record struct Result(Bid Bid) : IResult
    {
        public long Digest => Bid.Digest();
    }

    private sealed class Last : KeyedProcessFunction<Pair, Bid, Result>
    {
        private ValueState<Bid> _last = null!;

        public override void Open(RuntimeContext context) => _last = context.GetState(new ValueStateDescriptor<Bid>("last"));

        public override void ProcessElement(Bid value, KeyedProcessContext<Pair> context, Collector<Result> output)
        {
            ref var last = ref _last.GetOrAdd();

            // Of two at one time the higher one, so that it does not depend on which comes first.
            if (value.DateTime > last.DateTime || (value.DateTime == last.DateTime && value.Price > last.Price))
            {
                last = value;
                output.Collect(new Result(value));
            }
        }
    }
}
