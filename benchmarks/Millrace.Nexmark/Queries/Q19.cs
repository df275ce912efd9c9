using Millrace.Nexmark.Model;
using Millrace.State;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q19 : NexmarkQuery<Q19.Result>
{
    private const int Ranks = 10;

    public override string Name => "q19";

    public override string Description => "Auction top 10: the ten best bids of each auction with their ranks, whenever a rank changes.";

    public override DataStream<Result> Results(NexmarkInput input) => input.Bids.KeyBy(static bid => bid.Auction).Process(static () => new Best()).Name("top 10").Uid("top 10");

    internal readonly record struct Result(Bid Bid, int Rank) : IResult
    {
        public long Digest => Bid.Digest() + Rank;
    }

    /// <summary>The best bids of an auction in order, in an array that is changed where it lies, and doubled when it is full.</summary>
    internal readonly record struct Bests(Bid[]? Bids, int Count);

    private sealed class Best : KeyedProcessFunction<long, Bid, Result>
    {
        private const int AtFirst = 2;
        private ValueState<Bests> _best = null!;

        public override void Open(RuntimeContext context) => _best = context.GetState(new ValueStateDescriptor<Bests>("best"));

        public override void ProcessElement(Bid value, KeyedProcessContext<long> context, Collector<Result> output)
        {
            ref var best = ref _best.GetOrAdd();
            var (bids, count) = best;
            bids ??= new Bid[AtFirst];
            int place = count;
            while (place > 0 && WinningBids.Beats(in value, in bids[place - 1]))
            {
                place--;
            }

            if (place == Ranks)
            {
                return;
            }

            if (count == bids.Length && count < Ranks)
            {
                Array.Resize(ref bids, Math.Min(2 * count, Ranks));
            }

            count = Math.Min(count + 1, Ranks);
            Array.Copy(bids, place, bids, place + 1, count - place - 1);
            bids[place] = value;
            best = new Bests(bids, count);
            for (int rank = place; rank < count; rank++)
            {
                output.Collect(new Result(bids[rank], rank + 1));
            }
        }
    }
}
