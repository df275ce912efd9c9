using CsCheck;
using Millrace.Cluster.Replicas;

namespace Millrace.Cluster.Tests.Replicas;

public sealed class ReplicaPlannerTests
{
    private const long Minute = 60_000;

    // Two slots a worker, 2 to 10 workers, an hour until some are taken away.
    private readonly ReplicaPlanner _planner = new(slotsPerWorker: 2, min: 2, max: 10, scaleDownDelay: 60 * Minute);

    [Fact]
    public void More_are_asked_for_at_once()
    {
        var decision = _planner.Look(2, [("a", 4), ("b", 3)], 0);
        Assert.Equal((4, true), (decision.Replicas, decision.IsChange));
        Assert.Equal("2 → 4 workers. 'a' should have 4, 'b' should have 3: 7 slots in all, which are 4 workers of 2.", decision.Reason);

        // They are asked for, and not there yet: that is enough.
        Assert.False(_planner.Look(4, [("a", 4), ("b", 3)], 1).IsChange);
    }

    [Fact]
    public void Never_more_than_the_most_nor_fewer_than_the_least()
    {
        var most = _planner.Look(2, [("a", 1_000)], 0);
        Assert.Equal(10, most.Replicas);
        Assert.Contains("but Max is 10", most.Reason, StringComparison.Ordinal);
        var least = _planner.Look(1, [("a", 0)], 0);
        Assert.Equal((2, true), (least.Replicas, least.IsChange));
        Assert.Contains("but Min is 2", least.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_are_asked_for_after_the_delay_and_as_many_as_were_needed_in_it()
    {
        Assert.False(Look(8, 6, 0).IsChange);
        Assert.False(Look(8, 10, 30).IsChange);
        Assert.False(Look(8, 4, 59).IsChange);
        var decision = Look(8, 4, 60);
        Assert.Equal((5, true), (decision.Replicas, decision.IsChange));

        // What is fewer still has its own delay.
        Assert.False(Look(5, 4, 61).IsChange);
        Assert.False(Look(5, 4, 120).IsChange);
        Assert.Equal(2, Look(5, 4, 121).Replicas);
    }

    [Fact]
    public void Needing_all_of_them_once_begins_the_delay_anew()
    {
        Look(8, 4, 0);
        Look(8, 16, 30);
        Assert.False(Look(8, 4, 60).IsChange);
        Assert.False(Look(8, 4, 119).IsChange);
        Assert.True(Look(8, 4, 120).IsChange);
    }

    [Fact]
    public void While_a_job_is_not_known_nothing_is_taken_away_but_more_are_asked_for()
    {
        Look(8, 4, 0);
        var decision = _planner.Look(8, [("a", 2), ("b", null)], 60 * Minute);
        Assert.Equal((8, false), (decision.Replicas, decision.IsChange));
        Assert.Contains("'b' is not known", decision.Reason, StringComparison.Ordinal);
        Assert.False(Look(8, 4, 61).IsChange);
        Assert.Equal(9, _planner.Look(8, [("a", 18), ("b", null)], 62 * Minute).Replicas);
    }

    [Fact]
    public void Somebody_who_has_set_more_than_the_most_is_followed_down_after_the_delay_too()
    {
        Assert.False(Look(40, 30, 0).IsChange);
        Assert.Equal(10, Look(40, 30, 60).Replicas);
    }

    /// <summary>Against what a history of all looks says, over walks in which the number of workers follows or is changed by somebody else.</summary>
    [Fact]
    public void It_keeps_its_promises_whatever_comes()
    {
        var looks = Gen.Select(Gen.Int[0, 40].Array[0, 3], Gen.Int[0, 9], Gen.Int[1, 25], Gen.Int[0, 12]).Array[1, 60];
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 4], Gen.Int[0, 6], Gen.Int[0, 40], looks).Sample((slots, min, more, delay, steps) =>
        {
            int max = min + more;
            var planner = new ReplicaPlanner(slots, min, max, delay);
            int replicas = min;
            long now = 0;

            // Since when fewer have been enough without a break, and the most that were needed since.
            long? since = null;
            var needed = new List<(long Time, int Wanted)>();
            foreach (var (jobs, special, set, passed) in steps)
            {
                now += passed;
                replicas = special == 0 ? set : replicas;
                bool isUnknown = special == 1;
                (string, int?)[] wishes = [.. jobs.Select((job, index) => ($"{index}", (int?)job)), .. isUnknown ? [("unknown", null)] : Array.Empty<(string, int?)>()];
                int wanted = Math.Clamp((jobs.Sum() + slots - 1) / slots, min, max);
                var decision = planner.Look(replicas, wishes, now);

                Assert.Equal(decision.IsChange, decision.Replicas != replicas);
                if (wanted > replicas)
                {
                    Assert.Equal(wanted, decision.Replicas);
                    since = null;
                }
                else if (isUnknown || wanted == replicas)
                {
                    Assert.False(decision.IsChange);
                    since = null;
                }
                else
                {
                    if (since is null)
                    {
                        since = now;
                        needed.Clear();
                    }

                    needed.Add((now, wanted));
                    int most = needed.Where(look => look.Time >= now - delay).Max(look => look.Wanted);
                    Assert.Equal(now - since >= delay && most < replicas ? most : replicas, decision.Replicas);
                    Assert.InRange(decision.Replicas, min, replicas);
                    since = decision.IsChange ? null : since;
                }

                replicas = decision.Replicas;
            }
        });
    }

    private ReplicaDecision Look(int replicas, int slots, long minute) => _planner.Look(replicas, [("a", slots)], minute * Minute);
}
