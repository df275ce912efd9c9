namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>A job, as slots are divided.</summary>
/// <param name="Least">The slots without which it cannot run as it wants to.</param>
/// <param name="Wanted">The slots that it can use.</param>
/// <param name="Held">The slots that it has.</param>
/// <param name="GivesBack">Whether what it holds beyond the least can be taken from it.</param>
internal sealed record SlotShare(int Least, int Wanted, int Held, bool GivesBack);

/// <summary>Divides the slots of a cluster between its jobs. Deterministic.</summary>
/// <remarks>
/// In this order: a job keeps what it holds (one that gives back: up to its least); then each in turn gets its least, and where there is too little for one, those behind it wait with it, so that small jobs do not
/// keep a large one away for ever; a job whose least is more than all slots keeps nobody waiting. What is left is shared: whoever has least gets the next slot. What is held beyond the least stays with its job unless one of
/// these leasts needs it; then it is shared anew, since a job has to be stopped anyway.
/// </remarks>
internal static class SlotShares
{
    /// <param name="capacity">All slots.</param>
    /// <param name="jobs">The jobs, in the order in which they came.</param>
    /// <returns>How many slots each is to have.</returns>
    public static int[] Divide(int capacity, IReadOnlyList<SlotShare> jobs)
    {
        int[] shares = [.. jobs.Select(static job => job.GivesBack ? Math.Min(job.Held, job.Least) : job.Held)];
        bool isBlocked = false;
        int free = capacity - shares.Sum();
        for (int i = 0; i < jobs.Count && !isBlocked; i++)
        {
            int missing = jobs[i].Least - shares[i];
            if (missing > 0 && jobs[i].Least <= capacity)
            {
                isBlocked = missing > free;
                if (!isBlocked)
                {
                    shares[i] += missing;
                    free -= missing;
                }
            }
        }

        int[] most = [.. jobs.Select(static job => job.Wanted)];
        int[] kept = [.. jobs.Select((job, i) => Math.Max(shares[i], job.Held))];
        if (kept.Sum() <= capacity)
        {
            shares = kept;
        }
        else if (isBlocked)
        {
            most = [.. most.Select((wanted, i) => Math.Min(wanted, kept[i]))];
        }

        if (!isBlocked || shares != kept)
        {
            Fill(shares, most, jobs, capacity - shares.Sum());
        }

        return shares;
    }

    /// <summary>Gives the next slot to whoever has the fewest and can use one more; those that cannot start yet have no use for a part of what they need.</summary>
    private static void Fill(int[] shares, int[] most, IReadOnlyList<SlotShare> jobs, int slots)
    {
        var queue = new PriorityQueue<int, (int Share, int Place)>();
        for (int i = 0; i < shares.Length; i++)
        {
            if (shares[i] >= jobs[i].Least && shares[i] < most[i])
            {
                queue.Enqueue(i, (shares[i], i));
            }
        }

        for (; slots > 0 && queue.TryDequeue(out int next, out _); slots--)
        {
            if (++shares[next] < most[next])
            {
                queue.Enqueue(next, (shares[next], next));
            }
        }
    }
}
