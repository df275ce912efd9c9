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

    public static Item Combine(Item a, Item b) => new(a.Key, a.Value + b.Value, Math.Max(a.Time, b.Time), a.Id + b.Id);
}

/// <summary>Passes everything on at the end of the input, in order. Each subtask keeps what came to it, which another parallelism deals out again.</summary>
internal sealed record SubtaskPartitionStage(int Index, int Input) : Stage(Index, Input)
{
    public override bool KeepsEventTime => false;

    public override DataStream<Item> Build(JobBuild job) => Tune(job, job[Input].FullWindowPartition().SortPartition(item => item.Value));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0];
}

/// <summary>How many there were, their sum and the last of them. Each subtask adds up what comes to it, and one all that they have; another parallelism makes one sum of two.</summary>
internal sealed record TotalStage(int Index, int Input) : Stage(Index, Input)
{
    public override bool KeepsEventTime => false;

    public override bool BearsDuplicates => false;

    public override DataStream<Item> Build(JobBuild job)
    {
        var parts = job[Input].Map(item => new Item(0, item.Value, item.Time, 1)).Uid($"stage-{Index}-ones").Parallelism(job.ParallelismOf(Index))
            .FullWindowPartition().Reduce(KeyPartitionStage.Combine).Uid($"stage-{Index}-parts").Parallelism(job.ParallelismOf(Index + 500));
        return Tune(job, parts.FullWindowPartition().Reduce(KeyPartitionStage.Combine)).Parallelism(1);
    }

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        inputs[0].Count == 0 ? [] : [new Item(0, inputs[0].Sum(item => item.Value), inputs[0].Max(item => item.Time), inputs[0].Count)];
}
