using System.Diagnostics;
using Millrace.Checkpointing;
using Millrace.Nexmark.Generator;
using Millrace.Nexmark.HandWritten;
using Millrace.Nexmark.Queries;

namespace Millrace.Nexmark.Running;

/// <summary>Runs queries as jobs in this process, and measures them.</summary>
internal sealed class QueryRun(RunOptions options, TextWriter progress) : IDisposable
{
    private const double Megabyte = 1 << 20;
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(2);

    private readonly GcPauses _pauses = new();

    /// <summary>Runs a query, once to warm up and once to measure.</summary>
    public async Task<Figures> MeasureAsync(NexmarkQuery query, CancellationToken cancellationToken)
    {
        if (options.Warmup > 0)
        {
            await progress.WriteLineAsync($"{query.Name}: warming up with {options.Warmup:N0} events").ConfigureAwait(false);
            await RunAsync(query, options.Generator with { Events = options.Warmup, Tps = null }, cancellationToken).ConfigureAwait(false);
        }

        var figures = await RunAsync(query, options.Generator, cancellationToken).ConfigureAwait(false);
        return options.HandWritten && Loops.All.ContainsKey(query.Name) ? figures with { HandWrittenEventsPerSecondPerCore = MeasureLoop(query.Name) } : figures;
    }

    /// <summary>Runs a hand-written loop, which takes one core.</summary>
    /// <returns>Events a second.</returns>
    public double MeasureLoop(string name)
    {
        var loop = Loops.All[name];
        progress.WriteLine($"{name}: the hand-written loop");
        var events = options.Generator with { Tps = null };
        loop(new NexmarkGenerator(events with { Events = options.Warmup }), new Findings());
        var generator = new NexmarkGenerator(events);
        Collect();
        long start = Stopwatch.GetTimestamp();
        loop(generator, new Findings());
        return events.Events / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose() => _pauses.Dispose();

    private async Task<Figures> RunAsync(NexmarkQuery query, GeneratorOptions events, CancellationToken cancellationToken)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"millrace-nexmark-{Guid.NewGuid():N}");
        try
        {
            var execution = new ExecutionOptions { Parallelism = options.Parallelism, StateBackend = options.Backend?.Invoke() };
            if (options.CheckpointInterval is { } interval)
            {
                execution.Checkpoints.Interval = interval;
                execution.Checkpoints.Storage = new DirectoryCheckpointStorage(folder);
            }

            // At a fixed pace event time runs as fast as the clock, so that the time of an event says when it is due.
            events = events.Tps is { } tps ? events with { EventsPerSecond = tps } : events;
            var env = new StreamExecutionEnvironment(execution);
            var generator = new NexmarkGenerator(events);
            Collect();
            var latencies = events.Tps is null ? null : new Latencies(events.BaseTime, generator.Clock);
            var sink = new BlackholeSink(latencies);
            query.Declare(new NexmarkInput(env, generator, query.HasEventTime), sink);
            return await MeasureAsync(query, events, env, sink, latencies, cancellationToken).ConfigureAwait(false);
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
        NexmarkQuery query, GeneratorOptions events, StreamExecutionEnvironment env, BlackholeSink sink, Latencies? latencies, CancellationToken cancellationToken)
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
        var latency = latencies?.All();
        double? Percentile(double percentile) => latency?.GetValueAtPercentile(percentile) / 1000.0;
        return new Figures(
            query.Name,
            options.Parallelism,
            env.Options.StateBackend?.Name ?? "heap",
            events.Events,
            seconds,
            events.Events / seconds,
            cpu / seconds,
            events.Events / cpu,
            HandWrittenEventsPerSecondPerCore: null,
            (double)allocated / events.Events,
            _pauses.LongestMilliseconds,
            process.PeakWorkingSet64 / Megabyte,
            Percentile(50),
            Percentile(99),
            Percentile(99.9))
        {
            Results = sink.Results,
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
                await progress.WriteLineAsync($"{query.Name}: {read:N0} of {events.Events:N0} events in {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s").ConfigureAwait(false);
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
