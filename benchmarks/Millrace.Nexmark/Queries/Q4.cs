using Millrace.State;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q4 : NexmarkQuery<Q4.Result>
{
    public override string Name => "q4";

    public override string Description => "Average price of a category: of the winning bids of all auctions that have been closed in it, whenever one more is. A join, a maximum and an average.";

    public override bool HasEventTime => true;

    public override DataStream<Result> Results(NexmarkInput input) => input.WinningBidsOf().Map(static sale => new Price(sale.Auction.Category, sale.Bid.Price)).Name("prices")
        .KeyBy(static price => price.Category).Process(static () => new Averages()).Name("averages").Uid("averages");

    /// <param name="Category">The category.</param>
    /// <param name="Average">In cents, rounded towards zero.</param>
    internal readonly record struct Result(long Category, long Average) : IResult
    {
        public long Digest => Category + Average;
    }

    internal readonly record struct Price(long Category, long Cents);

    internal readonly record struct Total(long Sum, long Count);

    private sealed class Averages : KeyedProcessFunction<long, Price, Result>
    {
        private ValueState<Total> _total = null!;

        public override void Open(RuntimeContext context) => _total = context.GetState(new ValueStateDescriptor<Total>("total"));

        public override void ProcessElement(Price value, KeyedProcessContext<long> context, Collector<Result> output)
        {
            ref var total = ref _total.GetOrAdd();
            total = new Total(total.Sum + value.Cents, total.Count + 1);
            output.Collect(new Result(value.Category, total.Sum / total.Count));
        }
    }
}
