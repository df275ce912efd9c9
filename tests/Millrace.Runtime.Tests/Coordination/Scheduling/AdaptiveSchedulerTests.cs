using Millrace.Runtime.Coordination.Scheduling;
using static Millrace.Runtime.Coordination.Scheduling.SchedulingDecision;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

public sealed class AdaptiveSchedulerTests
{
    private const long Second = 1_000;
    private const long Minute = 60 * Second;

    /// <summary>A source with two subtasks, and a task that has the default parallelism.</summary>
    private static SlotDemand Pipeline(int parallelism) => Cluster.Demand(2, parallelism);

    private static AdaptiveScheduler Fixed(int parallelism = 4) =>
        new(new SchedulerOptions(), new ScalableJob(parallelism, 128, Pipeline, TimeSpan.FromSeconds(10)));

    private static AdaptiveScheduler Reactive(SchedulerOptions? options = null, Func<int, SlotDemand>? demandOf = null, TimeSpan? checkpoints = null)
    {
        options ??= new SchedulerOptions();
        options.Mode = SchedulerMode.Reactive;
        return new AdaptiveScheduler(options, new ScalableJob(1, 128, demandOf ?? (parallelism => Cluster.Demand(1, parallelism)), checkpoints ?? TimeSpan.FromSeconds(10)));
    }

    /// <summary>A reactive job that runs since time 0 on so many slots.</summary>
    private static AdaptiveScheduler RunningReactive(int slots, SchedulerOptions? options = null, TimeSpan? checkpoints = null)
    {
        var scheduler = Reactive(options, checkpoints: checkpoints);
        scheduler.SlotsChanged(Cluster.Workers(slots), -10 * Second);
        scheduler.Start(-10 * Second);
        Assert.Equal(slots, Assert.IsType<Start>(scheduler.TimeDue(0)[^1]).Parallelism);
        scheduler.Running(0);
        return scheduler;
    }

    private static T Last<T>(IReadOnlyList<SchedulingDecision> decisions)
        where T : SchedulingDecision => Assert.IsType<T>(decisions[^1]);

    [Fact]
    public void Reactive_AnotherJobNeedsSlots_GivesThemBackFromACheckpoint()
    {
        var scheduler = RunningReactive(6);
        Assert.Equal((1, 128), scheduler.Demand);

        // Not before the cooldown is over, as with everything that stops a job; then at once, whatever else may come.
        var wait = Last<Wait>(scheduler.SlotsChanged(Cluster.Workers(2), 10 * Second, giveBackTo: 2));
        Assert.Equal(30 * Second, wait.Until);
        Assert.StartsWith("The job is to go on with parallelism 2 instead of 6, since another job needs slots; it takes 2 slots.", wait.Reason, StringComparison.Ordinal);
        Assert.IsType<TakeCheckpoint>(scheduler.TimeDue(30 * Second)[0]);
        Assert.Equal(2, Last<Rescale>(scheduler.CheckpointCompleted(31 * Second)).Parallelism);
        Assert.Equal(2, Last<Start>(scheduler.Stopped(32 * Second)).Parallelism);
        scheduler.Running(33 * Second);
        Assert.Null(scheduler.Waiting);
    }

    [Fact]
    public void Reactive_TheOtherJobIsGoneBefore_StaysAsItIs()
    {
        var scheduler = RunningReactive(6);
        Assert.NotEmpty(scheduler.SlotsChanged(Cluster.Workers(2), 10 * Second, giveBackTo: 2));
        Assert.True(scheduler.IsRescaling);
        scheduler.SlotsChanged(Cluster.Workers(6), 11 * Second);
        Assert.False(scheduler.IsRescaling);
        Assert.Empty(scheduler.CheckpointCompleted(40 * Second));

        // Slots that are merely lost are not given back.
        Assert.Empty(scheduler.SlotsChanged(Cluster.Workers(2), 41 * Second));
        Assert.Empty(scheduler.CheckpointCompleted(50 * Second));
    }

    [Fact]
    public void Reactive_LessThanItsLeastIsWanted_KeepsIt()
    {
        var scheduler = RunningReactive(6, new SchedulerOptions { MinParallelism = 4 });
        Assert.Equal((4, 128), scheduler.Demand);
        scheduler.SlotsChanged(Cluster.Workers(6), Minute, giveBackTo: 3);
        Assert.Empty(scheduler.CheckpointCompleted(2 * Minute));
        Assert.Equal(5, Last<Rescale>([.. scheduler.SlotsChanged(Cluster.Workers(6), 3 * Minute, giveBackTo: 5), .. scheduler.CheckpointCompleted(3 * Minute)]).Parallelism);
    }

