using Millrace.Nexmark.Generator;
using Millrace.Nexmark.Model;

namespace Millrace.Nexmark.Queries;

/// <summary>Takes out of a bid what a query needs of it.</summary>
/// <typeparam name="T">What it is.</typeparam>
/// <param name="bid">The bid.</param>
internal delegate T BidSelector<out T>(in Bid bid);

/// <summary>Makes what a query needs of a bid, or nothing where it does not need it.</summary>
/// <typeparam name="T">What it is.</typeparam>
/// <param name="bid">The bid.</param>
/// <param name="output">Takes it.</param>
internal delegate void BidFlatMap<T>(in Bid bid, Collector<T> output);

/// <summary>The events of the auction house as a query sees them. A stream that nobody asks for is not made.</summary>
internal sealed class NexmarkInput
{
    // A watermark for so many events of a lane: a query that closes windows of two seconds sees one a few times in each.
    private const int EventsPerWatermark = 1024;

    private readonly StreamExecutionEnvironment _env;
    private readonly NexmarkGenerator _generator;
    private readonly bool _hasTime;
    private readonly string? _path;
    private DataStream<NexmarkEvent>? _events;

    /// <param name="env">Where the query is declared.</param>
    /// <param name="generator">Makes the events.</param>
    /// <param name="hasTime">Whether the query needs event time.</param>
    /// <param name="path">Where events are read from that were made with the same options; null to make them.</param>
    public NexmarkInput(StreamExecutionEnvironment env, NexmarkGenerator generator, bool hasTime, string? path = null)
    {
        _env = env;
        _generator = generator;
        _hasTime = hasTime;
        _path = path;
    }

    public DataStream<NexmarkEvent> Events => _events ??= _path is null
        ? _env.FromSource(new NexmarkSource(_generator), Watermarks(), "events").Uid("events")
        : EventFiles.Read(_env, _path, Watermarks());

    public DataStream<Bid> Bids => Events.FlatMap<Bid>(static (in e, output) =>
    {
        if (e.IsBid)
        {
            output.Collect(e.Bid);
        }
    }).Name("bids");

    /// <summary>What a query needs of each bid. Only that goes through the job: a bid has three texts and twice as many bytes as most need.</summary>
    /// <typeparam name="T">What it is.</typeparam>
    /// <param name="select">Takes it out of a bid.</param>
    public DataStream<T> SelectBids<T>(BidSelector<T> select) => Events.FlatMap<T>((in e, output) =>
    {
        if (e.IsBid)
        {
            output.Collect(select(in e.Bid));
        }
    }).Name("bids");

    /// <summary>What a query needs of the bids that it needs.</summary>
    /// <typeparam name="T">What it is.</typeparam>
    /// <param name="flatMap">Makes it of a bid.</param>
    public DataStream<T> FlatMapBids<T>(BidFlatMap<T> flatMap) => Events.FlatMap<T>((in e, output) =>
    {
        if (e.IsBid)
        {
            flatMap(in e.Bid, output);
        }
    }).Name("bids");

    public DataStream<Auction> Auctions => Events.FlatMap<Auction>(static (in e, output) =>
    {
        if (e.Auction is not null)
        {
            output.Collect(e.Auction);
        }
    }).Name("auctions");

    public DataStream<Person> Persons => Events.FlatMap<Person>(static (in e, output) =>
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
