using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

public sealed class SlotDemandTests
{
    [Fact]
    public void One_group_takes_as_many_slots_as_its_widest_task() => Assert.Equal(4, Cluster.Demand(2, 4, 1).Slots);

    [Fact]
    public void Groups_take_slots_of_their_own()
    {
        var demand = new SlotDemand([new("default", 2), new("io", 3), new("default", 1), new("io", 1)]);
        Assert.Equal(5, demand.Slots);
        Assert.Equal([new SlotGroup("default", 2), new SlotGroup("io", 3)], demand.Groups);
        Assert.Equal(0, demand.SlotOf(new SubtaskId(0, 0)));
        Assert.Equal(1, demand.SlotOf(new SubtaskId(0, 1)));
        Assert.Equal(2, demand.SlotOf(new SubtaskId(1, 0)));
        Assert.Equal(4, demand.SlotOf(new SubtaskId(1, 2)));
        Assert.Equal(0, demand.SlotOf(new SubtaskId(2, 0)));
        Assert.Equal(2, demand.SlotOf(new SubtaskId(3, 0)));
        Assert.Equal("5 slots (group 'default': 2, group 'io': 3)", demand.ToString());
    }

    [Fact]
    public void A_subtask_that_does_not_exist_has_no_slot() => Assert.Throws<ArgumentOutOfRangeException>(() => Cluster.Demand(2, 4).SlotOf(new SubtaskId(0, 2)));

    [Fact]
    public void Demands_are_the_same_if_every_task_is()
    {
        Assert.True(Cluster.Demand(2, 4).IsSameAs(Cluster.Demand(2, 4)));
        Assert.False(Cluster.Demand(2, 4).IsSameAs(Cluster.Demand(1, 4)));
    }

    [Fact]
    public void A_job_graph_gives_its_groups_and_parallelism()
    {
        var environment = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 3 });
        environment.FromSequence(1, 3).Map(value => value + 1).KeyBy(value => value % 2).Reduce((left, right) => left + right)
            .SlotSharingGroup("heavy").Parallelism(5).Map(value => value).SlotSharingGroup("default").Discard();
        var demand = SlotDemand.Of(environment.BuildJobGraph("job"));
        Assert.Equal(8, demand.Slots);
        Assert.Equal(new SlotGroup("heavy", 5), demand.Groups[1]);
    }

    [Fact]
    public void What_is_behind_a_group_is_in_it_unless_it_says_another_or_its_inputs_differ()
    {
        var environment = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
        var left = environment.FromSequence(1, 3).SlotSharingGroup("left");
        var right = environment.FromSequence(1, 3).Map(value => value).SlotSharingGroup("right").Filter(value => value > 1);
        left.KeyBy(value => value).Reduce((one, other) => one + other).Discard();
        left.Union(right).Map(value => value).Name("both").Discard();
        right.Discard().SlotSharingGroup("end");
        var job = environment.BuildJobGraph("job");
        string[] groups = [.. job.Stream.Nodes.Select(job.Stream.SlotSharingGroupOf).Distinct().Order()];
        Assert.Equal(["default", "end", "left", "right"], groups);
        Assert.Equal("default", job.Stream.SlotSharingGroupOf(job.Stream.Nodes.Single(node => node.Name == "both")));
        Assert.Equal("left", job.Stream.SlotSharingGroupOf(job.Stream.Nodes.Single(node => node.Kind == "Reduce")));
        Assert.Equal(
            [new SlotGroup("left", 2), new SlotGroup("default", 2), new SlotGroup("right", 2), new SlotGroup("end", 2)],
            SlotDemand.Of(job).Groups.OrderBy(group => group.Name is "left" ? 0 : group.Name is "default" ? 1 : group.Name is "right" ? 2 : 3));
    }
}