    [Fact]
    public void Fixed_SlotsForAll_StartsAtOnce()
    {
        var scheduler = Fixed();
        scheduler.SlotsChanged(Cluster.Workers(2, 2), 0);
        var start = Last<Start>(scheduler.Start(0));
        Assert.Equal(4, start.Parallelism);
        Assert.Equal("The job starts with parallelism 4: it takes 4 slots of 4 available (a (10.0.0.1:6000): 2, b (10.0.0.1:6000): 2).", start.Reason);
        Assert.Null(scheduler.Waiting);
        Assert.Equal(4, scheduler.Parallelism);
    }

    [Fact]
    public void Fixed_TooFewSlots_WaitsAndSaysForWhat()
    {
        var scheduler = Fixed();
        scheduler.SlotsChanged(Cluster.Workers(1, 2), 0);
        var wait = Last<Wait>(scheduler.Start(0));
        Assert.Equal(5 * Minute, wait.Until);
        Assert.Equal("Parallelism 4 needs 4 slots but 3 are available (a (10.0.0.1:6000): 1, b (10.0.0.1:6000): 2).", wait.Reason);
        Assert.Equal(wait.Reason, scheduler.Waiting);
        Assert.Equal(4, Last<Start>(scheduler.SlotsChanged(Cluster.Workers(1, 2, 2), 4 * Minute)).Parallelism);
    }

    [Fact]
    public void Fixed_TimeIsOver_GivesUpWithWhatIsMissing()
    {
        var scheduler = Fixed();
        Assert.Equal(5 * Minute, Last<Wait>(scheduler.Start(0)).Until);
        Assert.Empty(scheduler.TimeDue((5 * Minute) - 1));
        var end = Last<GiveUp>(scheduler.TimeDue(5 * Minute));
        Assert.Equal(
            "Parallelism 4 needs 4 slots but 0 are available (there is no worker). This did not change for 5 min (ResourceWaitTimeout). Start more workers or give them more slots, or lower the parallelism.",
            end.Reason);
        Assert.Empty(scheduler.SlotsChanged(Cluster.Workers(8), 6 * Minute));
    }

    [Fact]
    public void Fixed_MoreSlotsThanNeeded_ChangeNothing()
    {
        var scheduler = Fixed();
        scheduler.SlotsChanged(Cluster.Workers(4), 0);
        scheduler.Start(0);
        scheduler.Running(0);
        Assert.Empty(scheduler.SlotsChanged(Cluster.Workers(8, 8), Minute));
        Assert.Empty(scheduler.CheckpointCompleted(10 * Minute));
    }

