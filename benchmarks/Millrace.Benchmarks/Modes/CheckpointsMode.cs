using System.Diagnostics;
using System.Globalization;
using Millrace.Benchmarks.Harness;
using Millrace.Benchmarks.Parts;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;

namespace Millrace.Benchmarks.Modes;

/// <summary>
/// What checkpoints into a folder cost a whole job with much state, and how fast the job is back from them. The hard case: the job does nothing but update
/// state of evenly spread keys as fast as both cores can, so that whatever a checkpoint does is taken from it.
/// </summary>
internal sealed class CheckpointsMode(TextWriter output)
{
    private const int Subtasks = 2;
    private const double BytesPerEntry = 104;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);
    private readonly StateProbe[] _probes = [.. Enumerable.Range(0, Subtasks).Select(_ => new StateProbe())];

    private readonly record struct Figures(double PerSecond, double PerCoreSecond, double LongestMilliseconds, int Collections, double CollectionMilliseconds);

    /// <param name="megabytes">How much state.</param>
    /// <param name="folder">Where checkpoints go; null for a temporary folder. It is left empty.</param>
    /// <param name="rounds">How many checkpoints are measured.</param>
    public async Task RunAsync(long megabytes, string? folder, int rounds)
    {
        await output.WriteLineAsync(Machine.Describe()).ConfigureAwait(false);
        folder = Path.Combine(folder ?? Path.GetTempPath(), $"millrace-checkpoints-{Environment.ProcessId}");
        try
        {
            long keys = (long)(megabytes * 1e6 / BytesPerEntry) / Subtasks * Subtasks;
            await MeasureThroughputAsync(keys, Path.Combine(folder, "large"), rounds).ConfigureAwait(false);
            await MeasureRecoveryAsync("large state", keys, Path.Combine(folder, "large")).ConfigureAwait(false);
            await MeasureRecoveryAsync("small state", 10_000, Path.Combine(folder, "small")).ConfigureAwait(false);
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private async Task MeasureThroughputAsync(long keys, string folder, int rounds)
    {
        Figures bare;
        await using (var job = Start(keys, null))
        {
            await FillAsync(job, keys).ConfigureAwait(false);
            bare = await ObserveAsync(job, Interval).ConfigureAwait(false);
            Print("no storage", bare, bare);
        }

        await using (var job = Start(keys, folder))
        {
            await FillAsync(job, keys).ConfigureAwait(false);
            // The machine is faster at one time than at another: each interval with a checkpoint is compared with those before and after it.
            var before = await ObserveAsync(job, Interval).ConfigureAwait(false);
            Print("storage, no checkpoint", before, bare);
            var lossesByCore = new List<double>();
            var lossesByClock = new List<double>();
            for (int round = 0; round < rounds; round++)
            {
                var complete = job.CheckpointAsync();
                var busy = await ObserveAsync(job, Interval).ConfigureAwait(false);
                await complete.ConfigureAwait(false);
                var after = await ObserveAsync(job, Interval).ConfigureAwait(false);
                double byCore = 1 - (busy.PerCoreSecond / ((before.PerCoreSecond + after.PerCoreSecond) / 2));
                double byClock = 1 - (busy.PerSecond / ((before.PerSecond + after.PerSecond) / 2));
                Print("a checkpoint in 10 s", busy, before);
                Print(job.Completed[^1]);
                Print("storage, no checkpoint", after, bare);
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    lost to the checkpoint: {byCore:P1} of what a second of a core does, {byClock:P1} by the clock"));
                if (round > 0)
                {
                    lossesByCore.Add(byCore);
                    lossesByClock.Add(byClock);
                }

                before = after;
            }

            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"median behind the first: {Median(lossesByCore):P1} of what a second of a core does, {Median(lossesByClock):P1} by the clock"));
        }
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values.Count == 0 ? double.NaN : (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }

    private async Task MeasureRecoveryAsync(string name, long keys, string folder)
    {
        if (!Directory.Exists(folder))
        {
            await using var job = Start(keys, folder);
            await FillAsync(job, keys).ConfigureAwait(false);
            await job.CheckpointAsync().ConfigureAwait(false);
        }

        // The other job's memory is not this one's.
        GC.Collect();
        foreach (var probe in _probes)
        {
            probe.Reset();
        }

        long start = Stopwatch.GetTimestamp();
        await using var restored = Start(keys, folder);
        await ReportAsync($"{name}: started again", restored, start).ConfigureAwait(false);
        foreach (var probe in _probes)
        {
            probe.Reset();
        }

        start = Stopwatch.GetTimestamp();
        _probes[0].Fail();
        await ReportAsync($"{name}: failed, delay of 1 s", restored, start).ConfigureAwait(false);
    }

    private async Task ReportAsync(string name, RunningJob job, long start)
    {
        while (!job.AllRun || !_probes.All(probe => probe.IsAnew))
        {
            await PauseAsync(job, Look).ConfigureAwait(false);
        }

        double opened = Stopwatch.GetElapsedTime(start, _probes.Max(probe => probe.OpenedAt)).TotalSeconds;
        double first = Stopwatch.GetElapsedTime(start, _probes.Min(probe => probe.FirstAt)).TotalSeconds;
        double all = Stopwatch.GetElapsedTime(start, _probes.Max(probe => probe.FirstAt)).TotalSeconds;
        using var process = Process.GetCurrentProcess();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-36} all open {opened:0.00} s, first record {first:0.00} s, records everywhere {all:0.00} s; state {(_probes.All(probe => probe.HadState) ? "was there" : "WAS NOT THERE")}; peak working set {process.PeakWorkingSet64 / 1e6:0} MB"));
    }

    private RunningJob Start(long keys, string? folder)
    {
        var options = new ExecutionOptions { Parallelism = Subtasks };
        options.Checkpoints.Storage = folder is null ? null : new DirectoryCheckpointStorage(folder);
        options.Checkpoints.JobId = "state";
        var env = new StreamExecutionEnvironment(options);
        StateJob.Build(env, keys, _probes);
        return new RunningJob(env, "state");
    }

    private async Task FillAsync(RunningJob job, long keys)
    {
        long before = _probes.Sum(probe => probe.Entries);
        while (_probes.Sum(probe => probe.Entries) < before + keys)
        {
            await PauseAsync(job, Look).ConfigureAwait(false);
        }

        // What was thrown away while tables grew is collected now and not while it is measured; then the data path warms up.
        GC.Collect();
        await PauseAsync(job, TimeSpan.FromSeconds(2)).ConfigureAwait(false);
    }

    private async Task<Figures> ObserveAsync(RunningJob job, TimeSpan duration)
    {
        foreach (var probe in _probes)
        {
            probe.TakeLongest();
        }

        int collections = GC.CollectionCount(0);
        var pause = GC.GetTotalPauseDuration();
        long records = _probes.Sum(probe => probe.Records);
        double cores = CoreSeconds();
        long start = Stopwatch.GetTimestamp();
        await PauseAsync(job, duration).ConfigureAwait(false);
        records = _probes.Sum(probe => probe.Records) - records;
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Figures(
            records / seconds, records / (CoreSeconds() - cores), _probes.Max(probe => probe.TakeLongest()), GC.CollectionCount(0) - collections, (GC.GetTotalPauseDuration() - pause).TotalMilliseconds);
    }

    // Others on the machine take time on the clock, but not this.
    private static double CoreSeconds()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }

    private static async Task PauseAsync(RunningJob job, TimeSpan duration)
    {
        await Task.Delay(duration, TimeProvider.System).ConfigureAwait(false);
        await job.ThrowIfFailedAsync().ConfigureAwait(false);
    }

    private void Print(string name, Figures figures, Figures baseline) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{name,-24} {figures.PerSecond / 1e6,7:0.00} M/s, {figures.PerSecond / baseline.PerSecond,6:0.000} ×; {figures.PerCoreSecond / 1e6,6:0.00} M a second of a core, {figures.PerCoreSecond / baseline.PerCoreSecond,6:0.000} ×; longest gap {figures.LongestMilliseconds,6:0.0} ms, {figures.Collections} collections with {figures.CollectionMilliseconds:0.0} ms of pauses"));

    private void Print(CheckpointRecord record) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"    checkpoint {record.Id}: {record.Duration!.Value.TotalSeconds:0.00} s, state {record.StateBytes / 1e6:0} MB, written {record.WrittenBytes / 1e6:0} MB, sync at most {record.Subtasks.Max(subtask => subtask.Statistics.Sync):0.00} ms, async at most {record.Subtasks.Max(subtask => subtask.Statistics.Async):0} ms, alignment at most {record.Subtasks.Max(subtask => subtask.Statistics.Alignment):0.0} ms"));
}
