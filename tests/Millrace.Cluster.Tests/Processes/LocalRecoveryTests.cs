namespace Millrace.Cluster.Tests.Processes;

/// <summary>A job on workers with disks of their own: whoever comes back to its disk restores from there, and the result is what it must be.</summary>
[Collection(nameof(Processes))]
public sealed class LocalRecoveryTests : IDisposable
{
    private const string Restored = "its subtasks here were restored from checkpoint ";
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-cluster-local-").FullName;

    private TradesResults Results => new(Path.Combine(_folder, "results"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Survivors_and_workers_that_are_started_again_read_their_own_disks()
    {
        // Every slot is needed: a worker that was killed gets its subtasks back.
        const int Count = 100_000;
        await using var scene = Scene(Count, parallelism: 6);
        var workers = Start(scene, "a", "b", "c");
        await NewCheckpointAsync(workers);

        string worker = Others(workers, Leader(workers))[0];
        await KillAsync(scene, workers, worker);
        Assert.All(workers.Values, ReadsItsDisk);

        // The next coordinator knows from the storage who was where.
        await KillAsync(scene, workers, Leader(workers));
        Assert.All(workers.Values, ReadsItsDisk);
        Assert.Equal(2, workers[Leader(workers)].LastNumberInLog("is led from here, with term "));

        await KillAsync(scene, workers, "a", "b", "c");
        Assert.All(workers.Values, ReadsItsDisk);

        // One that comes back without its disk reads the storage, and it alone.
        worker = Others(workers, Leader(workers))[0];
        await KillAsync(scene, workers, () => Directory.Delete(Path.Combine(_folder, "copies", "millrace", worker), recursive: true), worker);
        Assert.Equal(0, workers[worker].LastNumberInLog("from local copies "));
        Assert.NotEqual(0, workers[worker].LastNumberInLog("and from the checkpoint storage "));
        Assert.All(Others(workers, worker), other => ReadsItsDisk(workers[other]));
        await FinishAsync(workers, Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_moves_to_another_worker_is_read_from_the_storage_and_what_stays_is_not(bool ofCoordinator)
    {
        const int Count = 60_000;
        await using var scene = Scene(Count, parallelism: 4);

        // Two that are full, and a third with nothing.
        var workers = Start(scene, "a", "b");
        await NewCheckpointAsync(workers);
        string name = ofCoordinator ? Leader(workers) : Others(workers, Leader(workers))[0];
        workers["c"] = scene.Start("c");
        await workers["c"].SeeWorkersAsync(0, [.. workers.Values]);
        var before = Checkpoints(workers);
        var victim = workers[name];
        victim.Signal(WorkerProcess.SigKill);
        await victim.EndAsync();
        workers.Remove(name);
        before.Remove(name);
        await RestoredAsync(workers, before);

        // What the dead one had is as great a part of the files as it had of the subtasks, since each slot has one of each task.
        long local = workers.Values.Sum(survivor => survivor.LastNumberInLog("from local copies "));
        long stored = workers.Values.Sum(survivor => survivor.LastNumberInLog("and from the checkpoint storage "));
        long moved = victim.LastNumberInLog("of job 'orders' runs ");
        long all = victim.LastNumberInLog(" of its ");
        Assert.True(
            moved > 0 && stored > 0 && stored * all == (local + stored) * moved, $"{moved} of {all} subtasks moved; {local} files were read from local copies, and {stored} from the storage.\n{Describe(workers)}");
        await FinishAsync(workers, Count);
    }

    private static void ReadsItsDisk(WorkerProcess worker)
    {
        Assert.True(worker.LastNumberInLog("from local copies ") > 0, worker.Describe());
        Assert.True(worker.LastNumberInLog("and from the checkpoint storage ") == 0, worker.Describe());
    }

    private static string Leader(Dictionary<string, WorkerProcess> workers) => workers.Values.MaxBy(worker => worker.LastNumberInLog("is led from here, with term "))!.Name;

    private static List<string> Others(Dictionary<string, WorkerProcess> workers, string but) => [.. workers.Keys.Where(name => name != but).Order(StringComparer.Ordinal)];

    private static Dictionary<string, long> Checkpoints(Dictionary<string, WorkerProcess> workers) => workers.ToDictionary(worker => worker.Key, worker => worker.Value.LastNumberInLog(Restored));

    private static Dictionary<string, WorkerProcess> Start(ClusterScene scene, params string[] names) => names.ToDictionary(name => name, name => scene.Start(name));

    private ClusterScene Scene(long count, int parallelism) => new(
        [("Membership:Kind", "Directory"), ("Membership:Directory", Path.Combine(_folder, "members")), ("Slots", "2"), ("LocalRecovery:Directory", Path.Combine(_folder, "copies"))],
        _folder,
        [
            $"--Trades={Path.Combine(_folder, "results")}", $"--Count={count}", "--Rate=5000", $"--Millrace:Parallelism={parallelism}",
            $"--Millrace:Checkpoints:Directory={Path.Combine(_folder, "checkpoints")}", "--Millrace:Checkpoints:Interval=00:00:00.5",

            // However little state there is, it has files.
            "--Millrace:Checkpoints:InlineThreshold=0",
        ]);

    private Task KillAsync(ClusterScene scene, Dictionary<string, WorkerProcess> workers, params string[] victims) => KillAsync(scene, workers, static () => { }, victims);

    /// <summary>Kills workers and starts them again, and waits until all workers have restored what is theirs and the job has gone on.</summary>
    private async Task KillAsync(ClusterScene scene, Dictionary<string, WorkerProcess> workers, Action meanwhile, params string[] victims)
    {
        var before = Checkpoints(workers);
        foreach (string victim in victims)
        {
            workers[victim].Signal(WorkerProcess.SigKill);
        }

        foreach (string victim in victims)
        {
            await workers[victim].EndAsync();
        }

        meanwhile();
        foreach (string victim in victims)
        {
            workers[victim] = scene.Start(victim);
        }

        await RestoredAsync(workers, before);
    }

    private async Task RestoredAsync(Dictionary<string, WorkerProcess> workers, Dictionary<string, long> before)
    {
        // Numbers of checkpoints grow, whoever coordinates.
        await Eventually.HoldsAsync(
            () => Task.FromResult(workers.All(worker => worker.Value.LastNumberInLog(Restored) > before[worker.Key])), () => $"All should have restored their subtasks.\n{Describe(workers)}");
        await NewCheckpointAsync(workers);
    }

    private async Task NewCheckpointAsync(Dictionary<string, WorkerProcess> workers)
    {
        int behind = Results.Committed;
        await Eventually.HoldsAsync(async () => Results.Committed > behind || await IsFinishedAsync(workers), () => $"There should have been more than {behind} files of results.\n{Describe(workers)}");
        Assert.False(await IsFinishedAsync(workers), "The job was over before all had happened to it.");
    }

    private async Task FinishAsync(Dictionary<string, WorkerProcess> workers, int count)
    {
        await Eventually.HoldsAsync(() => IsFinishedAsync(workers), () => $"The job should have finished.\n{Describe(workers)}");
        Results.MustBeComplete(count);
    }

    private static async Task<bool> IsFinishedAsync(Dictionary<string, WorkerProcess> workers) => (await workers.Values.First().AskAsync("status")).Contains(" Finished ", StringComparison.Ordinal);

    private static string Describe(Dictionary<string, WorkerProcess> workers) => string.Concat(workers.Values.Select(worker => worker.Describe()));
}
