using Millrace.Runtime.Tasks;
using Millrace.Testing.Simulation;

namespace Millrace.Testing.Tests;

public sealed class SimulatedSchedulerTests
{
    [Fact]
    public void RunUntilIdle_TheSameSeed_IsTheSameOrder_AndOthersDiffer()
    {
        var runs = Enumerable.Range(0, 20).Select(seed => string.Concat(Run((ulong)seed))).ToList();
        Assert.Equal(runs, Enumerable.Range(0, 20).Select(seed => string.Concat(Run((ulong)seed))));
        Assert.True(runs.Distinct().Count() > 15, "Hardly any two seeds differ.");
        Assert.All(runs, run => Assert.Equal("AAAAABBBBBCCCCC", string.Concat(run.Order())));
    }

    [Fact]
    public void RunUntil_NothingRunnable_MovesTheClockToTheNextTimer()
    {
        var scheduler = new SimulatedScheduler(1);
        var start = scheduler.Time.GetUtcNow();
        bool fired = false;
        scheduler.Time.CreateTimer(_ => fired = true, null, TimeSpan.FromHours(1), Timeout.InfiniteTimeSpan);
        scheduler.RunUntilIdle();
        Assert.False(fired);
        scheduler.RunUntil(() => fired);
        Assert.InRange(scheduler.Time.GetUtcNow() - start, TimeSpan.FromHours(1), TimeSpan.FromHours(1.1));
    }

    [Fact]
    public void RunUntil_NothingCanHappenAnyMore_SaysSoWithTheSeed()
    {
        var error = Assert.Throws<InvalidOperationException>(() => new SimulatedScheduler(4711).RunUntil(() => false));
        Assert.Contains("4711", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RunUntil_WithoutEnd_SaysSoWithTheSeed()
    {
        var scheduler = new SimulatedScheduler(4711);
        new Worker(scheduler, 'A', [], int.MaxValue).Wake();
        var error = Assert.Throws<InvalidOperationException>(() => scheduler.RunUntil(() => false, maxSteps: 1_000));
        Assert.Contains("4711", error.Message, StringComparison.Ordinal);
        Assert.Equal(1_000, scheduler.Steps);
    }

    private static List<char> Run(ulong seed)
    {
        var scheduler = new SimulatedScheduler(seed);
        var log = new List<char>();
        foreach (char name in "ABC")
        {
            new Worker(scheduler, name, log, 5).Wake();
        }

        scheduler.RunUntilIdle();
        return log;
    }

    private sealed class Worker(ITaskScheduler scheduler, char name, List<char> log, int runs) : Actor(scheduler, ActorPlacement.Shared)
    {
        private int _left = runs;

        public override string Description => name.ToString();

        protected override RunResult Run()
        {
            log.Add(name);
            return --_left > 0 ? RunResult.Yield : RunResult.Done;
        }
    }
}
