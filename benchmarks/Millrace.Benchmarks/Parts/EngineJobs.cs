using Millrace.Benchmarks.Harness;
using Millrace.Checkpointing;
using Millrace.Connectors;
using Millrace.Windowing;

namespace Millrace.Benchmarks.Parts;

/// <summary>A whole job on the embedded engine, from a generator to a sink that forgets. Each run is a job of its own.</summary>
internal sealed class EngineJob(string name, int parallelism, Action<StreamExecutionEnvironment, long> build) : Part
{
    private string? _folder;

    /// <summary>Turns checkpoints on, so seldom that only the one at the end is taken.</summary>
    public EngineJob WithCheckpoints()
    {
        _folder = Path.Combine(Path.GetTempPath(), $"millrace-job-{Guid.NewGuid():N}");
        return this;
    }

    public override async Task RunAsync(long records)
    {
        var options = new ExecutionOptions { Parallelism = parallelism };
        if (_folder is not null)
        {
            options.Checkpoints.Storage = new DirectoryCheckpointStorage(_folder);
            options.Checkpoints.Interval = TimeSpan.FromHours(1);
        }

        var env = new StreamExecutionEnvironment(options);
        build(env, records);
        await env.ExecuteAsync(name).ConfigureAwait(false);
    }

    public override void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }
}

/// <summary>The jobs.</summary>
internal static class EngineJobs
{
    private const long Keys = 100_000;

    // Few keys and short windows: a run of a few million records reaches steady state, and how far the sources run apart, which decides how many slices
    // are open at once and so how large the tables grow, hardly shows.
    private const long WindowKeys = 1_000;
    private const long FewKeys = 16;
    private const int RecordsPerWindow = 1 << 18;
    private const int RecordsPerWatermark = 1 << 14;

    /// <summary>Only generator and sink: what every other job pays beside its operators.</summary>
    public static EngineJob SourceOnly(int parallelism) => new("source", parallelism, static (env, records) =>
        env.FromGenerator(Make, records).SinkTo(new DiscardSink<Event>()));

    public static EngineJob Stateless(int parallelism) => new("stateless", parallelism, static (env, records) =>
        env.FromGenerator(Make, records).Map(StatelessFunctions.Scale).Filter(StatelessFunctions.Keep).Map(StatelessFunctions.Add).SinkTo(new DiscardSink<Event>()));

    public static EngineJob Exchange(int parallelism) => new("exchange", parallelism, static (env, records) =>
        env.FromGenerator(Make, records).Hash(e => e.Key).Map(e => e.Value).SinkTo(new DiscardSink<long>()));

    public static EngineJob Reduce(int parallelism) => new("reduce", parallelism, static (env, records) =>
        env.FromGenerator(Make, records).KeyBy(e => e.Key).Reduce((a, b) => a with { Value = a.Value + b.Value }).SinkTo(new DiscardSink<Event>()));

    public static EngineJob Count(int parallelism) => new("count", parallelism, static (env, records) =>
        env.FromGenerator(Make, records).KeyBy(e => e.Key).Process(() => new CountFunction()).SinkTo(new DiscardSink<Event>()));

    /// <param name="parallelism">How many subtasks.</param>
    /// <param name="hasFewKeys">Whether there are so few keys that they are aggregated in front of the exchange.</param>
    public static EngineJob Tumbling(int parallelism, bool hasFewKeys = false) => new("tumbling", parallelism, (env, records) =>
        env.FromGenerator(MakeForWindows, records, watermarks: Time(records, env.Options.Parallelism))
            .KeyBy<long>(hasFewKeys ? e => e.Key % FewKeys : e => e.Key)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromHours(1)))
            .Aggregate(() => new TotalsOf())
            .SinkTo(new DiscardSink<long>()));

    public static EngineJob Sliding(int parallelism) => new("sliding", parallelism, static (env, records) =>
        env.FromGenerator(MakeForWindows, records, watermarks: Time(records, env.Options.Parallelism))
            .KeyBy(e => e.Key)
            .Window(SlidingEventTimeWindows.Of(TimeSpan.FromHours(10), TimeSpan.FromHours(1)))
            .Aggregate(() => new TotalsOf())
            .SinkTo(new DiscardSink<long>()));

    /// <summary>
    /// The model of the architecture's section 14: generators → hash exchange of 40-byte records → counters over 100,000 keys.
    /// </summary>
    public static EngineJob Pipeline(int parallelism) => new("pipeline", parallelism, static (env, records) =>
        env.FromGenerator(MakeReading, records).KeyBy(r => r.Key).Process(() => new ReadingCount()).SinkTo(new DiscardSink<long>()));

    public static Event Make(long index) => new(Scrambled.Below(index, Keys), index);

    public static Event MakeForWindows(long index) => new(Scrambled.Below(index, WindowKeys), index);

    public static Reading MakeReading(long index) => new(Scrambled.Below(index, Keys), index, 0, 1, 2);

    /// <summary>
    /// An hour a window. Every source subtask reads a range of its own, so time is taken from the place in the range: all subtasks then live at the
    /// same time, and none is late.
    /// </summary>
    public static WatermarkStrategy<Event> Time(long records, int parallelism)
    {
        long range = records / parallelism;
        long perWindow = RecordsPerWindow / parallelism;
        return WatermarkStrategy<Event>.ForMonotonousTimestamps()
            .WithTimestampAssigner(e => e.Value % range * TimedFeed.Slide / perWindow)
            .WithWatermarkEvery(RecordsPerWatermark);
    }
}

/// <summary>Counts readings in keyed state.</summary>
internal sealed class ReadingCount : KeyedProcessFunction<long, Reading, long>
{
    private State.ValueState<long> _count = null!;

    public override void Open(RuntimeContext context) => _count = context.GetState(new State.ValueStateDescriptor<long>("count"));

    public override void ProcessElement(Reading value, KeyedProcessContext<long> context, Collector<long> output) => _count.GetOrAdd()++;
}
