using Millrace.Nexmark.Generator;
using Millrace.Nexmark.Model;

namespace Millrace.Nexmark.Tests;

public sealed class GeneratorTests
{
    private static readonly GeneratorOptions Options = new() { Events = 100_000, EventsPerSecond = 1_000, Seed = 3 };

    [Fact]
    public void Events_are_in_the_published_proportions()
    {
        var events = EventsOf(Options);
        Assert.Equal(2_000, events.Count(e => e.Person is not null));
        Assert.Equal(6_000, events.Count(e => e.Auction is not null));
        Assert.Equal(92_000, events.Count(e => e.IsBid));

        // Every other bid, and what others bid for it by chance.
        var bids = events.Where(e => e.IsBid).Select(e => e.Bid).ToList();
        Assert.InRange(bids.Count(bid => (bid.Auction - 1000) % 100 == 0), 45_000, 49_000);
        Assert.InRange(bids.Count(bid => (bid.Bidder - 1000) % 100 == 1), 67_000, 72_000);
        Assert.InRange(events.Count(e => e.Auction is not null && (e.Auction.Seller - 1000) % 100 == 0), 4_300, 4_800);
        Assert.InRange(bids.Count(bid => bid.Channel is "Google" or "Facebook" or "Baidu" or "Apple"), 45_000, 47_000);

        // Prices from 100 to 100,000,000, as many with each number of digits.
        Assert.InRange(bids.Min(bid => bid.Price), 100, 110);
        Assert.InRange(bids.Count(bid => bid.Price < 10_000), 29_500, 31_800);
        Assert.InRange(bids.Count(bid => bid.Price >= 1_000_000), 29_500, 31_800);
    }

    [Fact]
    public void What_is_drawn_for_a_bid_does_not_depend_on_what_else_is()
    {
        var bids = EventsOf(Options).Where(e => e.IsBid).Select(e => e.Bid).ToList();
        (string Name, Func<Bid, bool> Is)[] properties =
        [
            ("hot auction", bid => (bid.Auction - 1000) % 100 == 0),
            ("hot bidder", bid => (bid.Bidder - 1000) % 100 == 1),
            ("low price", bid => bid.Price < 10_000),
            ("high price", bid => bid.Price >= 1_000_000),
            ("known channel", bid => bid.Channel is "Google" or "Facebook" or "Baidu" or "Apple"),
            ("first of the known channels", bid => bid.Channel is "Google"),
            ("short text", bid => bid.Extra.Length < 68),
        ];
        foreach (var (name, property) in properties)
        {
            foreach (var (otherName, other) in properties.Where(pair => Array.IndexOf(properties, pair) > Array.FindIndex(properties, one => one.Name == name)))
            {
                if ((name, otherName) is ("low price", "high price") or ("known channel", "first of the known channels"))
                {
                    continue;
                }

                // Five times the standard deviation of a share among at least 10,000 of 92,000.
                double share = bids.Count(property) / (double)bids.Count;
                double shareWithOther = bids.Where(other).Count(property) / (double)bids.Count(other);
                Assert.True(Math.Abs(share - shareWithOther) < 0.025, $"{name}: {share:0.000} of all, {shareWithOther:0.000} of those with {otherName}");
            }
        }
    }

    [Fact]
    public void Ids_rise_by_one_and_refer_to_what_is_there_or_comes_soon()
    {
        var events = EventsOf(Options);
        Assert.Equal(Enumerable.Range(1000, 2_000).Select(id => (long)id), events.Where(e => e.Person is not null).Select(e => e.Person!.Id));
        Assert.Equal(Enumerable.Range(1000, 6_000).Select(id => (long)id), events.Where(e => e.Auction is not null).Select(e => e.Auction!.Id));
        long lastAuction = 999;
        long lastPerson = 999;
        foreach (var e in events)
        {
            lastAuction = e.Auction?.Id ?? lastAuction;
            lastPerson = e.Person?.Id ?? lastPerson;
            if (e.IsBid)
            {
                Assert.InRange(e.Bid.Auction, Math.Max(1000, lastAuction - 200), lastAuction + 10);
                Assert.InRange(e.Bid.Bidder, Math.Max(1000, lastPerson - 1000), lastPerson + 11);
            }
        }
    }

    [Fact]
    public void Auctions_are_open_as_long_on_average_as_a_hundred_others_take_to_open()
    {
        var lengths = EventsOf(Options).Where(e => e.Auction is not null).Select(e => e.Auction!.Expires - e.Auction.DateTime).ToList();
        Assert.True(lengths.TrueForAll(length => length > 0));
        Assert.InRange(lengths.Average(), 1_600, 1_730);
    }

    [Fact]
    public void The_same_options_make_the_same_events_and_another_seed_others()
    {
        Assert.Equal(EventsOf(Options), EventsOf(Options with { Lanes = 3 }));
        Assert.NotEqual(EventsOf(Options), EventsOf(Options with { Seed = 4 }));
    }

    [Fact]
    public void Disorder_changes_the_order_within_groups_and_nothing_else()
    {
        var ordered = EventsOf(Options with { Events = 99_990 });
        var generator = new NexmarkGenerator(Options with { Events = 99_990, OutOfOrderGroup = 100 });
        var disordered = Enumerable.Range(0, 99_990).Select(place => generator.Make(place)).ToList();
        Assert.NotEqual(ordered, disordered);
        Assert.Equal(ordered.Chunk(100).Select(group => group.ToHashSet().Count), disordered.Chunk(100).Select(group => group.ToHashSet().Count));
        Assert.All(ordered.Chunk(100).Zip(disordered.Chunk(100)), pair => Assert.True(pair.First.ToHashSet().SetEquals(pair.Second)));
        long greatest = 0;
        foreach (var e in disordered)
        {
            Assert.InRange(greatest - e.DateTime, long.MinValue, generator.Disorder);
            greatest = Math.Max(greatest, e.DateTime);
        }
    }

    private static List<NexmarkEvent> EventsOf(GeneratorOptions options)
    {
        var generator = new NexmarkGenerator(options);
        return [.. Enumerable.Range(0, (int)options.Events).Select(place => generator.Make(place))];
    }
}
