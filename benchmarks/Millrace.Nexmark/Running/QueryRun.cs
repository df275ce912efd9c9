using System.Diagnostics;
using System.Runtime;
using Millrace.Checkpointing;
using Millrace.Nexmark.Generator;
using Millrace.Nexmark.HandWritten;
using Millrace.Nexmark.Queries;

namespace Millrace.Nexmark.Running;

/// <summary>Runs queries as jobs in this process, and measures them.</summary>
internal sealed class QueryRun(RunOptions options, TextWriter progress) : IDisposable
{
    /// <summary>What the sink of every query is called.</summary>
    public const string SinkName = "sink";

    private const double Megabyte = 1 << 20;
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(2);

    private readonly GcPauses _pauses = new();

    // Code is compiled a second and a third time in the background, behind what the first runs have begun: it is time that warms up, and not a number of events.
    private static readonly TimeSpan LeastWarmup = TimeSpan.FromSeconds(1.5);

    // A query is warm when the compiler has taken no more than this of the runs of a second: what a job does once is compiled for the last time after thirty jobs.
    private const double CompilingWhenWarm = 0.02;
    private static readonly TimeSpan WarmTime = TimeSpan.FromSeconds(1);

    /// <summary>Runs a query, to warm up and then to measure.</summary>
    public async Task<Figures> MeasureAsync(NexmarkQuery query, CancellationToken cancellationToken)
    {
        await WarmUpAsync(query, cancellationToken).ConfigureAwait(false);
        return await MeasureRoundsAsync(query, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs a query again and again, its hand-written loop in turn with it, until their code is as good as it gets.</summary>
    public async Task WarmUpAsync(NexmarkQuery query, CancellationToken cancellationToken)
    {
        if (options.Warmup == 0)
        {
            return;
        }

        // At a pace, the ways of those who wait are gone too, which nobody goes otherwise; for as long as the other warm-up takes, and once more.
        GeneratorOptions? paced = options.Generator.Tps is { } tps ? options.Generator with { Events = Math.Max(1, (long)(tps * LeastWarmup.TotalSeconds)) } : null;
        await progress.WriteLineAsync($"{query.Name}: warming up, {options.Warmup:N0} events at a time").ConfigureAwait(false);
        long start = Stopwatch.GetTimestamp();
        long warmSince = start;
        bool isWarm;
        do
        {
            long runStart = Stopwatch.GetTimestamp();
            var compiledBefore = JitInfo.GetCompilationTime();
            await RunAsync(query, options.Generator with { Events = options.Warmup, Tps = null }, cancellationToken).ConfigureAwait(false);
            if (HasLoop(query))
            {
                RunLoop(query.Name, options.Generator with { Events = options.Warmup, Tps = null });
                RunLoop(Loops.Generator, options.Generator with { Events = options.Warmup, Tps = null });
            }

            warmSince = (JitInfo.GetCompilationTime() - compiledBefore) / Stopwatch.GetElapsedTime(runStart) > CompilingWhenWarm ? Stopwatch.GetTimestamp() : warmSince;
            isWarm = Stopwatch.GetElapsedTime(start) >= LeastWarmup && Stopwatch.GetElapsedTime(warmSince) >= WarmTime;
        }
        while (!isWarm && Stopwatch.GetElapsedTime(start) < options.MostWarmup);
        if (paced is not null)
        {
            await RunAsync(query, paced, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Runs a query, its hand-written loop and the generator alone in turn with it. The fastest round of each counts: what disturbs is not what is measured.</summary>
    public async Task<Figures> MeasureRoundsAsync(NexmarkQuery query, CancellationToken cancellationToken)
    {
        string? output = options.Output is null ? null : Path.Combine(options.Output, query.Name);
        Figures? best = null;
        double? loop = null;
        double? generator = null;
        for (int round = 0; round < options.Rounds; round++)
        {
            var figures = await RunAsync(query, options.Generator, options.Input, output, cancellationToken).ConfigureAwait(false);
            best = best is null || figures.EventsPerSecondPerCore > best.EventsPerSecondPerCore ? figures : best;
            if (HasLoop(query))
            {
                loop = Math.Max(loop ?? 0, RunLoop(query.Name, options.Generator with { Tps = null }).EventsPerSecondPerCore);
                generator = Math.Max(generator ?? 0, RunLoop(Loops.Generator, options.Generator with { Tps = null }).EventsPerSecondPerCore);
            }
        }

        return best! with { HandWrittenEventsPerSecondPerCore = loop, GeneratorEventsPerSecondPerCore = generator };
    }

    /// <summary>Runs a hand-written loop.</summary>
    /// <returns>Events a second of a core, in which what the garbage collector does beside the loop counts as it does for a job; and what was allocated.</returns>
    public static (double EventsPerSecondPerCore, long AllocatedBytes) RunLoop(string name, GeneratorOptions events)
    {
        var generator = new NexmarkGenerator(events);
        Collect();
        long allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        var cpuBefore = Environment.CpuUsage.TotalTime;
        Loops.All[name](new EventBatches(generator), new Findings());
        return (events.Events / (Environment.CpuUsage.TotalTime - cpuBefore).TotalSeconds, GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore);
    }

    public void Dispose() => _pauses.Dispose();

    /// <summary>Runs a query once.</summary>
    public Task<Figures> RunAsync(NexmarkQuery query, GeneratorOptions events, CancellationToken cancellationToken) => RunAsync(query, events, input: null, output: null, cancellationToken);

    private bool HasLoop(NexmarkQuery query) => options.HandWritten && Loops.All.ContainsKey(query.Name);

    private async Task<Figures> RunAsync(NexmarkQuery query, GeneratorOptions events, string? input, string? output, CancellationToken cancellationToken)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"millrace-nexmark-{Guid.NewGuid():N}");
        try
        {
            var execution = new ExecutionOptions { Parallelism = options.Parallelism, BatchSize = options.BatchSize, BufferTimeout = options.BufferTimeout, StateBackend = options.Backend?.Invoke() };
            if (options.CheckpointInterval is { } interval)
            {
                execution.Checkpoints.Interval = interval;
                execution.Checkpoints.Storage = new DirectoryCheckpointStorage(Path.Combine(folder, "checkpoints"));
            }

            // At a fixed pace event time runs as fast as the clock, so that the time of an event says when it is due.
            events = events.Tps is { } tps ? events with { EventsPerSecond = tps } : events;
            var env = new StreamExecutionEnvironment(execution);
            var generator = new NexmarkGenerator(events);
            Collect();
            var latencies = events.Tps is null ? null : new Latencies(events.BaseTime, generator.Clock);
            output ??= query.WritesFiles ? Path.Combine(folder, "results") : null;
            query.Declare(new NexmarkInput(env, generator, query.HasEventTime, input), output is null ? new BlackholeSink(latencies) : new FileResults(output));
            return await MeasureAsync(query, events, env, latencies, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private async Task<Figures> MeasureAsync(
        NexmarkQuery query, GeneratorOptions events, StreamExecutionEnvironment env, Latencies? latencies, CancellationToken cancellationToken)
    {
        using var process = Process.GetCurrentProcess();
        _pauses.Reset();
        var pausedBefore = GC.GetTotalPauseDuration();
        long allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        var cpuBefore = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        await using var client = env.Start(query.Name);
        await using (cancellationToken.Register(client.Cancel).ConfigureAwait(false))
        {
            await WaitAsync(query, events, client, cancellationToken).ConfigureAwait(false);
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        process.Refresh();
        double cpu = (process.TotalProcessorTime - cpuBefore).TotalSeconds;
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore;
        var metrics = client.GetMetrics();
        long read = metrics.RecordsRead;
        var latency = latencies?.All();
        double? Percentile(double percentile) => latency?.GetValueAtPercentile(percentile) / 1000.0;
        return new Figures(
            query.Name,
            options.Parallelism,
            env.Options.StateBackend?.Name ?? "heap",
            read,
            seconds,
            read / seconds,
            cpu / seconds,
            read / cpu,
            HandWrittenEventsPerSecondPerCore: null,
            (double)allocated / read,
            _pauses.LongestMilliseconds,
            process.PeakWorkingSet64 / Megabyte,
            Percentile(50),
            Percentile(99),
            Percentile(99.9))
        {
            Results = metrics[SinkName].RecordsIn,
            TotalGcPauseMs = (GC.GetTotalPauseDuration() - pausedBefore).TotalMilliseconds,
            CheckpointMs = [.. client.GetCheckpoints().History.Where(checkpoint => checkpoint.Duration is not null).Select(checkpoint => checkpoint.Duration!.Value.TotalMilliseconds)],
        };
    }

    private async Task WaitAsync(NexmarkQuery query, GeneratorOptions events, JobClient client, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await client.Completion.WaitAsync(ProgressEvery, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (TimeoutException)
            {
                long read = client.GetMetrics().RecordsRead;
                string all = options.Input is null ? $" of {events.Events:N0}" : "";
                await progress.WriteLineAsync($"{query.Name}: {read:N0}{all} events in {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s").ConfigureAwait(false);
            }
        }
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}
