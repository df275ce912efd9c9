using Millrace.Connectors;
using Millrace.State;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>The jobs of the matrix. A feature joins by adding a line here.</summary>
internal static partial class MatrixJobs
{
    private static readonly OutputTag<Reading> Late = new("late");
    private static readonly StateTtl Day = new(TimeSpan.FromDays(1)) { Update = StateTtlUpdate.OnReadAndWrite };
    private static readonly OutputTag<DeadLetter<Reading>> Broken = new("broken");

    public static IReadOnlyList<MatrixJob> All { get; } =
    [
        new("map, filter, flatMap, union", Stateless, KeepsNoState: true),
        new("rebalance", Rebalanced, KeepsNoState: true),
        new("broadcast", Broadcast),
        new("several sources and sinks", SeveralSourcesAndSinks, KeepsNoState: true),
        new("keyed reduce", Reduce) { KeepsKeyedState = true },
        new("value, list and map state with event timers", job => job.Capture(Keyed(job).Process(() => new BucketTotals()), "totals")) { KeepsKeyedState = true },
        new("state with a time to live", job => job.Capture(Keyed(job).Process(() => new BucketTotals(Day)), "totals")) { KeepsKeyedState = true },
        new("processing timers", job => job.Capture(Keyed(job).Process(() => new Delayed()), "delayed")) { KeepsKeyedState = true },
        new("tumbling windows", job => job.Capture(Keyed(job).Window(Tumbling(50)).Aggregate(() => new Total()), "totals")) { KeepsKeyedState = true },
        new("sliding windows", job => job.Capture(Keyed(job).Window(Sliding(100, 25)).Reduce((a, b) => a with { Value = a.Value + b.Value, Time = 0 }), "sums")) { KeepsKeyedState = true },
        new("windows of a function", job => job.Capture(Keyed(job).Window(Tumbling(75)).Process(() => new SortedWindow()), "windows")) { KeepsKeyedState = true },
        new("windows of windows", WindowsOfWindows) { KeepsKeyedState = true },
        new("late data", LateData) { KeepsKeyedState = true },
        new("allowed lateness", AllowedLateness) { KeepsKeyedState = true },
        new("operator state", OperatorState),
        new("asynchronous calls, ordered", job => Asynchronous(job, new() { Capacity = 7 })),
        new("asynchronous calls, unordered, with retries", job => Asynchronous(job, new()
        {
            Capacity = 40,
            Order = AsyncOrder.Unordered,
            Retry = AsyncRetry<Reading>.FixedDelay(2, TimeSpan.FromMilliseconds(3)),
        })) { KeepsKeyedState = true },
        new("shuffle, rescale, global, custom", Partitionings, KeepsNoState: true),
        new("rolling aggregations", Rolling) { KeepsKeyedState = true },
        new("dead letters", DeadLetters),
        new("dead letters of a sink that gathers", DeadLettersOfASink),
        .. MatrixWindowJobs.All,
        .. TwoInputJobs,
        .. ConsistentJobs,
        new("files", Files, KnownResults: new JobResults([new("out", FileLines(1))])),
        .. FilesAndSequences,
    ];

