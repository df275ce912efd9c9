using System.Globalization;
using Millrace.Benchmarks.Harness;
using Millrace.Benchmarks.Parts;

namespace Millrace.Benchmarks.Modes;

/// <summary>Measures everything once, in less than a minute, and compares it with the budgets of the architecture. Fails for nothing: times are for people.</summary>
internal sealed class QuickMode(TextWriter output)
{
    private const long Million = 1 << 20;
    private static readonly Density Dense = new(Keys: 64, RecordsPerSlide: 16 * 1024);
    private static readonly Density Sparse = new(Keys: 1_000, RecordsPerSlide: 1024);
    private readonly List<Line> _lines = [];

    public async Task RunAsync(string? jsonFile)
    {
        await output.WriteLineAsync(Machine.Describe()).ConfigureAwait(false);
        await output.WriteLineAsync($"{"name",-42} {"ns/record",9} {"M rec/s",8} {"ratio",7} {"B/record",9}  budget").ConfigureAwait(false);
        await StatelessAsync().ConfigureAwait(false);
        await ExchangeAsync().ConfigureAwait(false);
        await KeyedAsync().ConfigureAwait(false);
        await WindowsAsync("dense", Dense, [1, 10, 100, 1000], 24 * Million).ConfigureAwait(false);
        await WindowsAsync("sparse", Sparse, [1, 10, 100], Million).ConfigureAwait(false);
        await JobsAsync().ConfigureAwait(false);
        await LatencyAsync().ConfigureAwait(false);
        if (jsonFile is not null)
        {
            await ResultFile.WriteAsync(jsonFile, _lines).ConfigureAwait(false);
        }
    }

    private async Task StatelessAsync()
    {
        using var loop = new HandWrittenLoop();
        using var feed = new FeedOnly();
        using var operators = new StatelessOperators();
        using var source = EngineJobs.SourceOnly(1);
        using var job = EngineJobs.Stateless(1);
        var cost = await Stopwatches.MeasureAsync(3, (loop, 32 * Million), (feed, 32 * Million), (operators, 32 * Million), (source, 24 * Million), (job, 24 * Million))
            .ConfigureAwait(false);
        double own = cost[0].Nanoseconds;
        Add(new Line("stateless: hand-written loop", own, own, cost[0].Bytes));
        Add(new Line("stateless: feeding batches alone", cost[1].Nanoseconds, own, cost[1].Bytes));
        double perOperator = (cost[2].Nanoseconds - cost[1].Nanoseconds - own) / 3;
        Add(new Line("stateless: map, filter, map operators", cost[2].Nanoseconds, own, cost[2].Bytes, Budget("on top, per operator", perOperator, 5, "ns")));
        Add(new Line("job, 1 subtask: source alone", cost[3].Nanoseconds, own, cost[3].Bytes));
        perOperator = (cost[4].Nanoseconds - cost[3].Nanoseconds - own) / 3;
        Add(new Line("job, 1 subtask: map, filter, map", cost[4].Nanoseconds, own, cost[4].Bytes, Budget("on top, per operator", perOperator, 5, "ns")));
    }

    private async Task ExchangeAsync()
    {
        using var own = new HandWrittenPartition();
        using var one = new HashExchange(1);
        using var two = new HashExchange(2);
        var cost = await Stopwatches.MeasureAsync(3, (own, 16 * Million), (one, 16 * Million), (two, 16 * Million)).ConfigureAwait(false);
        double baseline = cost[0].Nanoseconds;
        Add(new Line("exchange: hash and copy by hand, 1 thread", baseline, baseline, cost[0].Bytes));
        Add(new Line("exchange: 1 → 1, 40 bytes", cost[1].Nanoseconds, baseline, cost[1].Bytes, Budget("both cores' time", 2 * cost[1].Nanoseconds, 25, "ns")));
        Add(new Line("exchange: hash 2 → 2, 40 bytes", cost[2].Nanoseconds, baseline, cost[2].Bytes, Budget("both cores' time", 2 * cost[2].Nanoseconds, 25, "ns")));
    }

    private async Task KeyedAsync()
    {
        foreach (long keys in (long[])[1_000, 100_000, 2_000_000])
        {
            using var dictionary = new DictionaryCount(keys);
            using var count = new KeyedCount(keys);
            using var reduce = new KeyedReduce(keys);
            long records = 4 * Million;
            var cost = await Stopwatches.MeasureAsync(2, (dictionary, records), (count, records), (reduce, records)).ConfigureAwait(false);
            double own = cost[0].Nanoseconds;
            bool budgeted = keys == 100_000;
            Add(new Line($"keyed, {keys:N0} keys: Dictionary", own, own, cost[0].Bytes));
            Add(new Line($"keyed, {keys:N0} keys: count", cost[1].Nanoseconds, own, cost[1].Bytes, budgeted ? Budget("a record", cost[1].Nanoseconds, 100, "ns") : ""));
            Add(new Line($"keyed, {keys:N0} keys: reduce", cost[2].Nanoseconds, own, cost[2].Bytes, budgeted ? Budget("a record", cost[2].Nanoseconds, 100, "ns") : ""));
        }
    }

