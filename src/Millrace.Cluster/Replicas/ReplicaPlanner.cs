using System.Globalization;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Cluster.Replicas;

/// <summary>
/// Decides how many workers there are to be: what jobs should have and how many workers there are in, decisions out. No I/O, no clock, no thread. Times are milliseconds. One that takes over from another begins with nothing, and goes on
/// from what it is told; so it takes away nothing before its own delay is over.
/// </summary>
/// <remarks>
/// Invariants: it never decides for fewer than <c>min</c> or more than <c>max</c>; never for fewer than are there while a job is not known, or within the delay; and for more at once.
/// </remarks>
/// <param name="slotsPerWorker">How many slots each worker offers.</param>
/// <param name="min">The fewest workers.</param>
/// <param name="max">The most workers.</param>
/// <param name="scaleDownDelay">How long fewer must have been enough, in milliseconds.</param>
internal sealed class ReplicaPlanner(int slotsPerWorker, int min, int max, long scaleDownDelay)
{
    private readonly DelayedScaleDown _delay = new(scaleDownDelay);

    /// <param name="replicas">How many workers there should be by the decision before, those that are just starting among them.</param>
    /// <param name="wishes">The slots that each job should have, 0 for one that has ended; null where that is not known.</param>
    /// <param name="now">The time.</param>
    public ReplicaDecision Look(int replicas, IReadOnlyList<(string Job, int? Slots)> wishes, long now)
    {
        long slots = wishes.Sum(wish => (long)(wish.Slots ?? 0));
        long enough = (slots + slotsPerWorker - 1) / slotsPerWorker;
        int wanted = (int)Math.Clamp(enough, min, max);
        string[] unknown = [.. wishes.Where(wish => wish.Slots is null).Select(wish => wish.Job)];
        string why = $"{Jobs(wishes)}: {Number(slots)} slots in all, which are {Number(enough)} workers of {Number(slotsPerWorker)}"
            + (enough > max ? $", but Max is {Number(max)}." : enough < min ? $", but Min is {Number(min)}." : ".");
        if (wanted > replicas)
        {
            // What was thought to be too much is not.
            _delay.Clear();
            return new ReplicaDecision(wanted, true, $"{Number(replicas)} → {Number(wanted)} workers. {why}");
        }

        // Whoever is above the upper bound is so because somebody has set it; but not with a job whose state nobody knows.
        if (unknown.Length > 0)
        {
            _delay.Clear();
            return new ReplicaDecision(replicas, false, $"Nothing is taken away: what is needed for {string.Join(", ", unknown.Select(job => $"'{job}'"))} is not known.");
        }

        if (wanted == replicas)
        {
            _delay.Clear();
            return new ReplicaDecision(replicas, false, $"{Number(replicas)} workers are right. {why}");
        }

        if (_delay.Propose(new ScaleDownProposal(now, wanted, true)) is not { } due || due.Parallelism >= replicas)
        {
            return new ReplicaDecision(replicas, false, $"{Number(replicas)} workers are kept until fewer have been enough for {TimeSpan.FromMilliseconds(scaleDownDelay)}. {why}");
        }

        _delay.Clear();
        return new ReplicaDecision(due.Parallelism, true, $"{Number(replicas)} → {Number(due.Parallelism)} workers: for {TimeSpan.FromMilliseconds(scaleDownDelay)} no more were needed. {why}");
    }

    private static string Jobs(IReadOnlyList<(string Job, int? Slots)> wishes) => wishes.Count == 0 ? "No jobs"
        : string.Join(", ", wishes.Select(wish => $"'{wish.Job}' should have {(wish.Slots is { } slots ? Number(slots) : "an unknown number of")}"));

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
