using Millrace.Simulation.External;

namespace Millrace.Simulation.Jobs;

/// <summary>A function, or what gives the key, that fails on some records; those come back marked, from the side output of dead letters.</summary>
internal sealed record FailingStage(int Index, int Input, bool ByKey) : Stage(Index, Input)
{
    private static readonly OutputTag<DeadLetter<Item>> Broken = new("broken");

    public override DataStream<Item> Build(JobBuild job)
    {
        var whole = Tune(job, ByKey ? job[Input].KeyBy(KeyOf).Process(() => new Pass()) : job[Input].Map(Check)).OnError(ErrorPolicy.ToSideOutput(Broken));
        return whole.Union(whole.GetSideOutput(Broken).Map(letter => Mark(letter.Record)).Uid($"stage-{Index}-letters").Parallelism(job.ParallelismOf(Index + 500)));
    }

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0].Select(item => Fails(item) ? Mark(item) : item);

    private static bool Fails(Item item) => item.Value % 7 == 0;

    private static Item Check(Item item) => Fails(item) ? throw new SevenException() : item;

    private static int KeyOf(Item item) => Check(item).Key;

    private static Item Mark(Item item) => item with { Value = 1_000 - item.Value };

    // A dead letter has the exception as text, and a checkpoint the dead letters on their way. Which calls a stack has depends on what is compiled how by then: the same world would write other bytes.
    private sealed class SevenException() : FormatException("seven")
    {
        public override string ToString() => Message;
    }

    private sealed class Pass : KeyedProcessFunction<int, Item, Item>
    {
        public override void ProcessElement(Item value, KeyedProcessContext<int> context, Collector<Item> output) => output.Collect(value);
    }
}
