using CsCheck;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

public sealed class SlotSharesPropertyTests
{
    private static readonly Gen<SlotShare> AnyJob = Gen.Select(Gen.Int[1, 8], Gen.Int[0, 8], Gen.Int[0, 8], Gen.Bool)
        .Select((least, more, held, givesBack) => new SlotShare(least, least + more, held, givesBack));

    /// <summary>Jobs that hold no more than there is.</summary>
    private static readonly Gen<(int Capacity, SlotShare[] Jobs)> AnyCase = Gen.Select(Gen.Int[0, 24], AnyJob.Array[0, 6]).Select((capacity, jobs) =>
    {
        int free = capacity;
        var fitting = jobs.Select(job =>
        {
            int held = Math.Min(job.Held, free);
            free -= held;
            return job with { Held = held };
        }).ToArray();
        return (capacity, fitting);
    });

    [Fact]
    public void Never_more_is_divided_than_there_is_and_what_is_held_is_kept() => Sample((capacity, jobs, shares) =>
    {
        Assert.True(shares.Sum() <= capacity);
        foreach (var (job, share) in jobs.Zip(shares))
        {
            Assert.True(share >= (job.GivesBack ? Math.Min(job.Held, job.Least) : job.Held));
            Assert.True(share <= Math.Max(job.Held, job.Wanted));
        }
    });

    [Fact]
    public void Whoever_could_start_does_so_in_turn_and_whoever_cannot_takes_nothing() => Sample((capacity, jobs, shares) =>
    {
        // Step by step, as the rule says it.
        int free = capacity - jobs.Sum(Firm);
        bool isBlocked = false;
        foreach (var (job, share) in jobs.Zip(shares))
        {
            int missing = job.Least - Firm(job);
            bool isServed = missing > 0 && job.Least <= capacity && !isBlocked && missing <= free;
            free -= isServed ? missing : 0;
            isBlocked |= missing > 0 && job.Least <= capacity && !isServed;
            Assert.Equal(isServed || missing <= 0, share >= job.Least);
            Assert.True(isServed || missing <= 0 || share == job.Held);
        }
    });

    [Fact]
    public void A_job_gives_back_only_where_another_could_not_start_otherwise() => Sample((capacity, jobs, shares) =>
    {
        if (jobs.Zip(shares).Any(job => job.Second < job.First.Held))
        {
            var started = jobs.Zip(shares).Where(job => job.First.Held < job.First.Least && job.Second >= job.First.Least).ToList();
            Assert.NotEmpty(started);
            Assert.True(jobs.Sum(job => job.Held) + started.Sum(job => job.First.Least - job.First.Held) > capacity);
        }
    });

    [Fact]
    public void What_is_left_is_shared_evenly() => Sample((capacity, jobs, shares) =>
    {
        bool isBlocked = jobs.Zip(shares).Any(job => job.Second < job.First.Least && job.First.Least <= capacity);
        bool givesBack = jobs.Zip(shares).Any(job => job.Second < job.First.Held);
        var open = jobs.Zip(shares).Where(job => job.Second >= job.First.Least && job.Second < job.First.Wanted).ToList();
        if (!isBlocked && open.Count > 0)
        {
            Assert.Equal(capacity, shares.Sum());
        }

        // Whoever has over one more than somebody who could use it has it as its least, or holds it and keeps it.
        foreach (var (poor, few) in isBlocked ? [] : open)
        {
            foreach (var (rich, many) in jobs.Zip(shares))
            {
                Assert.True(many <= few + 1 || many <= Math.Max(rich.Least, givesBack && rich.GivesBack ? 0 : rich.Held), $"{few} of {poor}, {many} of {rich}");
            }
        }
    });

    private static int Firm(SlotShare job) => job.GivesBack ? Math.Min(job.Held, job.Least) : job.Held;

    private static void Sample(Action<int, SlotShare[], int[]> check) => AnyCase.Sample((capacity, jobs) => check(capacity, jobs, SlotShares.Divide(capacity, jobs)), iter: 20_000);
}
