using Millrace.Simulation.Engine;
using Millrace.Simulation.Jobs;
using Millrace.Simulation.Worlds;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Tests;

/// <summary>Whole worlds. What a failing seed needs is in its message: run the simulator with <c>--seed</c>.</summary>
public sealed class WorldTests
{
    private static readonly TimeSpan Early = TimeSpan.FromMilliseconds(40);

    [Fact]
    public void Worlds_in_which_things_only_take_longer_give_what_they_must()
    {
        long steps = 0;
        int records = 0;
        for (ulong seed = 0; seed < 300; seed++)
        {
            var result = World.Run(seed, new SimulatedEngine(), new SimulationLog());
            Assert.Equal((seed, null), (seed, result.Failure));
            steps += result.Steps;
            records += result.Records;
        }

        Assert.True(steps > 50_000 && records > 20_000, $"Hardly anything has happened: {steps} steps, {records} records.");
    }

    [Theory]
    [InlineData(149UL)] // Dies when the log says that it is stopped, and before anybody heard so.
    [InlineData(101_521UL)]
    [InlineData(102_968UL)] // Another start takes over there, and the first goes on later.
    [InlineData(103_127UL)]
    [InlineData(104_237UL)]
    [InlineData(308_268UL)] // A barrier may overtake after a while, and waits at an exchange where none does.
    public void Worlds_that_have_failed_once_are_good(ulong seed) => Assert.Null(World.Run(seed, new SimulatedEngine(), new SimulationLog(), Repertoire.First).Failure);

    /// <summary>The durations of the engine do not go by the clock on the wall: watermarks, alignment, idleness and retries go on as if nobody had set it.</summary>
    [Theory]
    [InlineData(1_508UL)] // Its source waits for others at that moment.
    [InlineData(1_832UL)]
    [InlineData(2_538UL)]
    public void A_clock_that_is_set_back_holds_nothing_up(ulong seed)
    {
        var plan = WorldPlan.Create(seed, isFaultTolerant: true);
        Assert.Contains(plan.Faults, fault => fault is Fault.ClockJump jump && jump.By < -TimeSpan.FromMinutes(1));
        var result = World.Run(seed, plan, new SimulatedEngine(), new SimulationLog());
        Assert.Null(result.Failure);
        Assert.True(result.Elapsed < TimeSpan.FromSeconds(30), $"It took {result.Elapsed}.");
    }

    [Fact]
    public void A_connection_may_break_at_any_time_while_the_job_ends_behind_its_savepoint()
    {
        int behind = 0;
        for (int at = 130; at < 155; at++)
        {
            Fault[] faults = [.. WorldPlan.Create(103_127, isFaultTolerant: true, Repertoire.First).Faults
                .Select(fault => fault is Fault.BreakConnection ? fault with { At = TimeSpan.FromMilliseconds(at) } : fault)];
            var result = World.Run(103_127, WorldPlan.Create(103_127, faults, Repertoire.First), new SimulatedEngine(), new SimulationLog(line =>
                behind += line.Contains("MR3104", StringComparison.Ordinal) && line.Contains(" world ", StringComparison.Ordinal) ? 1 : 0));
            Assert.Equal((at, null), (at, result.Failure));
        }

        Assert.True(behind > 0, "It never broke behind the savepoint.");
    }

    [Fact]
    public void The_same_seed_is_the_same_world_line_for_line()
    {
        var logs = Enumerable.Range(0, 40).Select(seed => Log((ulong)seed)).ToList();
        for (int seed = 0; seed < logs.Count; seed++)
        {
            Assert.Equal(logs[seed], Log((ulong)seed));
        }

        Assert.Equal(logs.Count, logs.Select(log => string.Join('\n', log)).Distinct().Count());
    }

    [Fact]
    public void Every_kind_of_fault_does_happen()
    {
        var seen = new HashSet<string>();
        for (ulong seed = 0; seed < 660; seed++)
        {
            // Some happen on clusters only.
            ISimulatedEngine engine = seed < 600 ? new SimulatedEngine() : new ClusterEngine();
            World.Run(seed, engine, new SimulationLog(line =>
            {
                if (line.IndexOf(" fault ", StringComparison.Ordinal) is > 0 and int at)
                {
                    seen.Add(line[(at + " fault ".Length)..].TrimStart().Split(' ')[0]);
                }
            }));
        }

        // What the log says of a fault begins with its kind.
        Assert.Subset(seen, typeof(Fault).GetNestedTypes().Where(type => type.IsSubclassOf(typeof(Fault))).Select(type => type.Name).Append("slow:").ToHashSet());
    }

