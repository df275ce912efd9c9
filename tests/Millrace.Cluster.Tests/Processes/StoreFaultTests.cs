namespace Millrace.Cluster.Tests.Processes;

/// <summary>What <see cref="RandomFaultTests"/> does with PostgreSQL, with membership in Redis: the store is away, and all workers are restarted.</summary>
[Collection(nameof(Processes))]
public sealed class StoreFaultTests : IDisposable
{
    private const int Count = 240_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-faults-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_job_outlives_its_Redis_and_coordinator_and_a_restart_of_all_workers_one_after_the_other()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows knows no signals.");
        await using var redis = await HaltableServer.StartAsync("Redis");
        await using var scene = new ClusterScene(
            [("Membership:Kind", "Redis"), ("Membership:ConnectionString", redis.ConnectionString), ("Slots", "2")],
            _folder,
            $"--Trades={Path.Combine(_folder, "results")}",
            "--Totals=true",
            $"--Count={Count}",
            "--Rate=3000",
            "--Millrace:Parallelism=4",
            $"--Millrace:Checkpoints:Directory={Path.Combine(_folder, "checkpoints")}",
            "--Millrace:Checkpoints:Interval=00:00:00.5");
        var results = new TradesResults(Path.Combine(_folder, "results"));
        await using var commits = new CommitTimes(results, scene.Clock);
        var faults = new FaultRounds(scene, commits, new Random(1)) { Store = redis };
        await faults.StartAsync("a", "b", "c");
        await faults.RunAsync(Fault.StoreDownAndCoordinatorKilled);
        await faults.RunAsync(Fault.RollingRestart);
        await faults.FinishAsync();
        results.MustBeComplete(Count, withTotals: true);
    }
}
