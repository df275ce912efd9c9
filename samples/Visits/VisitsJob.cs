using System.Globalization;
using Microsoft.Extensions.Configuration;
using Millrace;
using Millrace.Connectors;
using Millrace.Windowing;

namespace Visits;

/// <summary>Counts the visits of each page of a web site in every second, and writes the counts into files, each of them once.</summary>
/// <param name="configuration">The section <c>Visits</c>: <c>Output</c>, the folder of the results, <c>visits</c> unless set; <c>Rate</c>, how many visits a second there are, 1,000 unless set; <c>Count</c>, how many in all, without end unless set.</param>
public sealed class VisitsJob(IConfiguration configuration) : IStreamJob
{
    private const int Pages = 20;

    /// <inheritdoc/>
    public void Build(StreamExecutionEnvironment env)
    {
        ArgumentNullException.ThrowIfNull(env);
        var section = configuration.GetSection("Visits");
        string output = section["Output"] ?? "visits";
        long count = long.Parse(section["Count"] ?? $"{long.MaxValue}", CultureInfo.InvariantCulture);
        double rate = double.Parse(section["Rate"] ?? "1000", CultureInfo.InvariantCulture);
        var visits = new GeneratorSource<Visit>(static id => new Visit($"/page/{id * id % Pages}", id), count, rate);
        env.FromSource(visits, WatermarkStrategy<Visit>.ForBoundedOutOfOrderness(TimeSpan.FromSeconds(1)).WithTimestampAssigner(static visit => visit.Time), "visits")
            .KeyBy(static visit => visit.Page)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(1)))
            .Aggregate(static () => new Count(), static () => new OfPage())
            .Name("count")
            .SinkTo(new FileSink<PageCount>(output, JsonFormat.Lines<PageCount>()));
    }

    private sealed class Count : AggregateFunction<Visit, long, long>
    {
        public override long CreateAccumulator() => 0;

        public override void Add(ref long accumulator, Visit value) => accumulator++;

        public override void Merge(ref long target, in long source) => target += source;

        public override long GetResult(in long accumulator) => accumulator;
    }

    private sealed class OfPage : ProcessWindowFunction<long, PageCount, string, TimeWindow>
    {
        public override void Process(string key, WindowContext<TimeWindow> context, IReadOnlyList<long> elements, Collector<PageCount> output) =>
            output.Collect(new PageCount(key, context.Window.Start, elements[0]));
    }
}
