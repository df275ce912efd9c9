// The page shows types as a reader would write them at the top of a file, where nothing need be said about their accessibility.
#pragma warning disable IDE0040
using Millrace.Connectors;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/concepts/time-and-watermarks.md, the wrong examples too: the compiler takes them.</summary>
internal static class TimeAndWatermarks
{
    internal static object Strategies(StreamExecutionEnvironment env, FileSource<Order> source)
    {
        var strategy = WatermarkStrategy<Order>
            .ForBoundedOutOfOrderness(TimeSpan.FromSeconds(5))
            .WithTimestampAssigner(order => order.CreatedAt)      // DateTimeOffset, or long milliseconds
            .WithIdleness(TimeSpan.FromMinutes(1));

        var orders = env.FromSource(source, strategy, "orders");
        return orders;
    }

    internal static object Alignment()
    {
        var strategy = WatermarkStrategy<Order>
            .ForBoundedOutOfOrderness(TimeSpan.FromSeconds(5))
            .WithWatermarkAlignment("shop", maxDrift: TimeSpan.FromMinutes(1));
        return strategy;
    }

    internal static void Diagnosis(JobClient client)
    {
        foreach (var op in client.GetWatermarks())
            Console.WriteLine($"{op.Name}: {EventTime.Format(op.Watermark)}, held back by {op.HeldBackBy}");
    }

    internal static void Timers(KeyedProcessContext<string> context)
    {
        context.Timers.RegisterEventTimeTimer(context.Timestamp + 60_000);
    }

    sealed class Markers : WatermarkGenerator<Tick>
    {
        public override void OnEvent(in Tick tick, long timestamp, IWatermarkOutput output)
        {
            if (tick.IsEndOfSecond) output.EmitWatermark(timestamp);
        }
    }

    internal static WatermarkGenerator<Tick> Create() => new Markers();

    internal sealed record Order(DateTimeOffset CreatedAt);

    internal readonly record struct Tick(bool IsEndOfSecond);
}
