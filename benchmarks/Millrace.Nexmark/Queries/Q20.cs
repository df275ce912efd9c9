using Millrace.Nexmark.Model;
using Millrace.State;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q20 : NexmarkQuery<Q20.Result>
{
    private const long Category = 10;

    public override string Name => "q20";

    public override string Description => "Expand bids: each bid for an auction of category 10 with the auction. A join that remembers every auction for ever.";

    // All auctions go into the join, not those of the category alone: so a bid need only wait until its auction is there, and not for ever for one that has been left out.
    public override DataStream<Result> Results(NexmarkInput input) => input.Auctions.KeyBy(static auction => auction.Id).Connect(input.Bids.KeyBy(static bid => bid.Auction))
        .Process(static () => new Expand()).Name("join").Uid("join");

    internal readonly record struct Result(Bid Bid, Auction Auction) : IResult
    {
        public long Digest => Bid.Digest() + Auction.Digest();
    }

    private sealed class Expand : KeyedCoProcessFunction<long, Auction, Bid, Result>
    {
        // Null for an auction of another category.
        private ValueState<Auction?> _auction = null!;
        private ListState<Bid> _waiting = null!;

        public override void Open(RuntimeContext context)
        {
            _auction = context.GetState(new ValueStateDescriptor<Auction?>("auction"));
            _waiting = context.GetListState(new ListStateDescriptor<Bid>("waiting"));
        }

        public override void ProcessElement1(Auction value, KeyedProcessContext<long> context, Collector<Result> output)
        {
            bool isWanted = value.Category == Category;
            _auction.Value = isWanted ? value : null;
            foreach (var bid in isWanted ? _waiting.AsSpan() : [])
            {
                output.Collect(new Result(bid, value));
            }

            _waiting.Clear();
        }

        public override void ProcessElement2(Bid value, KeyedProcessContext<long> context, Collector<Result> output)
        {
            if (!_auction.TryGet(out var auction))
            {
                _waiting.Add(value);
            }
            else if (auction is not null)
            {
                output.Collect(new Result(value, auction));
            }
        }
    }
}
