using System.Runtime.InteropServices;
using Millrace.Nexmark.Model;
using Millrace.Nexmark.Queries;

namespace Millrace.Nexmark.HandWritten;

/// <summary>
/// The queries as somebody would write them who needs the answer once, on one thread: a loop over the events, with dictionaries and lists. Nothing survives a crash, nothing is divided, and events must come in the order
/// of their times.
/// </summary>
internal static partial class Loops
{
    /// <summary>The name of the loop that makes events and does nothing with them.</summary>
    public const string Generator = "generator";

    /// <summary>The loops by the name of the query, and <see cref="Generator"/>.</summary>
    public static IReadOnlyDictionary<string, Action<EventBatches, Findings>> All { get; } = new Dictionary<string, Action<EventBatches, Findings>>
    {
        [Generator] = Generate,
        ["q0"] = Q0,
        ["q1"] = Q1,
        ["q2"] = Q2,
        ["q3"] = Q3,
        ["q5"] = Q5,
        ["q7"] = Q7,
        ["q8"] = Q8,
        ["q11"] = Q11,
        ["q18"] = Q18,
        ["q20"] = Q20,
    };

    private static void Generate(EventBatches events, Findings findings)
    {
        while (!events.Next().IsEmpty)
        {
        }
    }

    private static void Q0(EventBatches events, Findings findings)
    {
        for (var batch = events.Next(); !batch.IsEmpty; batch = events.Next())
        {
            foreach (ref readonly var e in batch)
            {
                if (e.IsBid)
                {
                    findings.Add(new Q0.Result(e.Bid.Auction, e.Bid.Bidder, e.Bid.Price, e.Bid.DateTime, e.Bid.Extra));
                }
            }
        }
    }

    private static void Q1(EventBatches events, Findings findings)
    {
        for (var batch = events.Next(); !batch.IsEmpty; batch = events.Next())
        {
            foreach (ref readonly var e in batch)
            {
                if (e.IsBid)
                {
                    findings.Add(new Q1.Result(e.Bid.Auction, e.Bid.Bidder, Euros.Of(e.Bid.Price), e.Bid.DateTime, e.Bid.Extra));
                }
            }
        }
    }

    private static void Q2(EventBatches events, Findings findings)
    {
        for (var batch = events.Next(); !batch.IsEmpty; batch = events.Next())
        {
            foreach (ref readonly var e in batch)
            {
                if (e.IsBid && e.Bid.Auction % 123 == 0)
                {
                    findings.Add(new Q2.Result(e.Bid.Auction, e.Bid.Price));
                }
            }
        }
    }

    private static void Q3(EventBatches events, Findings findings)
    {
        var sellers = new Dictionary<long, Person>();
        var waiting = new Dictionary<long, List<long>>();
        for (var batch = events.Next(); !batch.IsEmpty; batch = events.Next())
        {
            foreach (ref readonly var e in batch)
            {
                if (e.Person is { State: "OR" or "ID" or "CA" } person)
                {
                    sellers[person.Id] = person;
                    if (waiting.Remove(person.Id, out var auctions))
                    {
                        foreach (long auction in auctions)
                        {
                            findings.Add(new Q3.Result(person.Name, person.City, person.State, auction));
                        }
                    }
                }
                else if (e.Auction is { Category: 10 } auction)
                {
                    if (sellers.TryGetValue(auction.Seller, out var seller))
                    {
                        findings.Add(new Q3.Result(seller.Name, seller.City, seller.State, auction.Id));
                    }
                    else
                    {
                        Add(waiting, auction.Seller, auction.Id);
                    }
                }
            }
        }
    }

    private static void Q11(EventBatches events, Findings findings)
    {
        const long Gap = 10_000;
        var sessions = new Dictionary<long, (long Start, long Last, long Bids)>();
        for (var batch = events.Next(); !batch.IsEmpty; batch = events.Next())
        {
            foreach (ref readonly var e in batch)
            {
                if (!e.IsBid)
                {
                    continue;
                }

                long now = e.Bid.DateTime;
                ref var session = ref CollectionsMarshal.GetValueRefOrAddDefault(sessions, e.Bid.Bidder, out bool existed);
                if (existed && now - session.Last <= Gap)
                {
                    session = (session.Start, now, session.Bids + 1);
                    continue;
                }

                if (existed)
                {
                    findings.Add(new Q11.Result(e.Bid.Bidder, session.Bids, session.Start, session.Last + Gap));
                }

                session = (now, now, 1);
            }
        }

        foreach (var (bidder, session) in sessions)
        {
            findings.Add(new Q11.Result(bidder, session.Bids, session.Start, session.Last + Gap));
        }
    }

    private static void Q18(EventBatches events, Findings findings)
    {
        var last = new Dictionary<(long Bidder, long Auction), Bid>();
        for (var batch = events.Next(); !batch.IsEmpty; batch = events.Next())
        {
            foreach (ref readonly var e in batch)
            {
                if (!e.IsBid)
                {
                    continue;
                }

                ref var before = ref CollectionsMarshal.GetValueRefOrAddDefault(last, (e.Bid.Bidder, e.Bid.Auction), out _);
                if (e.Bid.DateTime > before.DateTime || (e.Bid.DateTime == before.DateTime && e.Bid.Price > before.Price))
                {
                    before = e.Bid;
                    findings.Add(new Q18.Result(e.Bid));
                }
            }
        }
    }

    private static void Q20(EventBatches events, Findings findings)
    {
        var auctions = new Dictionary<long, Auction?>();
        var waiting = new Dictionary<long, List<Bid>>();
        for (var batch = events.Next(); !batch.IsEmpty; batch = events.Next())
        {
            foreach (ref readonly var e in batch)
            {
                if (e.IsBid)
                {
                    if (!auctions.TryGetValue(e.Bid.Auction, out var auction))
                    {
                        Add(waiting, e.Bid.Auction, e.Bid);
                    }
                    else if (auction is not null)
                    {
                        findings.Add(new Q20.Result(e.Bid, auction));
                    }
                }
                else if (e.Auction is { } opened)
                {
                    bool isWanted = opened.Category == 10;
                    auctions[opened.Id] = isWanted ? opened : null;
                    if (waiting.Remove(opened.Id, out var bids) && isWanted)
                    {
                        foreach (var bid in bids)
                        {
                            findings.Add(new Q20.Result(bid, opened));
                        }
                    }
                }
            }
        }
    }

    private static void Add<T>(Dictionary<long, List<T>> lists, long key, T value)
    {
        if (!lists.TryGetValue(key, out var list))
        {
            lists[key] = list = [];
        }

        list.Add(value);
    }
}
