using System.Diagnostics;
using System.Globalization;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>How many records a second a job gets through in one process without a cluster, on one worker and on two. Measured when MILLRACE_CLUSTER_THROUGHPUT says how many times; nothing is asserted but the results.</summary>
[Collection(nameof(Processes))]
public sealed class ThroughputTests : IDisposable
{
    private const int Few = 500_000;
    private const int Many = 3_000_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-throughput-").FullName;
    private int _runs;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_job_on_workers_is_compared_with_the_same_job_in_one_process()
    {
        int rounds = int.TryParse(Environment.GetEnvironmentVariable("MILLRACE_CLUSTER_THROUGHPUT"), NumberStyles.None, CultureInfo.InvariantCulture, out int set) ? set : 0;
        Assert.SkipWhen(rounds == 0, "It measures, and takes minutes: MILLRACE_CLUSTER_THROUGHPUT says how many times each is measured.");
        var rates = new Dictionary<string, List<double>> { ["embedded"] = [], ["one worker"] = [], ["two workers"] = [] };
        for (int round = 0; round < rounds; round++)
        {
            // In turn, so that a machine that gets slower does so for all.
            foreach (var (what, measured) in rates)
            {
                int workers = what == "embedded" ? 0 : what == "one worker" ? 1 : 2;

                // The difference of two lengths, in which what starting and stopping take is not.
                var few = await RunAsync(workers, Few);
                var many = await RunAsync(workers, Many);
                measured.Add(2 * (Many - Few) / (many - few).TotalSeconds);
                ClusterScene.Report($"{what}, {measured[^1]:N0} records a second", ("few", few), ("many", many));
            }
        }

        foreach (var (what, measured) in rates)
        {
            ClusterScene.Report($"{what}: {string.Join(", ", measured.Order().Select(rate => rate.ToString("N0", CultureInfo.InvariantCulture)))} records a second");
        }
    }

    /// <returns>How long it took from the start of the processes to the end of the last.</returns>
    private async Task<TimeSpan> RunAsync(int workers, int count)
    {
        string folder = Path.Combine(_folder, $"{++_runs}");
        string results = Path.Combine(folder, "results");
        await using var scene = new ClusterScene(
            [("Membership:Kind", "Directory"), ("Membership:Directory", Path.Combine(folder, "members")), ("Slots", workers == 2 ? "1" : "2")],
            folder,
            $"--Trades={results}",
            $"--Count={count}",
            "--Rate=100000000",
            $"--Embedded={(workers == 0 ? "true" : "false")}",
            "--StopWhenFinished=true",
            "--Millrace:Parallelism=2",
            $"--Millrace:Checkpoints:Directory={Path.Combine(folder, "checkpoints")}",
            "--Millrace:Checkpoints:Interval=00:00:01");
        var clock = Stopwatch.StartNew();
        WorkerProcess[] processes = [.. Enumerable.Range(0, Math.Max(1, workers)).Select(i => scene.Start($"{i}"))];
        foreach (var process in processes)
        {
            Assert.Equal(0, (await process.EndAsync()).ExitCode);
        }

        var time = clock.Elapsed;
        new TradesResults(results).MustBeComplete(count);
        Directory.Delete(folder, recursive: true);
        return time;
    }
}
