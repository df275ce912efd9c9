using System.Collections.Concurrent;
using CsCheck;
using Millrace.Connectors;
using Millrace.State;
using Millrace.Windowing;

namespace Millrace.Tests.Jobs;

/// <summary>A reading of a <see cref="RandomJob"/>.</summary>
public sealed record Reading(int Key, int Value, long Time);

/// <summary>How the first exchange of a <see cref="RandomJob"/> deals records out.</summary>
public enum Dealing
{
    Default,
    Rebalance,
    Broadcast,
    Hash,
}

/// <summary>
/// A job with a random shape over random input: source, map, a split into main and side output that are united again (a diamond), a keyed function
/// with timers, windows. And what it must give, computed naively.
/// </summary>
internal sealed record RandomJob(
    Reading[] Readings, int Disorder, int SourceParallelism, int Parallelism, int BatchSize, int ChannelCapacity, bool Chaining, bool Check, Dealing Dealing, int WatermarkEvery, bool ZeroBuffer)
{
    private const int TimerDelay = 7;
    private const int WindowSize = 20;
    private static readonly OutputTag<Reading> Odd = new("odd");

    public static Gen<RandomJob> Gen { get; } =
        from disorder in CsCheck.Gen.Int[0, 30]
        from raw in CsCheck.Gen.Select(CsCheck.Gen.Int[0, 6], CsCheck.Gen.Int[0, 30], CsCheck.Gen.Int[0, 5]).Array[0, 120]
        from shape in CsCheck.Gen.Select(CsCheck.Gen.Int[1, 4], CsCheck.Gen.Int[1, 4], CsCheck.Gen.Int[1, 9], CsCheck.Gen.Int[2, 5])
        from flags in CsCheck.Gen.Select(CsCheck.Gen.Bool, CsCheck.Gen.Bool, CsCheck.Gen.Enum<Dealing>(), CsCheck.Gen.Int[0, 3], CsCheck.Gen.Bool)
        select new RandomJob(
            Times(raw, disorder), disorder, shape.Item1, shape.Item2, shape.Item3, shape.Item4, flags.Item1, flags.Item2, flags.Item3, flags.Item4, flags.Item5);

    public override string ToString() =>
        $"{Readings.Length} readings, disorder {Disorder}, source ×{SourceParallelism}, ×{Parallelism}, batch {BatchSize}, capacity {ChannelCapacity}, chaining {Chaining}, check {Check}, {Dealing}, "
        + $"watermark every {WatermarkEvery}, zero buffer {ZeroBuffer}";

    /// <summary>Builds the job.</summary>
    public StreamExecutionEnvironment Build(ConcurrentBag<string> results)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions
        {
            Parallelism = Parallelism,
            BatchSize = BatchSize,
            ChannelCapacity = ChannelCapacity,
            OperatorChaining = Chaining,
            ObjectReuseCheck = Check,
            BufferTimeout = ZeroBuffer ? TimeSpan.Zero : TimeSpan.FromMilliseconds(100),
        });
        var strategy = WatermarkStrategy<Reading>.ForBoundedOutOfOrderness(TimeSpan.FromMilliseconds(Disorder)).WithTimestampAssigner(reading => reading.Time);
        if (WatermarkEvery > 0)
        {
            strategy = strategy.WithWatermarkEvery(WatermarkEvery);
        }

        DataStream<Reading> source = env.FromSource(new CollectionSource<Reading>(Readings, SourceParallelism), strategy).Parallelism(SourceParallelism);
        source = Dealing switch
        {
            Dealing.Rebalance => source.Rebalance(),
            Dealing.Broadcast => source.Broadcast(),
            Dealing.Hash => source.Hash(reading => reading.Value),
            _ => source,
        };
        var split = source.Map(reading => reading with { Value = reading.Value + 1 }).Process(() => new Split());
        var twice = split.FlatMap<Reading>((reading, output) => output.Collect(reading));
        var united = twice.Union(split.GetSideOutput(Odd), split.Filter(reading => reading.Key == 0));
        united.KeyBy(reading => reading.Key).Process(() => new Delayed())
            .KeyBy(reading => reading.Key).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(WindowSize))).Process(() => new Describe())
            .ForEach(results.Add);
        return env;
    }

    /// <summary>What the job gives, in order.</summary>
    public string[] Expected()
    {
        int copies = Dealing == Dealing.Broadcast ? Parallelism : 1;
        var united = Readings
            .SelectMany(reading => Enumerable.Repeat(reading with { Value = reading.Value + 1 }, copies))
            .SelectMany(reading => Enumerable.Repeat(reading, reading.Value % 2 == 0 && reading.Key == 0 ? 2 : 1))
            .ToList();
        var fired = united.Select(reading => (reading.Key, Time: reading.Time + TimerDelay)).Distinct()
            .Select(timer => (timer.Key, timer.Time, Count: united.Count(reading => reading.Key == timer.Key && reading.Time <= timer.Time)));
        return [.. fired.GroupBy(timer => (timer.Key, Window: (long)Math.Floor((double)timer.Time / WindowSize) * WindowSize))
            .Select(group => $"{group.Key.Key} {group.Key.Window}: {string.Join(' ', group.OrderBy(timer => timer.Time).Select(timer => $"{timer.Time}={timer.Count}"))}")
            .Order(StringComparer.Ordinal)];
    }

    private static Reading[] Times((int Key, int Value, int Step)[] raw, int disorder)
    {
        // Before 1970 as well as after.
        long time = -150;
        var readings = new Reading[raw.Length];
        for (int i = 0; i < raw.Length; i++)
        {
            time += raw[i].Step;
            readings[i] = new Reading(raw[i].Key, raw[i].Value, time - (disorder == 0 ? 0 : raw[i].Value % (disorder + 1)));
        }

        return readings;
    }

    private sealed class Split : ProcessFunction<Reading, Reading>
    {
        public override void ProcessElement(Reading value, ProcessContext context, Collector<Reading> output)
        {
            Assert.Equal(value.Time, context.Timestamp);
            if (value.Value % 2 == 0)
            {
                output.Collect(value);
            }
            else
            {
                context.Output(Odd, value);
            }
        }
    }

    /// <summary>A while after each reading: how many there were of its key up to then.</summary>
    private sealed class Delayed : KeyedProcessFunction<int, Reading, Reading>
    {
        private ListState<long> _times = null!;

        public override void Open(RuntimeContext context) => _times = context.GetListState(new ListStateDescriptor<long>("times"));

        public override void ProcessElement(Reading value, KeyedProcessContext<int> context, Collector<Reading> output)
        {
            Assert.True(value.Time > context.CurrentWatermark, "A reading within the bound was late.");
            _times.Add(value.Time);
            context.Timers.RegisterEventTimeTimer(value.Time + TimerDelay);
        }

        public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<Reading> output)
        {
            int count = 0;
            foreach (long time in _times.AsSpan())
            {
                count += time <= timestamp ? 1 : 0;
            }

            output.Collect(new Reading(context.CurrentKey, count, timestamp));
        }
    }

    private sealed class Describe : ProcessWindowFunction<Reading, string, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Reading> elements, Collector<string> output) =>
            output.Collect($"{key} {context.Window.Start}: {string.Join(' ', elements.OrderBy(reading => reading.Time).Select(reading => $"{reading.Time}={reading.Value}"))}");
    }
}
