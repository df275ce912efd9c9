namespace Millrace.Cluster.Tests.Processes;

/// <summary>A job that runs on workers which are killed, frozen and added; what it has written is compared with what it must have. Times are reported and not asserted.</summary>
[Collection(nameof(Processes))]
public sealed class JobTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-cluster-job-").FullName;

    private string Folder => Path.Combine(_folder, "results");

    private TradesResults Results => new(Folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Nothing_is_lost_or_doubled_when_workers_and_coordinators_die_and_freeze()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("MILLRACE_CLUSTER_COUNT"), out int asked) ? asked : 120_000;
        await using var scene = Scene(count, rate: 10_000, parallelism: 4);
        string[] names = ["a", "b", "c"];
        var workers = names.ToDictionary(name => name, name => scene.Start(name));
        await NewResultsAsync(workers.Values, 0);
        var random = new Random(7);
        var times = new Dictionary<string, List<double>>();
        for (int round = 0; !await IsFinishedAsync(workers.Values); round++)
        {
            // One that the others do not know yet would not be missed by anybody.
            await Eventually.HoldsAsync(
                () => Task.FromResult(workers.Values.All(other => other.Said > 0 && names.All(name => other.View.Split(',').Contains(name)))), () => $"All should see all.\n{scene.Describe()}");
            var leader = Leader(workers.Values);
            var worker = workers.Values.Where(other => other != leader).ElementAt(random.Next(2));
            var (what, victims) = (round % 5) switch
            {
                0 => ("a worker is killed", new[] { worker }),
                1 => ("the coordinator's worker is killed", [leader]),
                2 => ("a worker is frozen", [worker]),
                3 => ("two workers are killed", [leader, worker]),
                _ => ("all workers are killed", [.. workers.Values]),
            };
            bool isFrozen = what.EndsWith("frozen", StringComparison.Ordinal);
            int written = Results.Committed;
            var at = scene.Clock.Elapsed;
            foreach (var victim in victims)
            {
                victim.Signal(isFrozen ? WorkerProcess.SigStop : WorkerProcess.SigKill);
            }

            if (isFrozen)
            {
                // Until both others see each other and not it, which a worker that has just started does not; awake again, it must do no harm and end.
                await NewResultsAsync(workers.Values.Except(victims), written);
                string survivors = string.Join(',', workers.Keys.Except([victims[0].Name]).Order(StringComparer.Ordinal));
                await Eventually.HoldsAsync(
                    () => Task.FromResult(workers.Values.Except(victims).All(other => other.View == survivors)), () => $"{victims[0].Name} should be dead to the others.\n{scene.Describe()}");
                victims[0].Signal(WorkerProcess.SigCont);
            }

            foreach (var victim in victims)
            {
                await victim.EndAsync();
                workers[victim.Name] = scene.Start(victim.Name);
            }

            if (!isFrozen)
            {
                await NewResultsAsync(workers.Values, written);
            }

            times.TryAdd(what, []);
            times[what].Add((scene.Clock.Elapsed - at).TotalSeconds);
        }

        foreach (var (what, seconds) in times)
        {
            ClusterScene.Report($"{what}, to the next committed result, {seconds.Count} times", ("median", TimeSpan.FromSeconds(seconds.Order().ElementAt(seconds.Count / 2))), ("longest", TimeSpan.FromSeconds(seconds.Max())));
        }

        Assert.True(times.Count >= 3, $"The job was over before anything had happened to it.\n{scene.Describe()}");
        Results.MustBeComplete(count, withTotals: true);
    }

    [Fact]
    public async Task A_job_is_rescaled_while_it_runs()
    {
        const int Count = 60_000;
        await using var scene = Scene(Count, rate: 10_000, parallelism: 2, ("Scheduling:ScalingCooldown", "00:00:00.5"));
        WorkerProcess[] workers = [scene.Start("a"), scene.Start("b"), scene.Start("c")];
        await NewResultsAsync(workers, 0);
        Assert.Equal("done", await workers[0].AskAsync("rescale 5"));
        Assert.Contains(" Running term 1 parallelism 5 ", await workers[1].AskAsync("status"), StringComparison.Ordinal);
        await NewResultsAsync(workers, Results.Committed);
        Assert.DoesNotContain("2=", await workers[0].AskAsync("tasks"), StringComparison.Ordinal);
        Assert.Equal("done", await workers[1].AskAsync("bounds paid 2 2"));
        Assert.Contains("2=", await workers[0].AskAsync("tasks"), StringComparison.Ordinal);
        await NewResultsAsync(workers, Results.Committed);
        Assert.Equal("done", await workers[2].AskAsync("rescale 1"));
        Assert.Contains(" Running term 1 parallelism 1 ", await workers[1].AskAsync("status"), StringComparison.Ordinal);
        while (!await IsFinishedAsync(workers))
        {
            await NewResultsAsync(workers, Results.Committed);
        }

        Results.MustBeComplete(Count, withTotals: true);
    }

    [Fact]
    public async Task A_coordinator_that_leaves_takes_a_checkpoint_for_the_one_that_goes_on()
    {
        // By itself the job would take none in all of the test, and begin anew.
        await using var scene = Scene(
            1_000_000, rate: 5_000, parallelism: 2, [("HandOverTimeout", "00:00:30")], interval: "01:00:00");
        List<WorkerProcess> workers = [scene.Start("a"), scene.Start("b")];
        await Eventually.HoldsAsync(() => Directory.Exists(Folder) && Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Count() >= 2, () => $"Something should be written.\n{scene.Describe()}");
        Assert.Equal(0, Results.Committed);
        var leader = Leader(workers);
        workers.Remove(leader);
        leader.Signal(WorkerProcess.SigTerm);
        Assert.Equal(0, (await leader.EndAsync()).ExitCode);
        await Eventually.HoldsAsync(() => workers[0].Log.Any(line => line.Contains("goes on from checkpoint 1,", StringComparison.Ordinal)), () => $"It should go on from the checkpoint.\n{scene.Describe()}");
        await Eventually.HoldsAsync(() => Results.Committed > 0, () => $"What was written before that checkpoint should be committed with it.\n{scene.Describe()}");
    }

    [Fact]
    public async Task A_reactive_job_follows_the_workers_that_come_and_leave()
    {
        const int Count = 120_000;
        await using var scene = Scene(
            Count,
            rate: 10_000,
            parallelism: 1,
            ("Scheduling:Mode", "Reactive"),
            ("Scheduling:ScalingCooldown", "00:00:00.5"),
            ("Scheduling:RescaleStabilizationTimeout", "00:00:00.5"),
            ("Scheduling:ResourceStabilizationTimeout", "00:00:00.5"));
        List<WorkerProcess> workers = [scene.Start("a")];
        await NewResultsAsync(workers, 0);
        await StatusAsync(workers, " parallelism 2 ");
        workers.Add(scene.Start("b"));
        await StatusAsync(workers, " parallelism 4 ");
        workers.Add(scene.Start("c"));
        await StatusAsync(workers, " parallelism 6 ");
        workers.Add(scene.Start("d"));
        await StatusAsync(workers, " parallelism 8 ");

        // Two leave in peace, one does not.
        for (int slots = 6; slots >= 4; slots -= 2)
        {
            workers[1].Signal(WorkerProcess.SigTerm);
            Assert.Equal(0, (await workers[1].EndAsync()).ExitCode);
            workers.RemoveAt(1);
            await StatusAsync(workers, $" parallelism {slots} ");
        }

        workers[1].Signal(WorkerProcess.SigKill);
        await workers[1].EndAsync();
        workers.RemoveAt(1);
        await StatusAsync(workers, " parallelism 2 ");
        while (!await IsFinishedAsync(workers))
        {
            await NewResultsAsync(workers, Results.Committed);
        }

        Results.MustBeComplete(Count, withTotals: true);
    }

    private static WorkerProcess Leader(IEnumerable<WorkerProcess> workers) => workers.MaxBy(worker => worker.LastNumberInLog("is led from here, with term "))!;

    private ClusterScene Scene(long count, double rate, int parallelism, params (string Key, string Value)[] more) => Scene(count, rate, parallelism, more, "00:00:00.5");

    private ClusterScene Scene(long count, double rate, int parallelism, (string Key, string Value)[] more, string interval) => new(
        [("Membership:Kind", "Directory"), ("Membership:Directory", Path.Combine(_folder, "members")), ("Slots", "2"), .. more],
        _folder,
        [
            $"--Trades={Folder}", "--Totals=true", $"--Count={count}", FormattableString.Invariant($"--Rate={rate}"), $"--Millrace:Parallelism={parallelism}",
            $"--Millrace:Checkpoints:Directory={Path.Combine(_folder, "checkpoints")}", $"--Millrace:Checkpoints:Interval={interval}",
        ]);

    private static async Task<bool> IsFinishedAsync(IEnumerable<WorkerProcess> workers) => (await workers.First().AskAsync("status")).Contains(" Finished ", StringComparison.Ordinal);

    private static Task StatusAsync(List<WorkerProcess> workers, string part) => Eventually.HoldsAsync(
        async () => (await workers[0].AskAsync("status")) is var status && status.Contains(" Running ", StringComparison.Ordinal) && status.Contains(part, StringComparison.Ordinal),
        () => $"The status should have said '{part}'.\n{string.Concat(workers.Select(worker => worker.Describe()))}");

    private Task NewResultsAsync(IEnumerable<WorkerProcess> workers, int behind) => Eventually.HoldsAsync(
        async () => Results.Committed > behind || await IsFinishedAsync(workers),
        () => $"There should have been more than {behind} files of results.\n{string.Concat(workers.Select(worker => worker.Describe()))}");
}
