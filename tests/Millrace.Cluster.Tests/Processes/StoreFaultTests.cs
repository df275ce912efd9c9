namespace Millrace.Cluster.Tests.Processes;

/// <summary>Faults that have a scene of their own: a Redis that is away, and a restart of all workers one after the other.</summary>
[Collection(nameof(Processes))]
public sealed class StoreFaultTests : IDisposable
{
    private const int Count = 150_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-faults-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_job_goes_on_while_its_Redis_is_away_and_when_it_is_back()
    {
        await using var redis = await HaltableServer.StartAsync("Redis");
        await RunAsync([("Membership:Kind", "Redis"), ("Membership:ConnectionString", redis.ConnectionString)], redis, Fault.StoreDown, Fault.StoreDownAndCoordinatorKilled);
    }

    [Fact]
    public Task A_job_goes_on_while_its_workers_are_restarted_one_after_the_other() =>
        RunAsync([("Membership:Kind", "Directory"), ("Membership:Directory", Path.Combine(_folder, "members"))], null, Fault.RollingRestart);

    private async Task RunAsync(List<(string Key, string Value)> membership, HaltableServer? store, params Fault[] happening)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows knows no signals.");
        await using var scene = new ClusterScene(
            [.. membership, ("Slots", "2")],
            _folder,
            $"--Trades={Path.Combine(_folder, "results")}",
            $"--Count={Count}",
            "--Rate=3000",
            "--Millrace:Parallelism=4",
            $"--Millrace:Checkpoints:Directory={Path.Combine(_folder, "checkpoints")}",
            "--Millrace:Checkpoints:Interval=00:00:00.5");
        var results = new TradesResults(Path.Combine(_folder, "results"));
        await using var commits = new CommitTimes(results, scene.Clock);
        var faults = new FaultRounds(scene, commits, new Random(1)) { Store = store };
        await faults.StartAsync("a", "b", "c");
        foreach (var fault in happening)
        {
            await faults.RunAsync(fault);
        }

        faults.Report();
        await faults.FinishAsync();
        results.MustBeComplete(Count);
    }
}
