using Millrace.Simulation.External;

namespace Millrace.Simulation.Jobs;

/// <summary>Where records come from.</summary>
internal sealed record SourceStage(int Index, ReplayPlan Plan, int WatermarkEvery) : Stage(Index)
{
    /// <summary>By how many milliseconds it may be ahead of the other sources of the job that have such a number; <see langword="null"/> where it waits for nobody.</summary>
    public int? MaxDrift { get; init; }

    public override DataStream<Item> Build(JobBuild job)
    {
        var watermarks = WatermarkStrategy<Item>.ForBoundedOutOfOrderness(TimeSpan.FromMilliseconds(Plan.Disorder));
        watermarks = WatermarkEvery > 0 ? watermarks.WithWatermarkEvery(WatermarkEvery) : watermarks;
        watermarks = MaxDrift is { } drift ? watermarks.WithWatermarkAlignment("aligned", TimeSpan.FromMilliseconds(drift), TimeSpan.FromMilliseconds(1 + drift)) : watermarks;
        return Tune(job, job.Env.FromSource(new ReplaySource(Plan), watermarks));
    }

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => Plan.Items;
}

/// <summary>One record into one.</summary>
internal sealed record MapStage(int Index, int Input, int Factor) : Stage(Index, Input)
{
    public override DataStream<Item> Build(JobBuild job) => Tune(job, job[Input].Map(Change));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0].Select(Change);

    private Item Change(Item item) => item with { Value = (item.Value * Factor) + 1, Key = item.Key + (item.Value % 3 == 0 ? 1 : 0) };
}

/// <summary>One record into one or none.</summary>
internal sealed record FilterStage(int Index, int Input, int Modulus) : Stage(Index, Input)
{
    public override DataStream<Item> Build(JobBuild job) => Tune(job, job[Input].Filter(Stays));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0].Where(Stays);

    private bool Stays(Item item) => (item.Value + item.Key) % Modulus != 0;
}

/// <summary>One record into none to three.</summary>
internal sealed record FlatMapStage(int Index, int Input) : Stage(Index, Input)
{
    public override DataStream<Item> Build(JobBuild job) => Tune(job, job[Input].FlatMap<Item>((item, output) =>
    {
        foreach (var part in Parts(item))
        {
            output.Collect(part);
        }
    }));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0].SelectMany(Parts);

    private static IEnumerable<Item> Parts(Item item) => Enumerable.Range(0, (int)(Math.Abs(item.Value) % 4)).Select(part => item with { Value = item.Value + part });
}

/// <summary>How records are dealt out to the next operator.</summary>
internal enum Dealing
{
    Rebalance,
    Hash,
    Broadcast,
    Rescale,
    Shuffle,
    Global,
    Custom,
}

/// <summary>An exchange. Of what is broadcast each subtask takes its own part.</summary>
internal sealed record ExchangeStage(int Index, int Input, Dealing Dealing) : Stage(Index, Input)
{
    public override DataStream<Item> Build(JobBuild job)
    {
        var dealt = Dealing switch
        {
            Dealing.Rebalance => job[Input].Rebalance(),
            Dealing.Hash => job[Input].Hash(item => item.Value),
            Dealing.Rescale => job[Input].Rescale(),
            Dealing.Shuffle => job[Input].Shuffle(),
            Dealing.Global => job[Input].Global(),
            Dealing.Custom => job[Input].PartitionCustom((item, subtasks) => (int)((uint)item.Key % (uint)subtasks)),
            _ => job[Input].Broadcast(),
        };
        return Tune(job, Dealing == Dealing.Broadcast ? dealt.Process(() => new OwnPart()) : dealt.Map(item => item));
    }

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0];

    private sealed class OwnPart : ProcessFunction<Item, Item>
    {
        public override void ProcessElement(Item value, ProcessContext context, Collector<Item> output)
        {
            if ((uint)value.Key % (uint)RuntimeContext.Parallelism == (uint)RuntimeContext.SubtaskIndex)
            {
                output.Collect(value);
            }
        }
    }
}

/// <summary>Two streams as one.</summary>
internal sealed record UnionStage(int Index, int First, int Second) : Stage(Index, First, Second)
{
    public override DataStream<Item> Build(JobBuild job) => job[First].Union(job[Second]);

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0].Concat(inputs[1]);
}

/// <summary>Even values stay; the others go to a side output, which <see cref="SideStage"/> reads.</summary>
internal sealed record SplitStage(int Index, int Input) : Stage(Index, Input)
{
    internal static readonly OutputTag<Item> Odd = new("odd");

    public override DataStream<Item> Build(JobBuild job) => Tune(job, job[Input].Process(() => new Split()));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0].Where(item => item.Value % 2 == 0);

    private sealed class Split : ProcessFunction<Item, Item>
    {
        public override void ProcessElement(Item value, ProcessContext context, Collector<Item> output)
        {
            if (value.Value % 2 == 0)
            {
                output.Collect(value);
            }
            else
            {
                context.Output(Odd, value);
            }
        }
    }
}

/// <summary>The side output of a <see cref="SplitStage"/>.</summary>
internal sealed record SideStage(int Index, SplitStage Split) : Stage(Index, Split.Input)
{
    public override DataStream<Item> Build(JobBuild job) => ((SingleOutputStream<Item>)job[Split.Index]).GetSideOutput(SplitStage.Odd);

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0].Where(item => item.Value % 2 != 0);
}
