using Millrace.Nexmark.Model;
using Millrace.State;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q3 : NexmarkQuery<Q3.Result>
{
    private const long Category = 10;

    public override string Name => "q3";

    public override string Description => "Local item suggestion: who in Oregon, Idaho or California sells in category 10? A join of two streams that never end, each record with all that came before it.";

    public override DataStream<Result> Results(NexmarkInput input) => input.Auctions.Filter(static auction => auction.Category == Category)
        .Map(static auction => new Offer(auction.Id, auction.Seller)).KeyBy(static offer => offer.Seller)
        .Connect(input.Persons.Filter(static person => person.State is "OR" or "ID" or "CA").KeyBy(static person => person.Id))
        .Process(static () => new Suggest()).Name("join").Uid("join");

    internal readonly record struct Offer(long Id, long Seller);

    internal readonly record struct Result(string Name, string City, string State, long Auction) : IResult
    {
        public long Digest => Name.Length + City.Length + State.Length + Auction;
    }

    /// <summary>Auctions wait for their seller, who may join a moment later; the seller stays.</summary>
    private sealed class Suggest : KeyedCoProcessFunction<long, Offer, Person, Result>
    {
        private ValueState<Person> _seller = null!;
        private ListState<long> _waiting = null!;

        public override void Open(RuntimeContext context)
        {
            _seller = context.GetState(new ValueStateDescriptor<Person>("seller"));
            _waiting = context.GetListState(new ListStateDescriptor<long>("waiting"));
        }

        public override void ProcessElement1(Offer value, KeyedProcessContext<long> context, Collector<Result> output)
        {
            if (_seller.TryGet(out var seller))
            {
                output.Collect(new Result(seller.Name, seller.City, seller.State, value.Id));
            }
            else
            {
                _waiting.Add(value.Id);
            }
        }

        public override void ProcessElement2(Person value, KeyedProcessContext<long> context, Collector<Result> output)
        {
            _seller.Value = value;
            foreach (long auction in _waiting.AsSpan())
            {
                output.Collect(new Result(value.Name, value.City, value.State, auction));
            }

            _waiting.Clear();
        }
    }
}
