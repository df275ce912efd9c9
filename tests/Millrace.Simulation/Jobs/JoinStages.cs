using Millrace.Simulation.External;

namespace Millrace.Simulation.Jobs;

/// <summary>The pairs of a key that are not too far apart in time.</summary>
internal sealed record IntervalJoinStage(int Index, int First, int Second, int Lower, int Upper) : Stage(Index, First, Second)
{
    public override DataStream<Item> Build(JobBuild job) => Tune(
        job,
        job[First].KeyBy(item => item.Key).IntervalJoin(job[Second].KeyBy(item => item.Key)).Between(TimeSpan.FromMilliseconds(Lower), TimeSpan.FromMilliseconds(Upper))
            .Process((first, second) => Pairs.Of(first, second, Math.Max(first.Time, second.Time))));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        inputs[0].Join(inputs[1], item => item.Key, item => item.Key, (first, second) => (first, second))
            .Where(pair => pair.second.Time >= pair.first.Time + Lower && pair.second.Time <= pair.first.Time + Upper)
            .Select(pair => Pairs.Of(pair.first, pair.second, Math.Max(pair.first.Time, pair.second.Time)));
}

/// <summary>The pairs of a key and a window.</summary>
internal sealed record WindowJoinStage(int Index, int First, int Second, int Size) : Stage(Index, First, Second)
{
    public override DataStream<Item> Build(JobBuild job) => Tune(
        job,
        job[First].Join(job[Second]).Where(item => item.Key).EqualTo(item => item.Key).Window(Windows.Of(Size, Size))
            .Apply((first, second) => Pairs.Of(first, second, EndOf(first) - 1)));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        inputs[0].Join(inputs[1], item => (item.Key, EndOf(item)), item => (item.Key, EndOf(item)), (first, second) => Pairs.Of(first, second, EndOf(first) - 1));

    private long EndOf(Item item) => Windows.Ends(item.Time, Size, Size).Single();
}

/// <summary>Sessions over two streams, of which one may have nothing to say.</summary>
internal sealed record CoGroupStage(int Index, int First, int Second, int Gap) : Stage(Index, First, Second)
{
    public override bool BearsDuplicates => false;

    public override DataStream<Item> Build(JobBuild job) => Tune(
        job,
        job[First].CoGroup(job[Second]).Where(Sessions.KeyOf).EqualTo(Sessions.KeyOf).Window(Sessions.Of(Gap))
            .Apply<Item>((first, second, output) => output.Collect(Compare(first, second))));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        Sessions.Group(inputs.SelectMany((input, side) => input.Select(item => (Item: item, Side: side))), record => record.Item, Gap)
            .Select(session => Compare(Of(session, 0), Of(session, 1)));

    private static List<Item> Of(List<(Item Item, int Side)> session, int side) => [.. session.Where(record => record.Side == side).Select(record => record.Item)];

    private Item Compare(IReadOnlyList<Item> first, IReadOnlyList<Item> second) =>
        new(first.Concat(second).First().Key, WindowDigest.Of(first) - WindowDigest.Of(second), Sessions.EndOf(first.Concat(second), Gap), first.Count - second.Count);
}

/// <summary>What becomes of two records that belong together.</summary>
internal static class Pairs
{
    public static Item Of(Item first, Item second, long time) => new(first.Key, (first.Value * 31) + second.Value, time, 0);
}
