using Millrace.Nexmark.Model;
using Millrace.Nexmark.Queries;

namespace Millrace.Nexmark.Tests;

/// <summary>An oracle for each query.</summary>
internal static class Oracles
{
    private const long Second = 1000;

    public static IReadOnlyList<Oracle> All { get; } = [.. Stateless(), .. Windows(), .. Joins(), .. Statistics()];

    private static IEnumerable<Oracle> Stateless() =>
    [
        new Oracle<Q0.Result>(new Q0(), world => world.Bids.Select(bid => new Q0.Result(bid.Auction, bid.Bidder, bid.Price, bid.DateTime, bid.Extra))),
        new Oracle<Q1.Result>(new Q1(), world => world.Bids.Select(bid => new Q1.Result(bid.Auction, bid.Bidder, 908 * bid.Price, bid.DateTime, bid.Extra))),
        new Oracle<Q2.Result>(new Q2(), world =>
            from bid in world.Bids
            where bid.Auction % 123 == 0
            select new Q2.Result(bid.Auction, bid.Price)),
        new Oracle<Q10.Result>(new Q10(), world =>
            from bid in world.Bids
            let time = DateTime.UnixEpoch.AddMilliseconds(bid.DateTime)
            select new Q10.Result(bid.Auction, bid.Bidder, bid.Price, bid.DateTime, bid.Extra, $"{time:yyyy-MM-dd}", $"{time:HHmm}")),
        new Oracle<Q13.Result>(new Q13(), world => world.Bids.Select(bid => new Q13.Result(bid.Auction, bid.Bidder, bid.Price, bid.DateTime, $"{bid.Auction % 10_000}-value"))),
        new Oracle<Q14.Result>(new Q14(), world =>
            from bid in world.Bids
            let price = 0.908m * bid.Price
            where price > 1_000_000 && price < 50_000_000
            let hour = DateTimeOffset.FromUnixTimeMilliseconds(bid.DateTime).Hour
            let time = hour is >= 8 and <= 18 ? "dayTime" : hour is <= 6 or >= 20 ? "nightTime" : "otherTime"
            select new Q14.Result(bid.Auction, bid.Bidder, (long)(price * 1000), time, bid.DateTime, bid.Extra, bid.Extra.Count(letter => letter == 'c'))),
        new Oracle<Q21.Result>(new Q21(), world =>
            from bid in world.Bids
            let known = Array.IndexOf(["apple", "google", "facebook", "baidu"], bid.Channel.ToLowerInvariant())
            let parameter = bid.Url.Split('&').Where(part => part.StartsWith("channel_id=", StringComparison.Ordinal)).Select(part => part["channel_id=".Length..]).FirstOrDefault()
            where known >= 0 || parameter is not null
            select new Q21.Result(bid.Auction, bid.Bidder, bid.Price, bid.Channel, known >= 0 ? $"{known}" : parameter!)),
        new Oracle<Q22.Result>(new Q22(), world =>
            from bid in world.Bids
            let parts = bid.Url.Split('/')
            select new Q22.Result(bid.Auction, bid.Bidder, bid.Price, bid.Channel, parts[3], parts[4], parts[5])),
    ];

    private static IEnumerable<Oracle> Windows() =>
    [
        new Oracle<Q5.Result>(new Q5(), world =>
            from end in EndsOf(world.Bids, 10 * Second, 2 * Second)
            let counts = (from bid in end.Bids group bid by bid.Auction into auction select (auction.Key, Count: auction.LongCount())).ToList()
            let most = counts.Max(count => count.Count)
            from count in counts
            where count.Count == most
            select new Q5.Result(count.Key, count.Count)),
        new Oracle<Q7.Result>(new Q7(), world =>
            from window in world.Bids.GroupBy(bid => bid.DateTime / (10 * Second))
            let highest = window.Max(bid => bid.Price)
            from bid in window
            where bid.Price == highest
            select new Q7.Result(bid.Auction, bid.Bidder, bid.Price, bid.DateTime, bid.Extra)),
        new Oracle<Q8.Result>(new Q8(), world =>
            from person in world.Persons
            let window = person.DateTime / (10 * Second)
            join seller in world.Auctions.Select(auction => (auction.Seller, Window: auction.DateTime / (10 * Second))).Distinct() on (person.Id, window) equals seller
            select new Q8.Result(person.Id, person.Name, window * 10 * Second)),
        new Oracle<Q11.Result>(new Q11(), world => world.Bids.GroupBy(bid => bid.Bidder).SelectMany(SessionsOf)),
    ];

