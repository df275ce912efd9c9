using Millrace.Nexmark.Model;

namespace Millrace.Nexmark.Tests;

/// <summary>All events.</summary>
internal sealed class World
{
    public World(IEnumerable<NexmarkEvent> events)
    {
        var bids = new List<Bid>();
        var auctions = new List<Auction>();
        var persons = new List<Person>();
        foreach (var e in events)
        {
            if (e.Person is not null)
            {
                persons.Add(e.Person);
            }
            else if (e.Auction is not null)
            {
                auctions.Add(e.Auction);
            }
            else
            {
                bids.Add(e.Bid);
            }
        }

        (Bids, Auctions, Persons) = (bids, auctions, persons);
    }

    /// <summary>In the order of their emission.</summary>
    public IReadOnlyList<Bid> Bids { get; }

    public IReadOnlyList<Auction> Auctions { get; }

    public IReadOnlyList<Person> Persons { get; }

    /// <summary>The winning bid of each auction that has any.</summary>
    public IEnumerable<(Auction Auction, Bid Bid)> Sales()
    {
        var bids = Bids.ToLookup(bid => bid.Auction);
        foreach (var auction in Auctions)
        {
            var valid = bids[auction.Id].Where(bid => bid.DateTime >= auction.DateTime && bid.DateTime <= auction.Expires).ToList();
            if (valid.Count > 0)
            {
                yield return (auction, valid.OrderByDescending(bid => bid.Price).ThenBy(bid => bid.DateTime).ThenBy(bid => bid.Bidder).ThenBy(bid => bid.Url.Length).First());
            }
        }
    }
}