    private static TumblingEventTimeWindows Tumbling(int milliseconds) => TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(milliseconds));

    private static SlidingEventTimeWindows Sliding(int size, int slide) => SlidingEventTimeWindows.Of(TimeSpan.FromMilliseconds(size), TimeSpan.FromMilliseconds(slide));

    private static SingleOutputStream<Reading> In(this ScriptedSource<Reading> source, JobUnderTest job) => job.Env.FromSource(source);

    private static KeyedStream<Reading, int> Keyed(JobUnderTest job) => Readings.Source().In(job).KeyBy(reading => reading.Key);

    private static void Stateless(JobUnderTest job)
    {
        var odd = job.Env.FromSequence(0, 299).Filter(n => n % 2 == 1).Map(n => n * 10);
        var even = job.Env.FromSequence(300, 499).Filter(n => n % 2 == 0);
        job.Capture(odd.Union(even).FlatMap<long>((n, output) =>
        {
            for (long i = 0; i < n % 3; i++)
            {
                output.Collect((n * 10) + i);
            }
        }), "numbers");
    }

    private static void Rebalanced(JobUnderTest job) =>
        job.Capture(job.Env.FromSequence(0, 299).Rebalance().Map(n => n + 1).Rebalance().Map(n => n * n), "squares");

    /// <summary>Every subtask gets every number, and takes those that are its own.</summary>
    private static void Broadcast(JobUnderTest job) =>
        job.Capture(job.Env.FromSequence(0, 299).Rebalance().Map(n => n).Broadcast().Process(() => new TakeOwn()), "numbers");

    private static void SeveralSourcesAndSinks(JobUnderTest job)
    {
        var readings = Readings.Source(2).In(job);
        var numbers = job.Env.FromSequence(0, 199);
        job.Capture(readings.Map(reading => reading.Value), "values");
        job.Capture(numbers.Filter(n => n % 3 == 0), "thirds");
        job.Capture(readings.Map(reading => (long)reading.Key).Union(numbers), "both");
    }

    private static void Reduce(JobUnderTest job) => job.Capture(
        job.Env.FromGenerator(i => new Reading((int)(i % 7), 1, 0), count: 400).KeyBy(reading => reading.Key).Reduce((a, b) => a with { Value = a.Value + b.Value }),
        "counts");

    private static void WindowsOfWindows(JobUnderTest job) => job.Capture(
        Keyed(job).Window(Tumbling(50)).Reduce((a, b) => a with { Value = a.Value + b.Value, Time = 0 })
            .KeyBy(reading => reading.Key % 2).Window(Tumbling(100)).Process(() => new SortedWindow()),
        "windows");

    private static void LateData(JobUnderTest job)
    {
        var windows = Readings.WithLateOnes().In(job).KeyBy(reading => reading.Key).Window(Tumbling(50)).SideOutputLateData(Late).Aggregate(() => new Total());
        job.Capture(windows, "totals");
        job.Capture(windows.GetSideOutput(Late), "late");
    }

    private static void AllowedLateness(JobUnderTest job) => job.Capture(
        Readings.WithLateOnes().In(job).KeyBy(reading => reading.Key).Window(Tumbling(50)).AllowedLateness(TimeSpan.FromSeconds(1)).Aggregate(() => new Total()), "totals");

    /// <summary>The results of calls go into windows: what is under way must not fall behind a watermark.</summary>
    private static void Asynchronous(JobUnderTest job, AsyncOptions<Reading, Reading> options) => job.Capture(
        Readings.Source().In(job).MapAsync(() => new SlowDoubling(fails: options.Retry is not null), options)
            .KeyBy(reading => reading.Key).Window(Tumbling(50)).Aggregate(() => new Total()),
        "totals");

    /// <summary>A function and a key selector fail; what becomes of that goes through exchanges too.</summary>
    private static void DeadLetters(JobUnderTest job)
    {
        var policy = ErrorPolicy.ToSideOutput(Broken);
        var mapped = Readings.Source().In(job).Map(reading => reading.Value % 11 == 0 ? throw new FormatException("eleven") : reading).OnError(policy).Name("map");
        var totals = mapped.KeyBy(reading => reading.Value % 13 == 0 ? throw new FormatException("thirteen") : reading.Key).Process(() => new BucketTotals()).OnError(policy).Name("totals");
        job.Capture(totals, "totals");
        job.Capture(
            mapped.GetSideOutput(Broken).Union(totals.GetSideOutput(Broken)).Rebalance().Map(letter => (letter.Operator, letter.Stage, letter.Record, letter.Timestamp, letter.Message)),
            "letters");
    }

    /// <summary>The sink finds out when it sends, at a barrier or because it has enough, which records it cannot write.</summary>
    private static void DeadLettersOfASink(JobUnderTest job)
    {
        var sink = Readings.Source().In(job).Rebalance().SinkTo(new GatheringSink()).Name("gathers").OnError(ErrorPolicy.ToSideOutput(Broken));
        job.Capture(sink.GetSideOutput(Broken).Map(letter => (letter.Operator, letter.Stage, letter.Record, letter.Timestamp, letter.Message)), "letters");
    }

    private static void Partitionings(JobUnderTest job) => job.Capture(
        job.Env.FromSequence(0, 299).Shuffle().Map(n => n + 1).Rescale().Map(n => n * 2).PartitionCustom((n, subtasks) => (int)(n % subtasks)).Map(n => n + 3).Global().Map(n => n * n),
        "numbers");

    private static void Rolling(JobUnderTest job)
    {
        // One subtask reads them, so that each key has them in order.
        var readings = job.Env.FromGenerator(i => new Reading((int)(i % 7), (int)(i * 37 % 101), 0), count: 400).Parallelism(1).KeyBy(reading => reading.Key);
        job.Capture(readings.Sum(reading => reading.Value, (reading, sum) => reading with { Value = sum }), "sums");
        job.Capture(readings.MaxBy(reading => reading.Value), "greatest");
        job.Capture(readings.Min(reading => reading.Value, (reading, least) => reading with { Value = least }), "least");
    }

    private static void OperatorState(JobUnderTest job)
    {
        var tallies = job.Shared<OperatorTallies>();
        job.CaptureAtEnd("tallies", tallies.Read);
        job.Capture(Readings.Source().In(job).Rebalance().Process(() => new OperatorStates(tallies, job.Start)), "numbers");
    }

    private static IEnumerable<string> FileLines(int time) => Enumerable.Range(0, 300).Select(i => $$"""{"key":{{i % 5}},"value":{{i}},"time":{{time}}}""");

    private static void Files(JobUnderTest job)
    {
        string input = Path.Combine(job.Folder, "in");
        if (!Directory.Exists(input))
        {
            Directory.CreateDirectory(input);
            for (int file = 0; file < 3; file++)
            {
                File.WriteAllLines(Path.Combine(input, $"{file}.jsonl"), FileLines(0).Skip(file * 100).Take(100));
            }
        }

        job.Env.FromSource(new FileSource<Reading>(input, JsonFormat.Lines<Reading>())).Rebalance().Map(reading => reading with { Time = 1 })
            .SinkTo(new FileSink<Reading>(Path.Combine(job.Folder, "out"), JsonFormat.Lines<Reading>(), new FileSinkOptions { WhenFolderHasFiles = WhenFolderHasFiles.Append }));
        job.CaptureFiles("out");
    }
}
