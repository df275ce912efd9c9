using Millrace.Windowing;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q11 : NexmarkQuery<Q11.Result>
{
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(10);

    public override string Name => "q11";

    public override string Description => "User sessions: how many bids has a person made while they were active? Session windows that end after 10 seconds of silence.";

    public override bool HasEventTime => true;

    public override DataStream<Result> Results(NexmarkInput input) => input.SelectBids(static (in bid) => bid.Bidder).KeyBy(static bidder => bidder)
        .Window(EventTimeSessionWindows.WithGap(Gap)).Count().Name("sessions").Uid("sessions")
        .Map(static count => new Result(count.Key, count.Value, count.Window.Start, count.Window.End)).Name("results");

    internal readonly record struct Result(long Bidder, long Bids, long Start, long End) : IResult
    {
        public long Digest => Bidder + Bids + Start + End;
    }
}
