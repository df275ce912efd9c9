using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Millrace.Connectors;
using Millrace.Metrics;
using Millrace.State;
using Millrace.Windowing;

namespace Millrace.ClusterTests.Submitted;

/// <summary>Whose readings they are: a key of a type of the program.</summary>
/// <param name="Town">A name.</param>
/// <param name="Number">A number.</param>
public readonly record struct Station(string Town, int Number);

/// <summary>A reading.</summary>
/// <param name="Station">Where.</param>
/// <param name="At">When, in milliseconds.</param>
/// <param name="Celsius">How warm.</param>
/// <param name="Tags">More of it.</param>
public sealed record Reading(Station Station, long At, double Celsius, IReadOnlyList<string> Tags);

/// <summary>What is written.</summary>
/// <param name="Town">Where.</param>
/// <param name="At">When.</param>
/// <param name="Celsius">How warm at most.</param>
public sealed record Warmest(string Town, long At, double Celsius);

/// <summary>Options of the program.</summary>
public sealed class Limits
{
    /// <summary>Above it there are no readings.</summary>
    public double Celsius { get; set; } = 60;
}

/// <summary>A job that touches whatever could keep hold of its types: keys, records and state of its own types, services, options, loggers, metrics, JSON, CSV, threads of the engine, timers. It runs until it is cancelled.</summary>
/// <param name="arguments">Where results go.</param>
/// <param name="configuration">The workers'.</param>
/// <param name="logger">Of a type of the program.</param>
/// <param name="limits">Of a type of the program.</param>
public sealed class PinningJob(string[] arguments, IConfiguration configuration, ILogger<PinningJob> logger, IOptions<Limits> limits) : IStreamJob
{
    /// <inheritdoc/>
    public void Build(StreamExecutionEnvironment env)
    {
        logger.Declares(arguments[0] + configuration["Nothing"]);
        double most = limits.Value.Celsius;
        var readings = env.FromGenerator(
            ReadingAt, long.MaxValue / 2, 2_000, WatermarkStrategy<Reading>.ForBoundedOutOfOrderness(TimeSpan.FromMilliseconds(100)).WithTimestampAssigner(reading => reading.At)).Uid("readings");
        var checkedOnes = readings.Filter(reading => reading.Celsius <= most).KeyBy(reading => reading.Station).Process(env.FromServices<Check>()).Uid("check");
        checkedOnes.KeyBy(reading => reading.Station.Town)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(1)))
            .Aggregate(() => new Most(), () => new WithTown())
            .Uid("warmest")
            .SinkTo(new FileSink<Warmest>(Path.Combine(arguments[0], "json"), JsonFormat.Lines<Warmest>())).Uid("json");
        checkedOnes.Map(reading => new Warmest(reading.Station.Town, reading.At, reading.Celsius)).Uid("map")
            .SinkTo(new FileSink<Warmest>(Path.Combine(arguments[0], "csv"), CsvFormat.Of<Warmest>())).Uid("csv");
    }

    private static Reading ReadingAt(long id) => new(new Station($"town {id % 5}", (int)(id % 3)), id / 2, id % 70, ["a", $"b{id % 2}"]);

    /// <summary>Asks for services, and has state, timers and metrics.</summary>
    /// <param name="logger">Of a type of the program.</param>
    private sealed class Check(ILogger<Check> logger) : KeyedProcessFunction<Station, Reading, Reading>
    {
        private ValueState<Reading?> _last = null!;
        private MapState<Station, long> _seen = null!;
        private Counter _count = null!;

        public override void Open(RuntimeContext context)
        {
            ArgumentNullException.ThrowIfNull(context);
            logger.Begins();
            _last = context.GetState(new ValueStateDescriptor<Reading?>("last"));
            _seen = context.GetMapState(new MapStateDescriptor<Station, long>("seen"));
            _count = context.Metrics.Counter("checked");
            _ = context.Services.GetService<IOptions<Limits>>();
            _ = context.Services.GetService<Limits>();
            _ = context.Services.GetServices<IEnumerable<Reading>>();
        }

        public override void ProcessElement(Reading value, KeyedProcessContext<Station> context, Collector<Reading> output)
        {
            ArgumentNullException.ThrowIfNull(context);
            ArgumentNullException.ThrowIfNull(output);
            _last.Value = value;
            _seen[value.Station] = value.At;
            _count.Increment();
            if (JsonSerializer.Serialize(value).Length == 0)
            {
                return;
            }

            context.Timers.RegisterEventTimeTimer(value.At + 500);
            output.Collect(value);
        }
    }

    private sealed class Most : AggregateFunction<Reading, double, double>
    {
        public override double CreateAccumulator() => double.MinValue;

        public override void Add(ref double accumulator, Reading value) => accumulator = Math.Max(accumulator, value.Celsius);

        public override void Merge(ref double target, in double source) => target = Math.Max(target, source);

        public override double GetResult(in double accumulator) => accumulator;
    }

    private sealed class WithTown : ProcessWindowFunction<double, Warmest, string, TimeWindow>
    {
        public override void Process(string key, WindowContext<TimeWindow> context, IReadOnlyList<double> elements, Collector<Warmest> output) =>
            output.Collect(new Warmest(key, context.Window.Start, elements[0]));
    }
}
