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

    /// <summary>The bids in order, in an array that is changed where it lies.</summary>
    private sealed class Best : KeyedProcessFunction<long, Bid, Result>
    {
        private ValueState<Bid[]?> _best = null!;

        public override void Open(RuntimeContext context) => _best = context.GetState(new ValueStateDescriptor<Bid[]?>("best"));

        public override void ProcessElement(Bid value, KeyedProcessContext<long> context, Collector<Result> output)
        {
            ref var best = ref _best.GetOrAdd();
            int count = best?.Length ?? 0;
            int place = count;
            while (place > 0 && WinningBids.Beats(in value, in best![place - 1]))
            {
                place--;
            }

            if (place == Ranks)
            {
                return;
            }

            if (count < Ranks)
            {
                Array.Resize(ref best, count + 1);
            }

            Array.Copy(best!, place, best!, place + 1, best!.Length - place - 1);
            best[place] = value;
            for (int rank = place; rank < best.Length; rank++)
            {
                output.Collect(new Result(best[rank], rank + 1));
            }
        }
    }
}
