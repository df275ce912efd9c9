using Millrace.Nexmark.Model;

namespace Millrace.Nexmark.Generator;

/// <summary>Makes the event of a number: always the same for the same options. Safe for use by several threads.</summary>
/// <remarks>
/// The world is that of the Nexmark suite (https://github.com/nexmark/nexmark), with its default configuration: of fifty events one is a person, three are auctions and forty-six are bids;
/// every other bid goes to the hot auction, three of four come from the hot bidder, three of four auctions are the hot seller's. Prices are distributed logarithmically. Ids refer to what
/// was there a short while ago, and now and then to what comes a little later.
/// </remarks>
internal sealed class NexmarkGenerator
{
    public const int Persons = 1;
    public const int Auctions = 3;
    public const int Bids = 46;
    public const int Epoch = Persons + Auctions + Bids;
    public const long FirstAuction = 1000;
    public const long FirstPerson = 1000;
    public const long FirstCategory = 10;

    /// <summary>What shuffles a group of events: coprime to the sizes of groups that are not multiples of it.</summary>
    public const int Shuffle = 953;

    private const int Categories = 5;
    private const int HotAuctionRatio = 2;
    private const int HotBidderRatio = 4;
    private const int HotSellerRatio = 4;

    // Of so many auctions, or persons, in a row one is hot.
    private const int HotStep = 100;
    private const int AuctionsInFlight = 100;
    private const int ActivePersons = 1000;
    private const int Lead = 10;

    private readonly GeneratorOptions _options;
    private readonly Words _words;
    private readonly ulong _seed;
    private readonly double _millisecondsPerEvent;

    public NexmarkGenerator(GeneratorOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Events);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.EventsPerSecond);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.OutOfOrderGroup, 1);
        if (options.OutOfOrderGroup % Shuffle == 0)
        {
            throw new ArgumentException($"The size of a group must not be a multiple of {Shuffle}.", nameof(options));
        }

        _options = options;
        _words = new Words(options.Seed);
        _seed = Chance.Mix(options.Seed);
        _millisecondsPerEvent = 1000 / options.EventsPerSecond;
    }

    public GeneratorOptions Options => _options;

    /// <summary>When the run has begun that this generator is for.</summary>
    public PaceClock Clock { get; } = new();

    /// <summary>How much later an event can come than one with a later time, in milliseconds.</summary>
    public long Disorder => _options.OutOfOrderGroup == 1 ? 0 : (long)Math.Ceiling(_options.OutOfOrderGroup * _millisecondsPerEvent);

    /// <summary>The event that comes at a place, counted from 0.</summary>
    public NexmarkEvent Make(long place)
    {
        long number = NumberAt(place);
        long time = TimeOf(number);
        long epoch = number / Epoch;
        int offset = (int)(number - (epoch * Epoch));
        var chance = new Chance(_seed, number);
        return offset switch
        {
            < Persons => new NexmarkEvent(MakePerson(epoch, time, ref chance), default),
            < Persons + Auctions => new NexmarkEvent(MakeAuction(number, epoch, (epoch * Auctions) + offset - Persons, time, ref chance), default),
            _ => new NexmarkEvent(null, MakeBid(epoch, time, ref chance)),
        };
    }

    private long NumberAt(long place)
    {
        int group = _options.OutOfOrderGroup;
        if (group == 1)
        {
            return place;
        }

        // The last group may be cut off: in order.
        long start = place / group * group;
        return start + group > _options.Events ? place : start + ((place - start) * Shuffle % group);
    }

    private long TimeOf(long number) => _options.BaseTime + (long)(number * _millisecondsPerEvent);

    /// <param name="person">Which person, counted from 0.</param>
    /// <param name="time">When.</param>
    /// <param name="chance">Says the rest.</param>
    private Person MakePerson(long person, long time, ref Chance chance) => new(
        person + FirstPerson,
        _words.Name(ref chance),
        _words.Address(ref chance),
        _words.Card(ref chance),
        _words.City(ref chance),
        _words.State(ref chance),
        time,
        _words.PersonExtra(ref chance));

    /// <param name="number">Which event.</param>
    /// <param name="lastPerson">The last person that there is, counted from 0.</param>
    /// <param name="auction">Which auction, counted from 0.</param>
    /// <param name="time">When.</param>
    /// <param name="chance">Says the rest.</param>
    private Auction MakeAuction(long number, long lastPerson, long auction, long time, ref Chance chance)
    {
        long seller = chance.Below(HotSellerRatio) > 0 ? lastPerson / HotStep * HotStep : AnyPerson(lastPerson, ref chance);
        long initialBid = Price(ref chance);

        // As long, on average, as it takes until as many auctions have been opened as are open at once.
        long horizon = TimeOf(number + ((long)AuctionsInFlight * Epoch / Auctions)) - time;
        return new Auction(
            auction + FirstAuction,
            _words.Item(ref chance),
            _words.Description(ref chance),
            initialBid,
            initialBid + Price(ref chance),
            time,
            time + 1 + chance.Below(Math.Max(2 * horizon, 1)),
            seller + FirstPerson,
            FirstCategory + chance.Below(Categories),
            _words.AuctionExtra(ref chance));
    }

    /// <param name="lastPerson">The last person that there is, counted from 0; auctions come right behind.</param>
    /// <param name="time">When.</param>
    /// <param name="chance">Says the rest.</param>
    private Bid MakeBid(long lastPerson, long time, ref Chance chance)
    {
        // One number is enough for most of it.
        var dice = chance.Roll();
        long lastAuction = (lastPerson * Auctions) + Auctions - 1;
        long auction = dice.OneOf(HotAuctionRatio) > 0 ? lastAuction / HotStep * HotStep : AnyAuction(lastAuction, ref chance);

        // Not the person who is the hot seller.
        long bidder = dice.OneOf(HotBidderRatio) > 0 ? (lastPerson / HotStep * HotStep) + 1 : AnyPerson(lastPerson, ref chance);
        long price = Prices.At(dice.OneOf(Prices.Count));
        string extra = _words.BidExtra(ref dice);
        var (channel, url) = _words.Channel(ref dice, ref chance);
        return new Bid(auction + FirstAuction, bidder + FirstPerson, price, channel, url, time, extra);
    }

    private static long AnyPerson(long last, ref Chance chance)
    {
        long active = Math.Min(last + 1, ActivePersons);
        return last + 1 - active + chance.Below(active + Lead);
    }

    private static long AnyAuction(long last, ref Chance chance)
    {
        long first = Math.Max(last - AuctionsInFlight, 0);
        return first + chance.Below(last - first + 1 + Lead);
    }

    private static long Price(ref Chance chance) => Prices.At(chance.Below(Prices.Count));
}
