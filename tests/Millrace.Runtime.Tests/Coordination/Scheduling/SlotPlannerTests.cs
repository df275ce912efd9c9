using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

public sealed class SlotPlannerTests
{
    private static readonly Dictionary<SubtaskId, string> Nothing = [];

    private static SlotPlan PlanAll(SlotDemand demand, IReadOnlyList<WorkerInfo> workers, SlotPlacement policy, Dictionary<SubtaskId, string>? previous = null) =>
        SlotPlanner.Plan(demand, [.. demand.Subtasks], workers, Nothing, previous ?? Nothing, policy);

    private static string Show(SlotPlan plan) => string.Join(' ', plan.Placement!.OrderBy(placed => placed.Key.Vertex).ThenBy(placed => placed.Key.Index)
        .Select(placed => placed.Value.Name));

    [Fact]
    public void Spread_takes_from_all_workers_in_turn() =>
        Assert.Equal("a b c a a b", Show(PlanAll(Cluster.Demand(4, 2), Cluster.Workers(4, 4, 4), SlotPlacement.Spread)));

    [Fact]
    public void Spread_gives_more_to_those_that_have_more_once_the_small_are_full() =>
        Assert.Equal("a b b b", Show(PlanAll(Cluster.Demand(4), Cluster.Workers(1, 8), SlotPlacement.Spread)));

    [Fact]
    public void Pack_takes_the_fewest_workers() =>
        Assert.Equal("b b b b b", Show(PlanAll(Cluster.Demand(5), Cluster.Workers(4, 6, 4), SlotPlacement.Pack)));

    [Fact]
    public void Pack_fills_workers_that_are_in_use_before_it_opens_others()
    {
        var demand = Cluster.Demand(3);
        var plan = SlotPlanner.Plan(demand, [new(0, 1), new(0, 2)], Cluster.Workers(8, 3), new Dictionary<SubtaskId, string> { [new(0, 0)] = "b-1" }, Nothing, SlotPlacement.Pack);
        Assert.Equal("b b", Show(plan));
    }

    [Fact]
    public void Too_few_slots_says_how_many_are_missing()
    {
        var plan = PlanAll(Cluster.Demand(5), Cluster.Workers(1, 2), SlotPlacement.Spread);
        Assert.Null(plan.Placement);
        Assert.Equal(2, plan.MissingSlots);
    }

    [Fact]
    public void A_restarted_subtask_joins_those_of_its_slot_that_go_on_running()
    {
        var demand = Cluster.Demand(2, 2);
        var running = new Dictionary<SubtaskId, string> { [new(0, 0)] = "b-1", [new(0, 1)] = "a-1", [new(1, 0)] = "b-1" };
        var plan = SlotPlanner.Plan(demand, [new(1, 1)], Cluster.Workers(1, 1), running, Nothing, SlotPlacement.Spread);
        Assert.Equal("a", Show(plan));
    }

    [Fact]
    public void A_slot_on_two_workers_takes_a_slot_on_both_and_is_at_home_with_the_greater_part()
    {
        var demand = Cluster.Demand(2, 2, 2, 2);
        var running = new Dictionary<SubtaskId, string> { [new(0, 0)] = "a-1", [new(1, 0)] = "b-1", [new(2, 0)] = "b-1" };
        var plan = SlotPlanner.Plan(demand, [new(3, 0), new(3, 1)], Cluster.Workers(1, 1), running, Nothing, SlotPlacement.Spread);
        Assert.Equal(1, plan.MissingSlots);
        Assert.Equal("b", Show(SlotPlanner.Plan(demand, [new(3, 0)], Cluster.Workers(1, 1), running, Nothing, SlotPlacement.Spread)));
    }

    [Fact]
    public void A_subtask_on_a_worker_that_is_gone_takes_no_slot() =>
        Assert.Equal("a", Show(SlotPlanner.Plan(
            Cluster.Demand(2), [new(0, 1)], Cluster.Workers(1), new Dictionary<SubtaskId, string> { [new(0, 0)] = "gone-1" }, Nothing, SlotPlacement.Spread)));

    [Fact]
    public void A_worker_that_came_back_gets_its_subtasks_again()
    {
        var demand = Cluster.Demand(3);
        var first = PlanAll(demand, Cluster.Workers(1, 1, 1), SlotPlacement.Spread);
        Assert.Equal("a b c", Show(first));

        // Started again under another id that sorts last, beside a new worker that sorts first.
        IReadOnlyList<WorkerInfo> workers = [Cluster.Worker("0", 1), Cluster.Worker("b", 1), Cluster.Worker("c", 1), new WorkerInfo("z", "a", "h", 1, 1)];
        Assert.Equal("a b c", Show(PlanAll(demand, workers, SlotPlacement.Spread, Cluster.Names(first.Placement!))));
    }

    [Fact]
    public void Balance_comes_before_what_was_before()
    {
        var previous = Cluster.Demand(4).Subtasks.ToDictionary(subtask => subtask, _ => "b");
        Assert.Equal("b b a a", Show(PlanAll(Cluster.Demand(4), Cluster.Workers(4, 4), SlotPlacement.Spread, previous)));
    }

    [Fact]
    public void Pack_opens_the_workers_that_had_the_subtasks_before()
    {
        var previous = Cluster.Demand(4).Subtasks.ToDictionary(subtask => subtask, _ => "c");
        Assert.Equal("c c c c", Show(PlanAll(Cluster.Demand(4), Cluster.Workers(8, 8, 4), SlotPlacement.Pack, previous)));
    }

    [Fact]
    public void Nothing_to_place_needs_nothing() => Assert.Empty(SlotPlanner.Plan(Cluster.Demand(2), [], [], Nothing, Nothing, SlotPlacement.Spread).Placement!);
}
