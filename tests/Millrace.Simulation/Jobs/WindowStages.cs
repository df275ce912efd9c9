using Millrace.Simulation.External;
using Millrace.Windowing;

namespace Millrace.Simulation.Jobs;

/// <summary>Sums of windows; of what was seen only the sum is kept.</summary>
internal sealed record WindowSumStage(int Index, int Input, int Size, int Slide) : Stage(Index, Input)
{
    public override bool BearsDuplicates => false;

    public override DataStream<Item> Build(JobBuild job) => Tune(
        job, job[Input].KeyBy(item => item.Key).Window(Windows.Of(Size, Slide)).Reduce((a, b) => a with { Value = a.Value + b.Value, Id = 0 }, () => new AtTheEnd()));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        Windows.Group(inputs[0], Size, Slide).Select(group => new Item(group.Key.Key, group.Sum(item => item.Value), group.Key.End - 1, 0));

    private sealed class AtTheEnd : ProcessWindowFunction<Item, Item, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Item> elements, Collector<Item> output) =>
            output.Collect(new Item(key, elements[0].Value, context.Window.MaxTimestamp, 0));
    }
}

/// <summary>What a window comes to, folded into an accumulator; of no lateness at all, so that its side output stays empty.</summary>
internal sealed record WindowFoldStage(int Index, int Input, int Size, int Slide, int Lateness) : Stage(Index, Input)
{
    public override bool BearsDuplicates => false;

    private static readonly OutputTag<Item> Late = new("late");

    public override DataStream<Item> Build(JobBuild job)
    {
        var windows = job[Input].KeyBy(item => item.Key).Window(Windows.Of(Size, Slide)).SideOutputLateData(Late).AllowedLateness(TimeSpan.FromMilliseconds(Lateness))
            .Aggregate<Range, Item, Item>(() => new Fold(), () => new AtTheEnd());
        return Tune(job, windows).Union(windows.GetSideOutput(Late));
    }

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => Windows.Group(inputs[0], Size, Slide)
        .Select(group => new Item(group.Key.Key, group.Max(item => item.Value) - group.Min(item => item.Value), group.Key.End - 1, group.Count()));

    /// <summary>What is known of a window.</summary>
    public record struct Range(long Least, long Greatest, long Count);

    private sealed class Fold : AggregateFunction<Item, Range, Item>
    {
        public override Range CreateAccumulator() => new(long.MaxValue, long.MinValue, 0);

        public override void Add(ref Range accumulator, Item value) =>
            accumulator = new Range(Math.Min(accumulator.Least, value.Value), Math.Max(accumulator.Greatest, value.Value), accumulator.Count + 1);

        public override void Merge(ref Range target, in Range source) =>
            target = new Range(Math.Min(target.Least, source.Least), Math.Max(target.Greatest, source.Greatest), target.Count + source.Count);

        public override Item GetResult(in Range accumulator) => new(0, accumulator.Greatest - accumulator.Least, 0, accumulator.Count);
    }

    private sealed class AtTheEnd : ProcessWindowFunction<Item, Item, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Item> elements, Collector<Item> output) =>
            output.Collect(elements[0] with { Key = key, Time = context.Window.MaxTimestamp });
    }
}

/// <summary>Everything that was in a window, kept until it fires.</summary>
internal sealed record WindowListStage(int Index, int Input, int Size, int Slide) : Stage(Index, Input)
{
    public override bool BearsDuplicates => false;

    public override DataStream<Item> Build(JobBuild job) => Tune(
        job, job[Input].KeyBy(item => item.Key).Window(Windows.Of(Size, Slide)).Process(() => new WindowDigest()));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        Windows.Group(inputs[0], Size, Slide).Select(group => new Item(group.Key.Key, WindowDigest.Of(group), group.Key.End - 1, group.Count()));
}

/// <summary>A number that all records of a window have a part in.</summary>
internal sealed class WindowDigest : ProcessWindowFunction<Item, Item, int, TimeWindow>
{
    // In an order of its own: in which one records of different subtasks come is open.
    public static long Of(IEnumerable<Item> items) =>
        items.OrderBy(item => (item.Time, item.Value, item.Id)).Aggregate(17L, (digest, item) => ((digest * 31) + item.Value) % 1_000_003);

    public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Item> elements, Collector<Item> output) =>
        output.Collect(new Item(key, Of(elements), context.Window.MaxTimestamp, elements.Count));
}

/// <summary>Windows of event time, for the engine and for the oracle.</summary>
internal static class Windows
{
    public static AlignedWindows Of(int size, int slide) => size == slide
        ? TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(size))
        : SlidingEventTimeWindows.Of(TimeSpan.FromMilliseconds(size), TimeSpan.FromMilliseconds(slide));

    /// <summary>The records of each key and window.</summary>
    public static IEnumerable<IGrouping<(int Key, long End), Item>> Group(IEnumerable<Item> items, int size, int slide) =>
        items.SelectMany(item => Ends(item.Time, size, slide).Select(end => (item, end))).GroupBy(pair => (pair.item.Key, pair.end), pair => pair.item);

    /// <summary>Where the windows of a record end.</summary>
    public static IEnumerable<long> Ends(long time, int size, int slide)
    {
        // Windows begin at multiples of the slide; the last that begins at or before the record is the first that is looked at.
        for (long start = (long)Math.Floor((decimal)time / slide) * slide; start > time - size; start -= slide)
        {
            yield return start + size;
        }
    }
}