    private static IEnumerable<Oracle> Joins() =>
    [
        new Oracle<Q3.Result>(new Q3(), world =>
            from auction in world.Auctions
            where auction.Category == 10
            join person in world.Persons on auction.Seller equals person.Id
            where person.State is "OR" or "ID" or "CA"
            select new Q3.Result(person.Name, person.City, person.State, auction.Id)),
        new Oracle<Q4.Result>(
            new Q4(),
            world => world.Sales().GroupBy(sale => sale.Auction.Category).Select(category => new Q4.Result(category.Key, category.Sum(sale => sale.Bid.Price) / category.Count())),
            results => results.KeyBy(result => result.Category).FullWindowPartition().Reduce((_, last) => last).Uid("settled")),
        new Oracle<Q6.Result>(new Q6(), world => world.Sales().GroupBy(sale => sale.Auction.Seller).SelectMany(seller =>
        {
            var sold = seller.OrderBy(sale => sale.Auction.Expires).ThenBy(sale => sale.Auction.Id).ToList();
            return sold.Select((sale, index) =>
            {
                var last = sold.GetRange(Math.Max(0, index - 9), Math.Min(10, index + 1));
                return new Q6.Result(seller.Key, sale.Auction.Id, last.Sum(one => one.Bid.Price) / last.Count);
            });
        })),
        new Oracle<Q9.Result>(new Q9(), world => world.Sales().Select(sale => new Q9.Result(sale.Auction, sale.Bid))),
        new Oracle<Q20.Result>(new Q20(), world =>
            from auction in world.Auctions
            where auction.Category == 10
            join bid in world.Bids on auction.Id equals bid.Auction
            select new Q20.Result(bid, auction)),
        new Oracle<Q23.Result>(new Q23(), world =>
            from person in world.Persons
            join auction in world.Auctions on person.Id equals auction.Seller
            join bid in world.Bids on person.Id equals bid.Bidder
            select new Q23.Result(bid, person, auction)),
    ];

    private static IEnumerable<Oracle> Statistics() =>
    [
        new Oracle<BidStatistics.Counts<Q15.DayOfBids>>(new Q15(), world => CountsOf(world, bid => new Q15.DayOfBids(bid.DateTime / 86_400_000)), Last),
        new Oracle<BidStatistics.Counts<Q16.ChannelDay>>(new Q16(), world => CountsOf(world, bid => new Q16.ChannelDay(bid.Channel, bid.DateTime / 86_400_000)), Last),
        new Oracle<Q17.Result>(
            new Q17(),
            world =>
                from bid in world.Bids
                group bid.Price by (bid.Auction, Day: bid.DateTime / 86_400_000) into auction
                select new Q17.Result(
                    auction.Key.Auction,
                    auction.Key.Day,
                    auction.LongCount(),
                    auction.LongCount(price => price < 10_000),
                    auction.LongCount(price => price is >= 10_000 and < 1_000_000),
                    auction.LongCount(price => price >= 1_000_000),
                    auction.Min(),
                    auction.Max(),
                    auction.Sum() / auction.LongCount(),
                    auction.Sum()),
            results => results.KeyBy(result => (result.Auction, result.Day)).FullWindowPartition().Reduce((_, last) => last).Uid("settled")),
        new Oracle<Q18.Result>(
            new Q18(),
            world => world.Bids.GroupBy(bid => (bid.Bidder, bid.Auction)).Select(pair => new Q18.Result(pair.OrderByDescending(bid => bid.DateTime).ThenByDescending(bid => bid.Price).First())),
            results => results.KeyBy(result => (result.Bid.Bidder, result.Bid.Auction)).FullWindowPartition().Reduce((_, last) => last).Uid("settled")),
        new Oracle<Q19.Result>(
            new Q19(),
            world => world.Bids.GroupBy(bid => bid.Auction).SelectMany(auction => auction
                .OrderByDescending(bid => bid.Price).ThenBy(bid => bid.DateTime).ThenBy(bid => bid.Bidder).ThenBy(bid => bid.Url.Length).Take(10)
                .Select((bid, index) => new Q19.Result(bid, index + 1))),
            results => results.KeyBy(result => (result.Bid.Auction, result.Rank)).FullWindowPartition().Reduce((_, last) => last).Uid("settled")),
    ];

