using CsCheck;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing;

/// <summary>Whole jobs with windows: neither parallelism nor batches, chaining or the schedule may show in the result.</summary>
public sealed class WindowJobTests
{
    private const int Disorder = 20;

    private static readonly Gen<int[][]> Splits = Gen.Int[0, 1_000].Array[0, 60].Array[1, 4];

    private static readonly Gen<ExecutionOptions> Options =
        from parallelism in Gen.Int[1, 4]
        from batch in Gen.Int[1, 16]
        from capacity in Gen.Int[2, 8]
        from chaining in Gen.Bool
        from reuse in Gen.Bool
        from local in Gen.Bool
        select new ExecutionOptions
        {
            Parallelism = parallelism,
            BatchSize = batch,
            ChannelCapacity = capacity,
            OperatorChaining = chaining,
            ObjectReuseCheck = reuse,
            LocalAggregation = local,
            MaxParallelism = 16,
        };

    private static readonly Gen<AlignedWindows> Windows =
        from size in Gen.Int[1, 50]
        from slide in Gen.Int[1, size]
        from offset in Gen.Int[0, slide - 1]
        select (AlignedWindows)SlidingEventTimeWindows.Of(TimeSpan.FromMilliseconds(size), TimeSpan.FromMilliseconds(slide), TimeSpan.FromMilliseconds(offset));

    [Fact]
    public void Windows_of_a_job_do_not_depend_on_how_it_runs() =>
        Gen.Select(Splits, Options, Windows, Gen.Int[1, 5], Gen.ULong).Sample(
            (splits, options, windows, every, seed) =>
            {
                var records = splits.Select(InBoundedDisorder).ToList();
                var scripts = records.Select(split => split.Aggregate(new Script<Reading>(), (script, reading) => script.Record(reading))).ToArray();
                var env = new StreamExecutionEnvironment(options);
                var results = new List<Total>();
                env.FromSource(
                        new ScriptedSource<Reading>(scripts),
                        WatermarkStrategy<Reading>.ForBoundedOutOfOrderness(TimeSpan.FromMilliseconds(Disorder)).WithTimestampAssigner(r => r.Time).WithWatermarkEvery(every))
                    .Map(r => r with { Value = r.Value + 1 })
                    .KeyBy(r => r.Key)
                    .Window(windows)
                    .Aggregate(() => new Sum(), () => new Describe())
                    .Rebalance()
                    .Map(total => total)
                    .ForEach(results.Add);
                var outcome = JobRunner.Run(env, seed);

                Assert.Equal(0, outcome.Metrics.LateRecords);
                Assert.Equal(Expected(records.SelectMany(split => split), windows), results.OrderBy(total => total.Key).ThenBy(total => total.End));
            },
            iter: 300);

    private static IEnumerable<Total> Expected(IEnumerable<Reading> readings, AlignedWindows windows) => readings
        .SelectMany(reading =>
        {
            var assigned = new List<TimeWindow>();
            windows.AssignWindows(reading.Time, assigned);
            return assigned.Select(window => (reading, window));
        })
        .GroupBy(pair => (pair.reading.Key, pair.window.End), pair => pair.reading.Value + 1)
        .Select(group => new Total(group.Key.Key, group.Key.End, group.Count(), group.Sum()))
        .OrderBy(total => total.Key)
        .ThenBy(total => total.End);

    /// <summary>Times go on by random steps, and a record comes at most as late as the watermark allows.</summary>
    private static List<Reading> InBoundedDisorder(int[] raw)
    {
        long now = -200;
        var readings = new List<Reading>();
        foreach (int number in raw)
        {
            now += number % 12;
            readings.Add(new Reading(number % 5, now - (number % (Disorder + 1)), number));
        }

        return readings;
    }

    internal readonly record struct Reading(int Key, long Time, int Value);

    internal readonly record struct Total(int Key, long End, int Count, long Sum);

    private sealed class Sum : AggregateFunction<Reading, (int Count, long Sum), (int Count, long Sum)>
    {
        public override (int Count, long Sum) CreateAccumulator() => default;

        public override void Add(ref (int Count, long Sum) accumulator, Reading value)
        {
            accumulator.Count++;
            accumulator.Sum += value.Value;
        }

        public override void Merge(ref (int Count, long Sum) target, in (int Count, long Sum) source)
        {
            target.Count += source.Count;
            target.Sum += source.Sum;
        }

        public override (int Count, long Sum) GetResult(in (int Count, long Sum) accumulator) => accumulator;
    }

    private sealed class Describe : ProcessWindowFunction<(int Count, long Sum), Total, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<(int Count, long Sum)> elements, Collector<Total> output) =>
            output.Collect(new Total(key, context.Window.End, elements[0].Count, elements[0].Sum));
    }
}
