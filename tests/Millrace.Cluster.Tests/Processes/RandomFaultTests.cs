using System.Globalization;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>
/// A job that writes exactly once, on three workers with addresses of their own: processes, the network, the disk of the checkpoints and the store of the membership fail at random, and what was written is compared with what
/// must be. MILLRACE_CLUSTER_ROUNDS says how many faults there are, MILLRACE_CLUSTER_SEED which.
/// </summary>
[Collection(nameof(Processes))]
public sealed class RandomFaultTests : IDisposable
{
    private const int RecordsPerSecond = 4_000;
    private const int LongestRound = 15;

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-faults-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_job_stays_exactly_right_under_faults_of_processes_network_disk_and_store()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows knows no signals.");
        int rounds = Setting("MILLRACE_CLUSTER_ROUNDS", 6);

        // The first six of this one are of six kinds: two apart, disturbed, not heard, cut off, store and disk.
        int seed = Setting("MILLRACE_CLUSTER_SEED", 5);
        int count = RecordsPerSecond * LongestRound * (rounds + 2);
        string checkpoints = Path.Combine(_folder, "checkpoints");
        using var network = NetworkLab.TryCreate(3, seed, out string noNetwork);

        // The state grows with the length of the job: half of its records are of ranges whose time comes at the end only.
        using var disk = SmallDisk.TryCreate(checkpoints, rounds <= 8 ? 48 : 40 * rounds, out string noDisk);
        foreach (string missing in new[] { noNetwork, noDisk }.Where(why => why.Length > 0))
        {
            TestContext.Current.TestOutputHelper!.WriteLine($"Without some of the faults: {missing}");
        }

        await using var store = await HaltableServer.StartAsync("Postgres", network);
        await using var scene = new ClusterScene(
            [("Membership:Kind", "Postgres"), ("Membership:ConnectionString", store.ConnectionString), ("Slots", "2")],
            _folder,
            $"--Trades={Path.Combine(_folder, "results")}",
            "--Totals=true",
            $"--Count={count}",
            $"--Rate={RecordsPerSecond}",
            "--Millrace:Parallelism=4",
            $"--Millrace:Checkpoints:Directory={checkpoints}",
            "--Millrace:Checkpoints:Interval=00:00:00.5")
        {
            Network = network,
        };
        var results = new TradesResults(Path.Combine(_folder, "results"));
        await using var commits = new CommitTimes(results, scene.Clock);
        var random = new Random(seed);
        var faults = new FaultRounds(scene, commits, random) { Disk = disk, Store = store };
        await faults.StartAsync("a", "b", "c");

        // Each once before any comes again.
        var next = new Queue<Fault>();
        for (int round = 0; round < rounds; round++)
        {
            if (next.Count == 0)
            {
                next = new Queue<Fault>(faults.Faults.OrderBy(_ => random.Next()));
            }

            await faults.RunAsync(next.Dequeue());
        }

        faults.Report();
        Assert.Contains(" Running ", await faults.Workers.First().AskAsync("status"), StringComparison.Ordinal);
        await faults.FinishAsync();
        results.MustBeComplete(count, withTotals: true);
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int set) ? set : otherwise;
}
