using CsCheck;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

public sealed class DelayedScaleDownTests
{
    [Fact]
    public void Any_proposals_give_the_most_of_the_interval_once_it_is_over() =>
        Gen.Select(Gen.Int[0, 20], Gen.Select(Gen.Int[0, 5], Gen.Int[1, 9], Gen.Int[0, 9]).Array[0, 40]).Sample((interval, steps) =>
        {
            var delayed = new DelayedScaleDown(interval);
            var all = new List<ScaleDownProposal>();
            long now = 0;
            foreach (var (time, parallelism, clear) in steps)
            {
                now += time;
                if (clear == 0)
                {
                    delayed.Clear();
                    all.Clear();
                    Assert.Null(delayed.DueAt);
                }

                var proposal = new ScaleDownProposal(now, parallelism, false);
                all.Add(proposal);
                var result = delayed.Propose(proposal);
                Assert.Equal(all[0].Time + interval, delayed.DueAt);
                Assert.Equal(now >= all[0].Time + interval, result is not null);
                if (result is { } most)
                {
                    Assert.Equal(all.Where(other => other.Time >= now - interval).Max(other => other.Parallelism), most.Parallelism);
                }
            }
        });

    [Fact]
    public void Zero_delays_nothing() => Assert.Equal(3, new DelayedScaleDown(0).Propose(new ScaleDownProposal(7, 3, true))!.Value.Parallelism);
}
