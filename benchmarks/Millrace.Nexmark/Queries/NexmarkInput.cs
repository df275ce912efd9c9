using Millrace.Nexmark.Generator;
using Millrace.Nexmark.Model;

namespace Millrace.Nexmark.Queries;

/// <summary>The events of the auction house as a query sees them. A stream that nobody asks for is not made.</summary>
internal sealed class NexmarkInput
{
    // A watermark for so many events of a lane: a query that closes windows of two seconds sees one a few times in each.
    private const int EventsPerWatermark = 1024;

    private readonly StreamExecutionEnvironment _env;
    private readonly NexmarkGenerator _generator;
    private readonly bool _hasTime;
    private DataStream<NexmarkEvent>? _events;

    /// <param name="env">Where the query is declared.</param>
    /// <param name="generator">Makes the events.</param>
    /// <param name="hasTime">Whether the query needs event time.</param>
    public NexmarkInput(StreamExecutionEnvironment env, NexmarkGenerator generator, bool hasTime)
    {
        _env = env;
        _generator = generator;
        _hasTime = hasTime;
    }

    public DataStream<NexmarkEvent> Events => _events ??= _env.FromSource(new NexmarkSource(_generator), Watermarks(), "events").Uid("events");

    public DataStream<Bid> Bids => Events.FlatMap<Bid>(static (e, output) =>
    {
        if (e.IsBid)
        {
            output.Collect(e.Bid);
        }
    }).Name("bids");

    public DataStream<Auction> Auctions => Events.FlatMap<Auction>(static (e, output) =>
    {
        if (e.Auction is not null)
        {
            output.Collect(e.Auction);
        }
    }).Name("auctions");

    public DataStream<Person> Persons => Events.FlatMap<Person>(static (e, output) =>
    {
        if (e.Person is not null)
        {
            output.Collect(e.Person);
        }
    }).Name("persons");

    private WatermarkStrategy<NexmarkEvent>? Watermarks() => !_hasTime
        ? null
        : WatermarkStrategy<NexmarkEvent>.ForBoundedOutOfOrderness(TimeSpan.FromMilliseconds(_generator.Disorder)).WithWatermarkEvery(EventsPerWatermark);
}
