using Millrace.Simulation.External;

namespace Millrace.Simulation.Jobs;

/// <summary>How many there were of each key, their sum and the last of them, from all its records together at the end of the input; added up as they come, or kept.</summary>
internal sealed record KeyPartitionStage(int Index, int Input, bool Keeps) : Stage(Index, Input)
{
    public override bool KeepsEventTime => false;

    public override bool BearsDuplicates => false;

    public override DataStream<Item> Build(JobBuild job)
    {
        var partitions = job[Input].Map(item => item with { Id = 1 }).Uid($"stage-{Index}-ones").Parallelism(job.ParallelismOf(Index)).KeyBy(item => item.Key).FullWindowPartition();
        return Tune(job, Keeps ? partitions.MapPartition<Item>((all, output) => output.Collect(all.Aggregate(Combine))) : partitions.Reduce(Combine));
    }

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        inputs[0].GroupBy(item => item.Key).Select(group => new Item(group.Key, group.Sum(item => item.Value), group.Max(item => item.Time), group.Count()));

    private static Item Combine(Item a, Item b) => new(a.Key, a.Value + b.Value, Math.Max(a.Time, b.Time), a.Id + b.Id);
}

/// <summary>Passes everything on at the end of the input, in order. Each subtask keeps what came to it, which another parallelism deals out again.</summary>
internal sealed record SubtaskPartitionStage(int Index, int Input) : Stage(Index, Input)
{
    public override bool KeepsEventTime => false;

    public override DataStream<Item> Build(JobBuild job) => Tune(job, job[Input].FullWindowPartition().SortPartition(item => item.Value));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0];
}
