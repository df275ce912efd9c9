using System.Runtime.InteropServices;
using Millrace.Nexmark.Model;
using Millrace.Nexmark.Queries;

namespace Millrace.Nexmark.HandWritten;

/// <content>Queries over windows: a window is over when an event comes that is behind it.</content>
internal static partial class Loops
{
    private const long Window = 10_000;
    private const long Slide = 2_000;

    private static void Q5(EventBatches events, Findings findings)
    {
        // The counts of the window, and of each slide of it, so that a slide is taken out again when it is over.
        var counts = new Dictionary<long, long>();
        var slides = new Queue<Dictionary<long, long>>();
        var current = new Dictionary<long, long>();
        long end = long.MinValue;
        for (var batch = events.Next(); !batch.IsEmpty; batch = events.Next())
        {
            foreach (ref readonly var e in batch)
            {
                if (!e.IsBid)
                {
                    continue;
                }

                end = end == long.MinValue ? e.Bid.DateTime - (e.Bid.DateTime % Slide) + Slide : end;
                for (; e.Bid.DateTime >= end; end += Slide)
                {
                    current = CloseSlide(counts, slides, current, findings);
                }

                CollectionsMarshal.GetValueRefOrAddDefault(counts, e.Bid.Auction, out _)++;
                CollectionsMarshal.GetValueRefOrAddDefault(current, e.Bid.Auction, out _)++;
            }
        }

        while (counts.Count > 0)
        {
            current = CloseSlide(counts, slides, current, findings);
        }
    }

    private static Dictionary<long, long> CloseSlide(
        Dictionary<long, long> counts, Queue<Dictionary<long, long>> slides, Dictionary<long, long> current, Findings findings)
    {
        long most = counts.Count == 0 ? 0 : counts.Values.Max();
        foreach (var (auction, count) in counts)
        {
            if (count == most)
            {
                findings.Add(new Q5.Result(auction, count));
            }
        }

        slides.Enqueue(current);
        if (slides.Count < Window / Slide)
        {
            return [];
        }

        var oldest = slides.Dequeue();
        foreach (var (auction, count) in oldest)
        {
            ref long left = ref CollectionsMarshal.GetValueRefOrNullRef(counts, auction);
            left -= count;
            if (left == 0)
            {
                counts.Remove(auction);
            }
        }

        oldest.Clear();
        return oldest;
    }

    private static void Q7(EventBatches events, Findings findings)
    {
        var highest = new List<Bid>();
        long window = -1;
        for (var batch = events.Next(); !batch.IsEmpty; batch = events.Next())
        {
            foreach (ref readonly var e in batch)
            {
                if (!e.IsBid)
                {
                    continue;
                }

                if (e.Bid.DateTime / Window != window)
                {
                    Close();
                    window = e.Bid.DateTime / Window;
                }

                if (highest.Count > 0 && e.Bid.Price > highest[0].Price)
                {
                    highest.Clear();
                }

                if (highest.Count == 0 || e.Bid.Price == highest[0].Price)
                {
                    highest.Add(e.Bid);
                }
            }
        }

        Close();

        void Close()
        {
            foreach (var bid in highest)
            {
                findings.Add(new Q7.Result(bid.Auction, bid.Bidder, bid.Price, bid.DateTime, bid.Extra));
            }

            highest.Clear();
        }
    }

    private static void Q8(EventBatches events, Findings findings)
    {
        var persons = new List<Person>();
        var sellers = new HashSet<long>();
        long window = -1;
        for (var batch = events.Next(); !batch.IsEmpty; batch = events.Next())
        {
            foreach (ref readonly var e in batch)
            {
                if (e.IsBid)
                {
                    continue;
                }

                if (e.DateTime / Window != window)
                {
                    Close();
                    window = e.DateTime / Window;
                }

                if (e.Person is not null)
                {
                    persons.Add(e.Person);
                }
                else
                {
                    sellers.Add(e.Auction!.Seller);
                }
            }
        }

        Close();

        void Close()
        {
            foreach (var person in persons)
            {
                if (sellers.Contains(person.Id))
                {
                    findings.Add(new Q8.Result(person.Id, person.Name, window * Window));
                }
            }

            persons.Clear();
            sellers.Clear();
        }
    }
}
