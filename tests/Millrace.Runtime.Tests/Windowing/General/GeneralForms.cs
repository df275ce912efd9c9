using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing.General;

/// <summary>The ways to aggregate a window of any kind; all give the same.</summary>
internal static class GeneralForms
{
    public static IReadOnlyList<(string Name, Func<WindowedStream<Event, int, TimeWindow>, SingleOutputStream<Firing>> Apply)> All { get; } =
    [
        ("process", windowed => windowed.Process(() => new Ids())),
        ("reduce and process", windowed => windowed.Reduce(WindowForms.Join, () => new Ids())),
        ("aggregate and process", windowed => windowed.Aggregate(() => new JoinIds(), () => new Joined())),
    ];

    public static string Sorted(string ids) =>
        string.Concat(ids.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(id => id + ",").OrderBy(GeneralScenario.OrderOf));

    private sealed class JoinIds : AggregateFunction<Event, List<string>, string>
    {
        public override List<string> CreateAccumulator() => [];

        public override void Add(ref List<string> accumulator, Event value) => accumulator.Add(value.Ids);

        public override void Merge(ref List<string> target, in List<string> source) => target.AddRange(source);

        public override string GetResult(in List<string> accumulator) => string.Concat(accumulator);
    }

    private sealed class Joined : ProcessWindowFunction<string, Firing, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<string> elements, Collector<Firing> output) =>
            output.Collect(new Firing(key, context.Window.Start, context.Window.End, Sorted(Assert.Single(elements))));
    }

    private sealed class Ids : ProcessWindowFunction<Event, Firing, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Event> elements, Collector<Firing> output) =>
            output.Collect(new Firing(key, context.Window.Start, context.Window.End, Sorted(string.Concat(elements.Select(e => e.Ids)))));
    }
}
