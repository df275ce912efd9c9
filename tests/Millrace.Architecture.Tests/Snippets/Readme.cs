using Millrace.Connectors;
using Millrace.Windowing;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of README.md.</summary>
internal static class Readme
{
    internal static async Task Run()
    {
        var env = new StreamExecutionEnvironment();

        env.FromSource(
                FileSource.Auto<Trade>("trades/"),
                WatermarkStrategy<Trade>
                    .ForBoundedOutOfOrderness(TimeSpan.FromSeconds(5))
                    .WithTimestampAssigner(trade => trade.At))
           .KeyBy(trade => trade.Symbol)
           .Window(SlidingEventTimeWindows.Of(size: TimeSpan.FromHours(1), slide: TimeSpan.FromMinutes(1)))
           .Aggregate(() => new AveragePrice())
           .SinkTo(new FileSink<double>("out/averages", JsonFormat.Lines<double>()));

        await env.ExecuteAsync("average prices");
    }

    internal sealed record Trade(string Symbol, double Price, DateTimeOffset At);

    private sealed class AveragePrice : AggregateFunction<Trade, (long Count, double Sum), double>
    {
        public override (long Count, double Sum) CreateAccumulator() => default;

        public override void Add(ref (long Count, double Sum) accumulator, Trade value) => accumulator = (accumulator.Count + 1, accumulator.Sum + value.Price);

        public override void Merge(ref (long Count, double Sum) target, in (long Count, double Sum) source) => target = (target.Count + source.Count, target.Sum + source.Sum);

        public override double GetResult(in (long Count, double Sum) accumulator) => accumulator.Sum / accumulator.Count;
    }
}
