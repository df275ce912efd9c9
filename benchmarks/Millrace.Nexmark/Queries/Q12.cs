using Millrace.Windowing;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q12 : NexmarkQuery<Q12.Result>
{
    private static readonly TimeSpan Size = TimeSpan.FromSeconds(10);

    public override string Name => "q12";

    public override string Description => "Processing-time windows: how many bids has a person made in every 10 seconds of the clock? What it finds depends on when it runs.";

    public override DataStream<Result> Results(NexmarkInput input) => input.SelectBids(static (in bid) => bid.Bidder).KeyBy(static bidder => bidder)
        .Window(TumblingProcessingTimeWindows.Of(Size)).Count().Name("windows").Uid("windows")
        .Map(static count => new Result(count.Key, count.Value, count.Window.Start, count.Window.End)).Name("results");

    internal readonly record struct Result(long Bidder, long Bids, long Start, long End) : IResult
    {
        public long Digest => Bidder + Bids + Start + End;
    }
}
