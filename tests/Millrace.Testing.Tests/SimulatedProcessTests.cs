using Millrace.Runtime.Tasks;
using Millrace.Testing.Simulation;

namespace Millrace.Testing.Tests;

public sealed class SimulatedProcessTests
{
    private readonly SimulatedScheduler _world = new(1);
    private readonly List<string> _log = [];

    [Fact]
    public void Kill_NothingOfTheProcessRunsAnyMore()
    {
        var doomed = _world.StartProcess("doomed");
        var other = _world.StartProcess("other");
        foreach (var process in (SimulatedProcess[])[doomed, other])
        {
            new Counter(process, process.Name, _log).Wake();
            process.TimeProvider.CreateTimer(_ => _log.Add(process.Name + " timer"), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
            process.RunInBackground("work", () => _log.Add(process.Name + " work"), _ => _log.Add(process.Name + " done"));
        }

        doomed.Kill();
        new Counter(doomed, "too late", _log).Wake();
        _world.Time.Advance(TimeSpan.FromSeconds(2));
        _world.RunUntil(() => _log.Count == 4);
        Assert.All(_log, line => Assert.StartsWith("other", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Freeze_NothingRunsUntilItGoesOn()
    {
        var process = _world.StartProcess("process");
        process.Freeze();
        new Counter(process, "actor", _log).Wake();
        process.TimeProvider.CreateTimer(_ => _log.Add("timer"), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        _world.Time.Advance(TimeSpan.FromSeconds(5));
        _world.RunUntilIdle();
        Assert.Empty(_log);
        process.Thaw();
        _world.RunUntilIdle();
        Assert.Equal(["actor", "timer"], _log.Order());
    }

    [Fact]
    public void JumpClock_ChangesTheClockOnTheWall_AndNoTimerAndNoMeasurement()
    {
        var process = _world.StartProcess("process");
        var before = process.TimeProvider.GetUtcNow();
        long start = process.TimeProvider.GetTimestamp();
        process.TimeProvider.CreateTimer(_ => _log.Add("timer"), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        process.JumpClock(TimeSpan.FromHours(-1));
        Assert.InRange(process.TimeProvider.GetUtcNow() - before, TimeSpan.FromHours(-1), TimeSpan.FromHours(-0.99));
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["timer"], _log);
        Assert.InRange(process.TimeProvider.GetElapsedTime(start), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.1));
    }

    [Fact]
    public void RunInBackground_TellsTheError_AndTakesTimeBeforeAndAfter()
    {
        var process = _world.StartProcess("process");
        process.BackgroundDelay = () => TimeSpan.FromSeconds(1);
        var start = _world.Time.GetUtcNow();
        var times = new List<double>();
        Exception? failure = null;
        process.RunInBackground(
            "work",
            () =>
            {
                times.Add(Math.Floor((_world.Time.GetUtcNow() - start).TotalSeconds));
                throw new IOException("broken");
            },
            error =>
            {
                times.Add(Math.Floor((_world.Time.GetUtcNow() - start).TotalSeconds));
                failure = error;
            });
        _world.RunUntil(() => failure is not null);
        Assert.Equal([1, 2], times);
        Assert.IsType<IOException>(failure);
    }

    [Fact]
    public void A_process_that_crashes_in_the_middle_of_a_step_takes_nobody_along()
    {
        var process = _world.StartProcess("process");
        new Crasher(process).Wake();
        new Counter(_world.StartProcess("other"), "other", _log).Wake();
        _world.RunUntilIdle();
        Assert.Equal(["other"], _log);
        Assert.False(process.IsAlive);
        Assert.Null(_world.Current);
    }

    [Fact]
    public void Stall_KeepsAnActorFromRunningForAWhile()
    {
        var start = _world.Time.GetUtcNow();
        bool stalled = false;
        _world.Stall = actor =>
        {
            if (stalled || actor.Description != "slow")
            {
                return TimeSpan.Zero;
            }

            stalled = true;
            return TimeSpan.FromSeconds(3);
        };
        new Counter(_world, "slow", _log).Wake();
        new Counter(_world, "fast", _log).Wake();
        _world.RunUntil(() => _log.Count == 2);
        Assert.Equal(["fast", "slow"], _log);
        Assert.InRange(_world.Time.GetUtcNow() - start, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3.1));
    }

    private sealed class Counter(ITaskScheduler scheduler, string name, List<string> log) : Actor(scheduler, ActorPlacement.Shared)
    {
        public override string Description => name;

        protected override RunResult Run()
        {
            log.Add(name);
            return RunResult.Done;
        }
    }

    private sealed class Crasher(SimulatedProcess process) : Actor(process, ActorPlacement.Shared)
    {
        public override string Description => "crasher";

        protected override RunResult Run()
        {
            process.Kill();
            throw new SimulatedCrashException(process.Name);
        }
    }
}
