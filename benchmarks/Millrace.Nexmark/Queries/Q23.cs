using Millrace.Nexmark.Model;
using Millrace.State;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q23 : NexmarkQuery<Q23.Result>
{
    public override string Name => "q23";

    public override string Description => "Expand bids twice: each bid of a person who sells themselves, with the person and each of their auctions. A join of three streams, in one operator, which remembers all of them for ever.";

    public override DataStream<Result> Results(NexmarkInput input) => input.Events.KeyBy(static e => e.Person?.Id ?? e.Auction?.Seller ?? e.Bid.Bidder)
        .Process(static () => new Expand()).Name("join").Uid("join");

    internal readonly record struct Result(Bid Bid, Person Person, Auction Auction) : IResult
    {
        public long Digest => Bid.Digest() + Person.Digest() + Auction.Digest();
    }

    private sealed class Expand : KeyedProcessFunction<long, NexmarkEvent, Result>
    {
        private ValueState<Person> _person = null!;
        private ListState<Auction> _auctions = null!;
        private ListState<Bid> _bids = null!;

        public override void Open(RuntimeContext context)
        {
            _person = context.GetState(new ValueStateDescriptor<Person>("person"));
            _auctions = context.GetListState(new ListStateDescriptor<Auction>("auctions"));
            _bids = context.GetListState(new ListStateDescriptor<Bid>("bids"));
        }

        // What is new, with all that was there: a person is new once, and everything was waiting for them.
        public override void ProcessElement(NexmarkEvent value, KeyedProcessContext<long> context, Collector<Result> output)
        {
            if (value.IsBid)
            {
                _bids.Add(value.Bid);
                if (_person.TryGet(out var person))
                {
                    foreach (var auction in _auctions.AsSpan())
                    {
                        output.Collect(new Result(value.Bid, person, auction));
                    }
                }
            }
            else if (value.Auction is { } opened)
            {
                _auctions.Add(opened);
                if (_person.TryGet(out var person))
                {
                    foreach (var bid in _bids.AsSpan())
                    {
                        output.Collect(new Result(bid, person, opened));
                    }
                }
            }
            else
            {
                var person = value.Person!;
                _person.Value = person;

                // A copy: what a state gives is good until another is asked.
                foreach (var auction in _auctions.AsSpan().ToArray())
                {
                    foreach (var bid in _bids.AsSpan())
                    {
                        output.Collect(new Result(bid, person, auction));
                    }
                }
            }
        }
    }
}
