using Millrace.Simulation.External;
using Millrace.Windowing;

namespace Millrace.Simulation.Jobs;

/// <summary>Sessions, which merge where a record falls between two of them.</summary>
internal sealed record SessionStage(int Index, int Input, int Gap, int Lateness) : Stage(Index, Input)
{
    public override bool BearsDuplicates => false;

    public override DataStream<Item> Build(JobBuild job) => Tune(
        job,
        job[Input].KeyBy(Sessions.KeyOf).Window(Sessions.Of(Gap)).AllowedLateness(TimeSpan.FromMilliseconds(Lateness))
            .Aggregate<Sum, Sum, Item>(() => new Summing(), () => new AtTheEnd()));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        Sessions.Group(inputs[0], item => item, Gap).Select(session => new Item(session[0].Key, session.Sum(item => item.Value), Sessions.EndOf(session, Gap), session.Count));

    /// <summary>What is known of a session.</summary>
    public record struct Sum(long Value, long Count);

    private sealed class Summing : AggregateFunction<Item, Sum, Sum>
    {
        public override Sum CreateAccumulator() => default;

        public override void Add(ref Sum accumulator, Item value) => accumulator = new Sum(accumulator.Value + value.Value, accumulator.Count + 1);

        public override void Merge(ref Sum target, in Sum source) => target = new Sum(target.Value + source.Value, target.Count + source.Count);

        public override Sum GetResult(in Sum accumulator) => accumulator;
    }

    private sealed class AtTheEnd : ProcessWindowFunction<Sum, Item, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Sum> elements, Collector<Item> output) =>
            output.Collect(new Item(Sessions.ItemKeyOf(key), elements[0].Value, context.Window.MaxTimestamp, elements[0].Count));
    }
}

/// <summary>What an evictor leaves of a window: the records that are not much older than the last.</summary>
internal sealed record EvictStage(int Index, int Input, int Size, int Slide, int Within) : Stage(Index, Input)
{
    public override bool BearsDuplicates => false;

    public override DataStream<Item> Build(JobBuild job) => Tune(
        job,
        job[Input].KeyBy(item => item.Key).Window(Windows.Of(Size, Slide)).Trigger(on => on.EventTime()).Evictor(keep => keep.Within(TimeSpan.FromMilliseconds(Within)))
            .Process(() => new WindowDigest()));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => Windows.Group(inputs[0], Size, Slide).Select(group =>
    {
        long last = group.Max(item => item.Time);
        var left = group.Where(item => item.Time > last - Within).ToList();
        return new Item(group.Key.Key, WindowDigest.Of(left), group.Key.End - 1, left.Count);
    });
}

/// <summary>
/// Windows that fire whenever so many records have come, and keep no more than so many. Which records those are depends on the schedule, how many not.
/// </summary>
internal sealed record TriggerStage(int Index, int Input, int Size, int Slide, int Every, int Keep, bool Purges) : Stage(Index, Input)
{
    public override DataStream<Item> Build(JobBuild job) => Tune(
        job,
        job[Input].KeyBy(item => item.Key).Window(Windows.Of(Size, Slide)).Trigger(on => Purges ? on.Count(Every).Purging() : on.Count(Every)).Evictor(keep => keep.Last(Keep))
            .Process(() => new Counts()));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        Windows.Group(inputs[0], Size, Slide).SelectMany(group => Firings(group.Count()).Select(count => new Item(group.Key.Key, count, group.Key.End - 1, 0)));

    private IEnumerable<int> Firings(int records)
    {
        int kept = 0;
        for (int seen = Every; seen <= records; seen += Every)
        {
            kept = Math.Min(Keep, kept + Every);
            yield return kept;
            kept = Purges ? 0 : kept;
        }
    }

    private sealed class Counts : ProcessWindowFunction<Item, Item, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Item> elements, Collector<Item> output) =>
            output.Collect(new Item(key, elements.Count, context.Window.MaxTimestamp, 0));
    }
}

/// <summary>Sessions of event time, for the engine and for the oracle.</summary>
/// <remarks>
/// A record that comes exactly a gap after another belongs to the same session, unless a watermark between the two has ended that: which depends on the schedule. So there are no such records:
/// a gap is odd, and the time between records of a key is even.
/// </remarks>
internal static class Sessions
{
    public static EventTimeSessionWindows Of(int gap) => EventTimeSessionWindows.WithGap(TimeSpan.FromMilliseconds(gap));

    public static int KeyOf(Item item) => (item.Key * 2) + (int)(item.Time & 1);

    public static int ItemKeyOf(int key) => key >> 1;

    /// <summary>The sessions of each key.</summary>
    public static IEnumerable<List<T>> Group<T>(IEnumerable<T> records, Func<T, Item> itemOf, int gap)
    {
        foreach (var key in records.GroupBy(record => KeyOf(itemOf(record))))
        {
            var session = new List<T>();
            foreach (var record in key.OrderBy(record => itemOf(record).Time))
            {
                if (session.Count > 0 && itemOf(record).Time - itemOf(session[^1]).Time > gap)
                {
                    yield return session;
                    session = [];
                }

                session.Add(record);
            }

            yield return session;
        }
    }

    /// <summary>The last moment of a session.</summary>
    public static long EndOf(IEnumerable<Item> session, int gap) => session.Max(item => item.Time) + gap - 1;
}