    private static DataStream<BidStatistics.Counts<TGroup>> Last<TGroup>(DataStream<BidStatistics.Counts<TGroup>> results)
        where TGroup : struct, BidStatistics.IGroup => results.KeyBy(result => result.Group).FullWindowPartition().Reduce((_, last) => last).Uid("settled");

    /// <summary>The bids of each sliding window that has any.</summary>
    private static IEnumerable<(long End, List<Bid> Bids)> EndsOf(IReadOnlyList<Bid> bids, long size, long slide)
    {
        var sorted = bids.OrderBy(bid => bid.DateTime).ToList();
        long first = sorted[0].DateTime / slide * slide;
        int from = 0;
        int until = 0;
        for (long end = first + slide; end - size <= sorted[^1].DateTime; end += slide)
        {
            for (; until < sorted.Count && sorted[until].DateTime < end; until++)
            {
            }

            for (; sorted[from].DateTime < end - size; from++)
            {
            }

            yield return (end, sorted.GetRange(from, until - from));
        }
    }

    private static IEnumerable<Q11.Result> SessionsOf(IGrouping<long, Bid> bidder)
    {
        long[] times = [.. bidder.Select(bid => bid.DateTime).Order()];
        int first = 0;
        for (int i = 1; i <= times.Length; i++)
        {
            if (i == times.Length || times[i] - times[i - 1] > 10 * Second)
            {
                yield return new Q11.Result(bidder.Key, i - first, times[first], times[i - 1] + (10 * Second));
                first = i;
            }
        }
    }

    private static IEnumerable<BidStatistics.Counts<TGroup>> CountsOf<TGroup>(World world, Func<Bid, TGroup> groupOf)
        where TGroup : struct, BidStatistics.IGroup =>
        from bid in world.Bids
        group bid by groupOf(bid) into bids
        select new BidStatistics.Counts<TGroup>(
            bids.Key,
            bids.Max(bid => (int)DateTimeOffset.FromUnixTimeMilliseconds(bid.DateTime).TimeOfDay.TotalMinutes),
            ByRank(bids, bid => bid),
            ByRank(bids, bid => bid.Bidder),
            ByRank(bids, bid => bid.Auction));

    private static BidStatistics.ByRank ByRank<T>(IEnumerable<Bid> bids, Func<Bid, T> what)
    {
        // Bids are all different, even where all of their fields are the same.
        long Count(IEnumerable<Bid> some) => typeof(T) == typeof(Bid) ? some.LongCount() : some.Select(what).Distinct().LongCount();
        return new BidStatistics.ByRank(
            Count(bids), Count(bids.Where(bid => bid.Price < 10_000)), Count(bids.Where(bid => bid.Price is >= 10_000 and < 1_000_000)), Count(bids.Where(bid => bid.Price >= 1_000_000)));
    }
}
