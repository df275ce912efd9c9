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
        var chance = new Chance(_options.Seed, number);
        return (number % Epoch) switch
        {
            < Persons => new NexmarkEvent(MakePerson(number, time, ref chance), null, default),
            < Persons + Auctions => new NexmarkEvent(null, MakeAuction(number, time, ref chance), default),
            _ => new NexmarkEvent(null, null, MakeBid(number, time, ref chance)),
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

    private Person MakePerson(long number, long time, ref Chance chance) => new(
        LastPerson(number) + FirstPerson,
        _words.Name(ref chance),
        _words.Address(ref chance),
        _words.Card(ref chance),
        _words.City(ref chance),
        _words.State(ref chance),
        time,
        _words.PersonExtra(ref chance));

    private Auction MakeAuction(long number, long time, ref Chance chance)
    {
        long seller = chance.Below(HotSellerRatio) > 0 ? LastPerson(number) / HotStep * HotStep : AnyPerson(number, ref chance);
        long initialBid = Price(ref chance);

        // As long, on average, as it takes until as many auctions have been opened as are open at once.
        long horizon = TimeOf(number + ((long)AuctionsInFlight * Epoch / Auctions)) - time;
        return new Auction(
            LastAuction(number) + FirstAuction,
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

    private Bid MakeBid(long number, long time, ref Chance chance)
    {
        long auction = chance.Below(HotAuctionRatio) > 0 ? LastAuction(number) / HotStep * HotStep : AnyAuction(number, ref chance);

        // Not the person who is the hot seller.
        long bidder = chance.Below(HotBidderRatio) > 0 ? (LastPerson(number) / HotStep * HotStep) + 1 : AnyPerson(number, ref chance);
        long price = Price(ref chance);
        var (channel, url) = _words.Channel(ref chance);
        return new Bid(auction + FirstAuction, bidder + FirstPerson, price, channel, url, time, _words.BidExtra(ref chance));
    }

    /// <summary>The last person, counted from 0, that there was at an event, or that the event is.</summary>
    private static long LastPerson(long number) => number / Epoch;

    /// <summary>The last auction, counted from 0, that there was at an event, or that the event is; −1 where there was none yet.</summary>
    private static long LastAuction(long number)
    {
        var (epoch, offset) = Math.DivRem(number, Epoch);
        return (epoch * Auctions) + Math.Min(offset - Persons, Auctions - 1);
    }

    private static long AnyPerson(long number, ref Chance chance)
    {
        long persons = LastPerson(number) + 1;
        long active = Math.Min(persons, ActivePersons);
        return persons - active + chance.Below(active + Lead);
    }

    private static long AnyAuction(long number, ref Chance chance)
    {
        long last = LastAuction(number);
        long first = Math.Max(last - AuctionsInFlight, 0);
        return first + chance.Below(last - first + 1 + Lead);
    }

    private static long Price(ref Chance chance) => Prices.At(chance.Below(Prices.Count));
}