    [Fact]
    public void A_checkpoint_that_has_lost_a_file_is_found_out()
    {
        int found = 0;
        for (ulong seed = 0; seed < 60; seed++)
        {
            var result = World.Run(seed, WorldPlan.Create(seed, []), new CarelessEngine(), new SimulationLog());
            found += result.Failure is { } failure && (failure.Contains("needs it", StringComparison.Ordinal) || failure.Contains("cannot be read", StringComparison.Ordinal)) ? 1 : 0;
        }

        Assert.True(found >= 40, $"Only {found} of 60 seeds report it.");
    }

    [Theory]
    [InlineData(6)] // A reader whose subtask had ended before is told of checkpoints too.
    [InlineData(1007)] // Splits of one turn reach their reader in one.
    [InlineData(107594)] // A drain does not overtake a checkpoint that began before it.
    [InlineData(243)] // Where a part of a drained job fails, all of it starts again: what was drained has not come to its end.
    [InlineData(112433)] // Nobody else's savepoint is taken while a job is drained.
    [InlineData(100430)] // A claimed savepoint that is damaged is not begun with for ever.
    [InlineData(107516)] // A savepoint that may have been written, and was.
    [InlineData(718708)] // A part with a union list does not go back to a checkpoint alone.
    public void Clustered_worlds_that_have_failed_once_are_good(ulong seed) => Assert.Null(World.Run(seed, new ClusterEngine(), new SimulationLog()).Failure);

    /// <summary>The control: an engine that begins anew after a crash must be found out, or a world that is content says nothing.</summary>
    [Fact]
    public void A_job_that_begins_anew_after_a_crash_is_found_out()
    {
        AreFoundOut(new Fault.CrashAll(Early * 4, Early), "too many", atLeast: 20);
    }

    /// <summary>Damage on purpose excuses what cannot be read because of it, and nothing else.</summary>
    [Fact]
    public void A_job_that_begins_anew_is_found_out_also_where_a_file_was_damaged()
    {
        int found = 0;
        for (ulong seed = 0; seed < 100; seed++)
        {
            var result = World.Run(seed, WorldPlan.Create(seed, [new Fault.Corruption(Early * 2), new Fault.CrashAll(Early * 4, Early)]), new AmnesicEngine(), new SimulationLog());
            found += result.Failure?.Contains("committed data is lost", StringComparison.Ordinal) == true ? 1 : 0;
        }

        Assert.True(found >= 20, $"Only {found} of 100 seeds report it.");
    }

    [Fact]
    public void A_job_that_runs_twice_is_found_out()
    {
        // Both take themselves for the first, and write under the same names.
        AreFoundOut(new Fault.Zombie(Early, Early * 3), "", atLeast: 40);
    }

    [Fact]
    public void A_job_that_is_cancelled_before_it_has_committed_anything_may_begin_anew_at_another_parallelism()
    {
        // Where the first start had begun a transaction the second, which has the same names for its own, is refused; the others are good.
        int good = 0;
        for (ulong seed = 0; seed < 100; seed++)
        {
            var result = World.Run(seed, WorldPlan.Create(seed, [new Fault.CancelAndRescale(Early)]), new ForgetfulEngine(), new SimulationLog());
            good += result is { Starts: 2, Failure: null } ? 1 : 0;
        }

        Assert.True(good >= 15, $"Only {good} of 100 seeds were started again and give what they must.");
    }

    [Fact]
    public void A_connection_that_is_lost_is_reported_by_an_engine_that_cannot_go_on()
    {
        AreFoundOut(new Fault.BreakConnection(Early, 0), "the job ended as Failed", atLeast: 20);
    }

    [Fact]
    public void A_job_that_never_ends_is_found_out()
    {
        // Nobody tells the engine that the worker is dead.
        AreFoundOut(new Fault.CrashWorker(Early, 0, TimeSpan.FromDays(1)), "does not end", atLeast: 20);
    }

    private static void AreFoundOut(Fault fault, string how, int atLeast)
    {
        int found = 0;
        for (ulong seed = 0; seed < 100; seed++)
        {
            var result = World.Run(seed, WorldPlan.Create(seed, [fault]), new ForgetfulEngine(), new SimulationLog());
            found += result.Failure?.Contains(how, StringComparison.Ordinal) == true ? 1 : 0;
        }

        Assert.True(found >= atLeast, $"Only {found} of 100 seeds report '{how}'.");
    }

    /// <summary>The engine, but it never looks for what it had.</summary>
    private sealed class AmnesicEngine : ISimulatedEngine
    {
        public bool IsFaultTolerant => true;

        public ISimulatedRun Start(SimulatedStart start)
        {
            start.Env.Options.Checkpoints.RestoreLatest = false;
            return new SimulatedRun(start);
        }
    }

    private static List<string> Log(ulong seed)
    {
        var lines = new List<string>();
        World.Run(seed, new SimulatedEngine(), new SimulationLog(lines.Add));
        return lines;
    }
}
