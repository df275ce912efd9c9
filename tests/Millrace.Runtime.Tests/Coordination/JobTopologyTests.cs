using Millrace.Runtime.Coordination;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Coordination;

public sealed class JobTopologyTests
{
    [Fact]
    public void Regions_Forward_OneForEachPipeline()
    {
        var regions = Topologies.TwoPipelines.Regions;
        Assert.Equal(2, regions.Count);
        Assert.Equal([new SubtaskId(0, 0), new SubtaskId(1, 0)], regions[0]);
        Assert.Equal([new SubtaskId(0, 1), new SubtaskId(1, 1)], regions[1]);
    }

    [Fact]
    public void Regions_AllToAll_OneRegion() => Assert.Equal(Topologies.Joined.Subtasks, Assert.Single(Topologies.Joined.Regions));

    [Fact]
    public void Regions_ForwardThenAllToAll_OneRegion()
    {
        var topology = new JobTopology([Topologies.Source(3), Topologies.Task(3, new JobTaskInput(0, PartitioningKind.Forward)), Topologies.Task(1, new JobTaskInput(1, PartitioningKind.Hash))]);
        Assert.Single(topology.Regions);
    }

    [Fact]
    public void Regions_UnconnectedSources_RegionsOfTheirOwn()
    {
        var topology = new JobTopology([Topologies.Source(1), Topologies.Source(1), Topologies.Task(2, new JobTaskInput(1, PartitioningKind.Hash))]);
        Assert.Equal([1, 3], topology.Regions.Select(region => region.Count));
    }

    [Fact]
    public void ProducersOf_ForwardAndAllToAll_ThoseWithChannels()
    {
        var topology = new JobTopology([Topologies.Source(2), Topologies.Source(2), Topologies.Task(2, new JobTaskInput(0, PartitioningKind.Forward), new JobTaskInput(1, PartitioningKind.Hash))]);
        Assert.Equal([new SubtaskId(0, 1), new SubtaskId(1, 0), new SubtaskId(1, 1)], topology.ProducersOf(new SubtaskId(2, 1)));
        Assert.Empty(topology.ProducersOf(new SubtaskId(0, 0)));
    }

    [Fact]
    public void Sources_InOrder()
    {
        Assert.Equal([new SubtaskId(0, 0), new SubtaskId(0, 1)], Topologies.Joined.Sources);
        Assert.False(Topologies.Joined.IsSource(new SubtaskId(1, 0)));
    }

    [Fact]
    public void Where_few_are_connected_only_those_are_producers_and_regions()
    {
        var topology = new JobTopology([Topologies.Source(2), Topologies.Task(4, new JobTaskInput(0, PartitioningKind.Rescale)), Topologies.Task(2, new JobTaskInput(1, PartitioningKind.Rescale))]);
        Assert.Equal([new SubtaskId(0, 0)], topology.ProducersOf(new SubtaskId(1, 1)));
        Assert.Equal([new SubtaskId(0, 1)], topology.ProducersOf(new SubtaskId(1, 2)));
        Assert.Equal([new SubtaskId(1, 2), new SubtaskId(1, 3)], topology.ProducersOf(new SubtaskId(2, 1)));
        Assert.Equal(2, topology.Regions.Count);
    }
}
