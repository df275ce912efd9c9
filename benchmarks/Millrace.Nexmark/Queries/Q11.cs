using Millrace.Nexmark.Model;
using Millrace.Windowing;

namespace Millrace.Nexmark.Queries;

/// <inheritdoc/>
internal sealed class Q11 : NexmarkQuery<Q11.Result>
{
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(10);

    public override string Name => "q11";

    public override string Description => "User sessions: how many bids has a person made while they were active? Session windows that end after 10 seconds of silence.";

    public override bool HasEventTime => true;

    public override DataStream<Result> Results(NexmarkInput input) => input.Bids.KeyBy(static bid => bid.Bidder)
        .Window(EventTimeSessionWindows.WithGap(Gap)).Aggregate(static () => new Counting<Bid>(), static () => new OfSession()).Name("sessions").Uid("sessions");

    internal readonly record struct Result(long Bidder, long Bids, long Start, long End) : IResult
    {
        public long Digest => Bidder + Bids + Start + End;
    }

    private sealed class OfSession : ProcessWindowFunction<long, Result, long, TimeWindow>
    {
        public override void Process(long key, WindowContext<TimeWindow> context, IReadOnlyList<long> elements, Collector<Result> output) =>
            output.Collect(new Result(key, elements[0], context.Window.Start, context.Window.End));
    }
}