    private async Task WindowsAsync(string kind, Density density, int[] ratios, long records)
    {
        using var dictionary = new DictionaryWindows(density);
        var parts = new List<(Part, long)> { (dictionary, records) };
        parts.AddRange(ratios.Select(ratio => ((Part)new SliceWindows(density, ratio), records)));
        var cost = await Stopwatches.MeasureAsync(1, [.. parts]).ConfigureAwait(false);
        double own = cost[0].Nanoseconds;
        Add(new Line($"windows, {kind}: tumbling Dictionary", own, own, cost[0].Bytes));
        for (int i = 0; i < ratios.Length; i++)
        {
            string name = ratios[i] == 1 ? $"windows, {kind}: tumbling" : $"windows, {kind}: sliding, size/slide {ratios[i]}";
            bool last = i == ratios.Length - 1;
            string verdict = last && density == Dense ? Budget("to size/slide 10", cost[i + 1].Nanoseconds / cost[2].Nanoseconds, 1.25, "×") : "";
            Add(new Line(name, cost[i + 1].Nanoseconds, own, cost[i + 1].Bytes, verdict));
            parts[i + 1].Item1.Dispose();
        }
    }

    private async Task JobsAsync()
    {
        using var pipeline = EngineJobs.Pipeline(2);
        using var reduce = EngineJobs.Reduce(2);
        using var tumbling = EngineJobs.Tumbling(2);
        using var sliding = EngineJobs.Sliding(2);
        using var fewKeys = EngineJobs.Tumbling(2, hasFewKeys: true);
        long records = 12 * Million;
        var cost = await Stopwatches.MeasureAsync(1, (pipeline, records), (reduce, records), (tumbling, records), (sliding, records), (fewKeys, records)).ConfigureAwait(false);
        Add(new Line("job, 2 subtasks: hash, keyed count, 40 B", cost[0].Nanoseconds, double.NaN, cost[0].Bytes));
        Add(new Line("job, 2 subtasks: hash, keyed reduce", cost[1].Nanoseconds, double.NaN, cost[1].Bytes));
        Add(new Line("job, 2 subtasks: hash, tumbling window", cost[2].Nanoseconds, double.NaN, cost[2].Bytes));
        Add(new Line("job, 2 subtasks: hash, sliding window 10", cost[3].Nanoseconds, double.NaN, cost[3].Bytes));
        Add(new Line("job, 2 subtasks: tumbling window, 16 keys", cost[4].Nanoseconds, double.NaN, cost[4].Bytes));
    }

    private async Task LatencyAsync()
    {
        var clock = TimeProvider.System;
        double greatest = 0;
        for (int round = 0; round < 2; round++)
        {
            long start = clock.GetTimestamp();
            await LatencyRun.RunAsync(null, 8 * Million).ConfigureAwait(false);
            greatest = Math.Max(greatest, 8 * Million / clock.GetElapsedTime(start).TotalSeconds);
        }

        double pace = greatest / 2;
        var histogram = await LatencyRun.RunAsync(pace, Math.Max(1, (long)(pace * 5 / Million)) * Million).ConfigureAwait(false);
        double p50 = histogram.GetValueAtPercentile(50) / 1000.0;
        double p99 = histogram.GetValueAtPercentile(99) / 1000.0;
        double p999 = histogram.GetValueAtPercentile(99.9) / 1000.0;
        Add(new Line("latency job: as fast as it can", 1e9 / greatest, double.NaN, double.NaN));
        Add(new Line(
            "latency job: half of that",
            1e9 / pace,
            double.NaN,
            double.NaN,
            Budget(string.Create(CultureInfo.InvariantCulture, $"p50 {p50:0.00} ms, p99.9 {p999:0.00} ms, p99"), p99, 10, "ms")));
    }

    private static string Budget(string what, double value, double budget, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{what} {value:0.00} {unit} of {budget:0.##} {unit}: {(value <= budget ? "met" : "MISSED")}");

    private void Add(Line line)
    {
        _lines.Add(line);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{line.Name,-42} {line.Nanoseconds,9:0.00} {line.RecordsPerSecond / 1e6,8:0.0} {line.Ratio,7:0.00} {line.Bytes,9:0.000}  {line.Verdict}"));
    }
}
