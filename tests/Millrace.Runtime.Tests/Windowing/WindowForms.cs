using Millrace.Runtime.Windowing;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing;

/// <summary>The ways to aggregate a window. All give the ids of the window's records, so all must give the same.</summary>
internal static class WindowForms
{
    public static readonly OutputTag<Event> Late = new("late");

    public static IReadOnlyList<Form> All { get; } =
    [
        new("reduce", windowed => windowed.Reduce(Join, () => new OneEvent())),
        new("aggregate", windowed => windowed.Aggregate(() => new JoinIds())),
        new("process", windowed => windowed.Process(() => new AllEvents())),
        new("aggregate and process", windowed => windowed.Aggregate(() => new JoinIds(), () => new OneResult())),
    ];

    public static Event Join(Event first, Event second) => first with { Ids = first.Ids + second.Ids };

    /// <summary>The operator of windows that lie in slices.</summary>
    public static SliceWindowOperator<int, Event, Event, Event> Slices(AlignedWindows windows, long lateness) =>
        new(e => e.Key, windows, new LatePolicy<Event>(lateness, null), new ReduceAggregation<Event>(Join), new ValueEmitter<int, TimeWindow, Event>());

    /// <summary>The operator of windows of ten milliseconds that lie side by side.</summary>
    public static SliceWindowOperator<int, Event, Event, Event> Tumbling() => Slices(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(10)), lateness: 0);

    public static WindowedStream<Event, int> Windowed(DataStream<Event> events, WindowScenario scenario)
    {
        var size = TimeSpan.FromMilliseconds(scenario.Size);
        var offset = TimeSpan.FromMilliseconds(scenario.Offset);
        AlignedWindows windows = scenario.Size == scenario.Slide
            ? TumblingEventTimeWindows.Of(size, offset)
            : SlidingEventTimeWindows.Of(size, TimeSpan.FromMilliseconds(scenario.Slide), offset);
        return events.KeyBy(e => e.Key).Window(windows).AllowedLateness(TimeSpan.FromMilliseconds(scenario.Lateness)).SideOutputLateData(Late);
    }

    private static void Check(int key, WindowContext<TimeWindow> context, string ids)
    {
        Assert.Equal(key, Fired.Of(ids, 0).Key);
        Assert.True(context.Window.End > context.Window.Start);
    }

    /// <summary>A way to aggregate a window.</summary>
    internal sealed record Form(string Name, Func<WindowedStream<Event, int>, SingleOutputStream<string>> Apply)
    {
        public OperatorHarness<Event, string> Harness(WindowScenario scenario) => new(
            events => Apply(Windowed(events, scenario)), new HarnessOptions { BatchSize = scenario.BatchSize, MaxParallelism = 8 });
    }

    /// <summary>An accumulator that is changed in place and must not be shared between windows.</summary>
    private sealed class JoinIds : AggregateFunction<Event, List<string>, string>
    {
        public override List<string> CreateAccumulator() => [];

        public override void Add(ref List<string> accumulator, Event value) => accumulator.Add(value.Ids);

        public override void Merge(ref List<string> target, in List<string> source) => target.AddRange(source);

        public override string GetResult(in List<string> accumulator) => string.Concat(accumulator);
    }

    private sealed class OneEvent : ProcessWindowFunction<Event, string, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Event> elements, Collector<string> output)
        {
            string ids = Assert.Single(elements).Ids;
            Check(key, context, ids);
            output.Collect(ids);
        }
    }

    private sealed class OneResult : ProcessWindowFunction<string, string, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<string> elements, Collector<string> output)
        {
            string ids = Assert.Single(elements);
            Check(key, context, ids);
            output.Collect(ids);
        }
    }

    private sealed class AllEvents : ProcessWindowFunction<Event, string, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Event> elements, Collector<string> output)
        {
            string ids = string.Concat(elements.Select(e => e.Ids));
            Check(key, context, ids);
            output.Collect(ids);
        }
    }
}