    [Fact]
    public void Fixed_WorkerLost_WaitsForAnother()
    {
        var scheduler = Fixed();
        scheduler.SlotsChanged(Cluster.Workers(2, 2), 0);
        scheduler.Start(0);
        scheduler.Running(0);
        Assert.Empty(scheduler.SlotsChanged(Cluster.Workers(2), Minute));
        Assert.Equal(6 * Minute, Last<Wait>(scheduler.Stopped(Minute)).Until);
        var start = Last<Start>(scheduler.SlotsChanged([Cluster.Worker("a", 2), Cluster.Worker("b", 2, start: 2)], 2 * Minute));
        Assert.StartsWith("The job starts again with parallelism 4", start.Reason, StringComparison.Ordinal);
        Assert.EndsWith("Lost since it started: b (10.0.0.1:6000).", start.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Fixed_RequestThatFits_TakesACheckpointAndRescales()
    {
        var scheduler = Fixed();
        scheduler.SlotsChanged(Cluster.Workers(8), 0);
        scheduler.Start(0);
        scheduler.Running(0);
        var decisions = scheduler.Request(6, Minute);
        Assert.Equal("The job is to go on with parallelism 6 instead of 4, as was asked for; it takes 6 slots. It starts from a checkpoint that is taken now.", Assert.IsType<TakeCheckpoint>(decisions[0]).Reason);
        Assert.Equal(Minute + (30 * Second), Assert.IsType<Wait>(decisions[1]).Until);
        Assert.Equal(6, Last<Rescale>(scheduler.CheckpointCompleted(Minute + 50)).Parallelism);
        var start = Last<Start>(scheduler.Stopped(Minute + 100));
        Assert.Equal(6, start.Parallelism);
        Assert.StartsWith("The job goes on with parallelism 6 instead of 4", start.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Fixed_RequestThatDoesNotFit_IsCarriedOutWhenSlotsCome()
    {
        var scheduler = Fixed();
        scheduler.SlotsChanged(Cluster.Workers(4), 0);
        scheduler.Start(0);
        scheduler.Running(0);
        Assert.Contains("Parallelism 6 needs 6 slots but 4 are available", Last<Wait>(scheduler.Request(6, Minute)).Reason, StringComparison.Ordinal);
        Assert.IsType<TakeCheckpoint>(scheduler.SlotsChanged(Cluster.Workers(4, 4), 2 * Minute)[0]);
        Assert.Equal(6, Last<Rescale>(scheduler.CheckpointCompleted(2 * Minute)).Parallelism);
    }

    [Fact]
    public void Fixed_TasksGetAnotherParallelism_TakesACheckpointAndRescales()
    {
        var scheduler = Fixed();
        scheduler.SlotsChanged(Cluster.Workers(8), 0);
        scheduler.Start(0);
        scheduler.Running(0);
        var decisions = scheduler.DemandChanged(most => Cluster.Demand(Math.Min(3, most), most), 4, Minute);
        Assert.StartsWith("The job is to go on with tasks of 3, 4 subtasks instead of 2, 4, as the autoscaler has decided", Assert.IsType<TakeCheckpoint>(decisions[0]).Reason, StringComparison.Ordinal);
        Last<Rescale>(scheduler.CheckpointCompleted(Minute));
        Assert.Equal(3, Last<Start>(scheduler.Stopped(Minute)).Demand.Vertices[0].Parallelism);
        Assert.Empty(scheduler.Running(Minute));
    }

    [Fact]
    public void Fixed_TasksHaveAParallelismOfTheirOwnAndSlotsAreLost_GoesOnWithLess()
    {
        // Fewer slots than the autoscaler has found right are better than none: the job would stand still until somebody comes.
        var scheduler = Fixed();
        scheduler.SlotsChanged(Cluster.Workers(4, 4), 0);
        scheduler.Start(0);
        scheduler.Running(0);
        scheduler.DemandChanged(most => Cluster.Demand(Math.Min(2, most), Math.Min(6, most)), 6, Minute);
        scheduler.CheckpointCompleted(Minute);
        Assert.True(scheduler.IsRescaling);
        Assert.Equal([2, 6], Parallelism(Last<Start>(scheduler.Stopped(Minute))));
        Assert.False(scheduler.IsRescaling);
        scheduler.Running(Minute);
        scheduler.SlotsChanged(Cluster.Workers(4), 2 * Minute);
        scheduler.Stopped(2 * Minute);
        Assert.Equal([2, 4], Parallelism(Last<Start>(scheduler.TimeDue(3 * Minute))));

        // What somebody asks for counts from then on.
        scheduler.Running(3 * Minute);
        Assert.IsType<TakeCheckpoint>(scheduler.Request(3, 4 * Minute)[0]);
        scheduler.CheckpointCompleted(4 * Minute);
        Assert.Equal([2, 3], Parallelism(Last<Start>(scheduler.Stopped(4 * Minute))));

        static IEnumerable<int> Parallelism(Start start) => start.Demand.Vertices.Select(vertex => vertex.Parallelism);
    }

    [Fact]
    public void Fixed_RequestTakenBack_ChangesNothing()
    {
        var scheduler = Fixed();
        scheduler.SlotsChanged(Cluster.Workers(8), 0);
        scheduler.Start(0);
        scheduler.Running(0);
        Assert.Equal(30 * Second, Last<Wait>(scheduler.Request(2, Second)).Until);
        Assert.Equal(new Wait(null, ""), Assert.Single(scheduler.Request(null, 2 * Second)));
        Assert.Empty(scheduler.CheckpointCompleted(Minute));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(129)]
    public void Request_OutOfBounds_Throws(int parallelism) => Assert.Throws<ArgumentOutOfRangeException>(() => Fixed().Request(parallelism, 0));

    [Fact]
    public void Reactive_FirstWorker_IsGivenTimeForOthersToCome()
    {
        var scheduler = Reactive();
        Assert.Null(Last<Wait>(scheduler.Start(0)).Until);
        Assert.Equal(15 * Second, Last<Wait>(scheduler.SlotsChanged(Cluster.Workers(2), 5 * Second)).Until);
        scheduler.SlotsChanged(Cluster.Workers(2, 2), 8 * Second);
        Assert.Empty(scheduler.TimeDue((15 * Second) - 1));
        var start = Last<Start>(scheduler.TimeDue(15 * Second));
        Assert.Equal(4, start.Parallelism);
        Assert.EndsWith("No more slots came within ResourceStabilizationTimeout.", start.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Reactive_AllThatItCanUse_StartsAtOnce()
    {
        var scheduler = Reactive(new SchedulerOptions { MaxParallelism = 3 });
        scheduler.Start(0);
        Assert.Equal(3, Last<Start>(scheduler.SlotsChanged(Cluster.Workers(8), 0)).Parallelism);
    }

    [Fact]
    public void Reactive_LessThanTheLeast_WaitsForeverUnlessToldOtherwise()
    {
        var scheduler = Reactive(new SchedulerOptions { MinParallelism = 3 });
        scheduler.Start(0);
        Assert.Null(Last<Wait>(scheduler.SlotsChanged(Cluster.Workers(2), 0)).Until);
        Assert.Empty(scheduler.TimeDue(1_000 * Minute));
        var impatient = Reactive(new SchedulerOptions { MinParallelism = 3, ResourceWaitTimeout = TimeSpan.FromMinutes(1) });
        impatient.Start(0);
        Last<GiveUp>(impatient.TimeDue(Minute));
    }

    [Fact]
    public void Reactive_WorkerJoins_RescalesAfterTheNextCheckpointOnceSlotsAreStable()
    {
        var scheduler = RunningReactive(2);
        Assert.Equal(160 * Second, Last<Wait>(scheduler.SlotsChanged(Cluster.Workers(2, 2), 100 * Second)).Until);

        // A checkpoint that is too early counts for nothing.
        Assert.Empty(scheduler.CheckpointCompleted(159 * Second));
        Assert.Equal((160 + 30) * Second, Last<Wait>(scheduler.TimeDue(160 * Second)).Until);
        var rescale = Last<Rescale>(scheduler.CheckpointCompleted(169 * Second));
        Assert.Equal(4, rescale.Parallelism);
        Assert.Equal(
            "The job can go on with parallelism 4 instead of 2: there are 4 slots (a (10.0.0.1:6000): 2, b (10.0.0.1:6000): 2), and it would take 4 slots. A checkpoint has just completed.", rescale.Reason);
        Assert.Equal(4, Last<Start>(scheduler.Stopped(170 * Second)).Parallelism);
    }

    [Fact]
    public void Reactive_NoCheckpointCompletes_RescalesAfterTheGreatestDelay()
    {
        var scheduler = RunningReactive(2);
        scheduler.SlotsChanged(Cluster.Workers(2, 2), 100 * Second);
        scheduler.TimeDue(160 * Second);
        Assert.Empty(scheduler.TimeDue(189 * Second));
        Assert.Contains("No checkpoint completed within 30 s", Last<Rescale>(scheduler.TimeDue(190 * Second)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Reactive_CheckpointsFail_RescalesAfterTheSecond()
    {
        var scheduler = RunningReactive(2);
        scheduler.SlotsChanged(Cluster.Workers(2, 2), 100 * Second);
        scheduler.TimeDue(160 * Second);
        Assert.Empty(scheduler.CheckpointFailed(161 * Second));
        Assert.Contains("2 checkpoints failed", Last<Rescale>(scheduler.CheckpointFailed(162 * Second)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Reactive_WithinTheCooldown_Waits()
    {
        var scheduler = RunningReactive(2, new SchedulerOptions { MaxParallelism = 4 });

        // All that it can use is there: it need not become stable, but it was started just now.
        var wait = Last<Wait>(scheduler.SlotsChanged(Cluster.Workers(2, 2), Second));
        Assert.Equal(30 * Second, wait.Until);
        Assert.Contains("ScalingCooldown of 30 s", wait.Reason, StringComparison.Ordinal);
        Assert.Empty(scheduler.CheckpointCompleted(29 * Second));
        Last<Wait>(scheduler.TimeDue(30 * Second));
        Last<Rescale>(scheduler.CheckpointCompleted(31 * Second));
    }

    [Fact]
    public void Reactive_WorkerThatLeavesAgain_CausesNothing()
    {
        var scheduler = RunningReactive(2);
        scheduler.SlotsChanged(Cluster.Workers(2, 2), 100 * Second);
        Assert.Equal(new Wait(null, ""), Assert.Single(scheduler.SlotsChanged(Cluster.Workers(2), 120 * Second)));
        Assert.Empty(scheduler.CheckpointCompleted(200 * Second));
    }

    [Fact]
    public void Reactive_MoreSlotsThatMakeNoDifference_CauseNothing()
    {
        var scheduler = Reactive(demandOf: _ => Cluster.Demand(2, 3));
        scheduler.SlotsChanged(Cluster.Workers(3), 0);
        Assert.Equal(1, Last<Start>(scheduler.Start(0)).Parallelism);
        scheduler.Running(0);
        Assert.Empty(scheduler.SlotsChanged(Cluster.Workers(3, 8), Minute));
    }

    [Fact]
    public void Reactive_WorkerLost_GoesOnWithLess()
    {
        var scheduler = RunningReactive(4);
        Assert.Empty(scheduler.SlotsChanged([Cluster.Worker("b", 3)], Minute));

        // The lost worker may be back in a moment.
        Assert.Equal(Minute + (10 * Second), Last<Wait>(scheduler.Stopped(Minute)).Until);
        var start = Last<Start>(scheduler.TimeDue(Minute + (10 * Second)));
        Assert.Equal(3, start.Parallelism);
        Assert.StartsWith("The job goes on with parallelism 3 instead of 4: it takes 3 slots of 3 available (b (10.0.0.1:6000): 3).", start.Reason, StringComparison.Ordinal);
        Assert.Contains("Lost since it started: a (10.0.0.1:6000).", start.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Reactive_WorkerLostWithSpareSlots_GoesOnAtOnce()
    {
        var scheduler = RunningReactive(4);
        scheduler.SlotsChanged([Cluster.Worker("b", 3), Cluster.Worker("c", 3)], Minute);
        Assert.Equal(6, Last<Start>(scheduler.Stopped(Minute)).Parallelism);
    }

    [Fact]
    public void Reactive_SlotsLostDuringARescale_StartsWithWhatIsLeft()
    {
        var scheduler = RunningReactive(2);
        scheduler.SlotsChanged(Cluster.Workers(2, 4), 100 * Second);
        scheduler.TimeDue(160 * Second);
        Assert.Equal(6, Last<Rescale>(scheduler.CheckpointCompleted(161 * Second)).Parallelism);
        Assert.Empty(scheduler.SlotsChanged(Cluster.Workers(2, 1), 162 * Second));
        Assert.Equal(3, Last<Start>(scheduler.Stopped(163 * Second)).Parallelism);
    }

    [Fact]
    public void Reactive_RequestForLess_BoundsTheParallelism()
    {
        var scheduler = RunningReactive(8);
        Assert.IsType<TakeCheckpoint>(scheduler.Request(3, Minute)[0]);
        Assert.Equal(3, Last<Rescale>(scheduler.CheckpointCompleted(Minute)).Parallelism);
        Assert.Equal(3, Last<Start>(scheduler.Stopped(Minute)).Parallelism);
    }

    [Fact]
    public void Reactive_SeveralGroups_DivideTheSlots()
    {
        var scheduler = Reactive(demandOf: parallelism => new SlotDemand([new("default", parallelism), new("io", Math.Min(2, parallelism)), new("model", parallelism)]));
        scheduler.SlotsChanged(Cluster.Workers(11), 0);
        scheduler.Start(0);
        var start = Last<Start>(scheduler.TimeDue(10 * Second));
        Assert.Equal(4, start.Parallelism);
        Assert.Equal(10, start.Demand.Slots);
    }

    [Fact]
    public void Reactive_NoCheckpoints_RescalesWithoutOne()
    {
        var scheduler = new AdaptiveScheduler(new SchedulerOptions { Mode = SchedulerMode.Reactive, MaxParallelism = 4 }, new ScalableJob(1, 128, parallelism => Cluster.Demand(parallelism), null));
        scheduler.SlotsChanged(Cluster.Workers(2), 0);
        scheduler.Start(0);
        scheduler.TimeDue(10 * Second);
        scheduler.Running(10 * Second);
        Assert.Contains("it begins anew", Last<Rescale>(scheduler.SlotsChanged(Cluster.Workers(4), Minute)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_DefaultsAreRight_AndWrongOnesAreNamed()
    {
        Assert.Empty(new SchedulerOptions().Check());
        Assert.Empty(new SchedulerOptions { ResourceWaitTimeout = Timeout.InfiniteTimeSpan }.Check());
        var wrong = new SchedulerOptions { MinParallelism = 4, MaxParallelism = 2, ScalingCooldown = TimeSpan.FromSeconds(-1), RescaleMaxCheckpointFailures = 0 }.Check().ToList();
        Assert.Equal(3, wrong.Count);
        Assert.Contains("MaxParallelism is 2 but MinParallelism is 4: no parallelism is both. Raise the one or lower the other.", wrong);
    }
}
