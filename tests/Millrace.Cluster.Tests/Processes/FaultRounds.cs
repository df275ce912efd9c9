using System.Globalization;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>
/// Rounds of faults on three workers with a job that runs: in each something happens, is over, and the cluster must come back by itself, but for processes that have ended, which are started again as an orchestrator does.
/// </summary>
/// <param name="scene">The workers.</param>
/// <param name="commits">When the job commits results.</param>
/// <param name="random">Chooses who, and for how long.</param>
internal sealed class FaultRounds(ClusterScene scene, CommitTimes commits, Random random)
{
    private const int MostStarts = 30;

    private readonly Dictionary<string, WorkerProcess> _workers = [];
    private readonly Dictionary<string, List<TimeSpan>> _pauses = [];
    private string _round = "The start";
    private int _starts;
    private TimeSpan _since;

    /// <summary>Where checkpoints go, if it can be filled.</summary>
    public SmallDisk? Disk { get; init; }

    /// <summary>Where membership is, if it can be away.</summary>
    public HaltableServer? Store { get; init; }

    public IReadOnlyCollection<WorkerProcess> Workers => _workers.Values;

    /// <summary>The faults that are possible here.</summary>
    public IReadOnlyList<Fault> Faults => [.. Enum.GetValues<Fault>().Where(fault => fault switch
    {
        >= Fault.WorkerCutOff and <= Fault.Disturbed => scene.Network is not null,
        Fault.DiskFull or Fault.DiskFullAndCoordinatorKilled => Disk is not null,
        Fault.StoreDown or Fault.StoreDownAndWorkerKilled or Fault.StoreDownAndCoordinatorKilled => Store is not null,
        _ => true,
    })];

    /// <summary>Starts the workers, and waits for the first results.</summary>
    public async Task StartAsync(params string[] names)
    {
        foreach (string name in names)
        {
            _workers[name] = scene.Start(name);
        }

        await RecoverAsync();
    }

    /// <summary>A fault, and what comes after it until all workers are there and results come again.</summary>
    public async Task RunAsync(Fault fault)
    {
        var leader = Leader;

        // One that runs a part of the job: the job does not use all slots, and that an idle worker is lost is of no interest.
        var others = _workers.Values.Where(other => other != leader).OrderBy(_ => random.Next()).ToList();
        var worker = others.MaxBy(Epoch)!;
        bool isLong = random.Next(2) == 0;
        _round = $"{fault}{(isLong ? ", long" : "")}, with {leader.Name} as coordinator and {worker.Name} as the other one";
        _starts = 0;
        Measure();
        await (fault switch
        {
            Fault.WorkerKilled => KillAsync(worker),
            Fault.CoordinatorKilled => KillAsync(leader),
            Fault.TwoKilled => KillAsync(leader, worker),
            Fault.AllKilled => KillAsync([.. _workers.Values]),
            Fault.WorkerFrozen => FreezeAsync(worker, isLong),
            Fault.CoordinatorFrozen => FreezeAsync(leader, isLong),
            Fault.WorkerCutOff => CutOffAsync(worker, isLong, speaks: false, hears: false),
            Fault.CoordinatorCutOff => CutOffAsync(leader, isLong, speaks: false, hears: false),
            Fault.WorkerNotHeard => CutOffAsync(worker, isLong, speaks: false, hears: true),
            Fault.CoordinatorNotHeard => CutOffAsync(leader, isLong, speaks: false, hears: true),
            Fault.WorkerDeaf => CutOffAsync(worker, isLong, speaks: true, hears: false),
            Fault.CoordinatorDeaf => CutOffAsync(leader, isLong, speaks: true, hears: false),
            Fault.TwoApart => PartAsync(isLong),
            Fault.Disturbed => DisturbAsync(random.Next(2) == 0 ? worker : leader),
            Fault.DiskFull => FillAsync(null),
            Fault.DiskFullAndCoordinatorKilled => FillAsync(leader),
            Fault.StoreDown => HaltStoreAsync(null, isLong ? 15 : 3),
            Fault.StoreDownAndWorkerKilled => HaltStoreAsync(worker, 4),
            Fault.StoreDownAndCoordinatorKilled => HaltStoreAsync(leader, 4),
            _ => RollAsync(),
        });
        await RecoverAsync();
        string what = fault is >= Fault.WorkerFrozen and <= Fault.CoordinatorDeaf ? $"{fault}, {(isLong ? "until done without" : "short")}" : $"{fault}";
        _pauses.TryAdd(what, []);
        _pauses[what].Add(commits.LongestPause(_since));
        ClusterScene.Report(_round, ("longest pause", commits.LongestPause(_since)));
    }

    /// <summary>Ends all workers and starts them anew, to work off what is left without a limit, and waits for the end of the job.</summary>
    public async Task FinishAsync()
    {
        _round = "The end";
        foreach (string name in _workers.Keys)
        {
            await KillAsync(_workers[name]);
            _workers[name] = scene.Start(name, more: "--Rate=10000000");
        }

        // However much is left: as long as results come, it goes on.
        for (bool hasFinished = false; !hasFinished;)
        {
            int before = commits.Count;
            await UntilAsync(
                async () => (hasFinished = (await _workers.Values.First().AskAsync("status")).Contains(" Finished ", StringComparison.Ordinal)) || commits.Count > before + 10,
                "the job to go on, or to have finished");
        }
    }

    public void Report()
    {
        foreach (var (what, pauses) in _pauses.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            ClusterScene.Report($"{what}, {pauses.Count.ToString(CultureInfo.InvariantCulture)} times, longest pause of a round", ("median", pauses.Order().ElementAt(pauses.Count / 2)), ("longest", pauses.Max()));
        }
    }

    private WorkerProcess Leader => _workers.Values.MaxBy(worker => worker.LastNumberInLog("is led from here, with term "))!;

    /// <summary>The newest epoch of the job of which the worker has run a part.</summary>
    private static long Epoch(WorkerProcess worker) => worker.LastNumberInLog("(epoch ");

    private static async Task KillAsync(params WorkerProcess[] victims)
    {
        foreach (var victim in victims)
        {
            victim.Signal(WorkerProcess.SigKill);
        }

        foreach (var victim in victims)
        {
            await victim.EndAsync();
        }
    }

    private async Task FreezeAsync(WorkerProcess victim, bool isLong)
    {
        victim.Signal(WorkerProcess.SigStop);
        await LastAsync(victim, isLong);
        victim.Signal(WorkerProcess.SigCont);
    }

    private async Task CutOffAsync(WorkerProcess victim, bool isLong, bool speaks, bool hears)
    {
        // From the others only, or from the store too.
        bool hasStore = random.Next(2) == 0;
        _round += hasStore ? ", the store at hand" : ", the store cut off too";
        int host = scene.HostOf(victim.Name);
        long lost = scene.Network!.Lost;
        foreach (int other in _workers.Values.Where(other => other != victim).Select(other => scene.HostOf(other.Name)).Concat(hasStore ? [] : [0]))
        {
            if (!speaks)
            {
                scene.Network.Cut(host, other);
            }

            if (!hears)
            {
                scene.Network.Cut(other, host);
            }
        }

        await LastAsync(victim, isLong);
        scene.Network.Heal();
        Assert.True(scene.Network.Lost > lost, $"{_round}: nothing was lost.");
    }

    private async Task PartAsync(bool isLong)
    {
        int[] two = [.. _workers.Values.OrderBy(_ => random.Next()).OrderByDescending(Epoch).Take(2).Select(worker => scene.HostOf(worker.Name))];
        scene.Network!.Cut(two[0], two[1]);
        if (random.Next(2) == 0)
        {
            scene.Network.Cut(two[1], two[0]);
            _round += ", both ways";
        }

        await PassAsync(isLong ? 14 : 3);
        scene.Network.Heal();

        // The third one sees both, so that nobody need be dead, and there may be no pair of workers that could do it all.
        Measure();
    }

    private async Task DisturbAsync(WorkerProcess victim)
    {
        scene.Network!.Disturb(
            scene.HostOf(victim.Name), TimeSpan.FromMilliseconds(random.Next(5, 50)), TimeSpan.FromMilliseconds(random.Next(50)), random.Next(1, 6) / 100.0);
        await CommitsAsync(4);
        scene.Network.Heal();
    }

    private async Task FillAsync(WorkerProcess? victim)
    {
        const string NoRoom = "No space left on device";
        var before = _workers.Values.ToDictionary(worker => worker, worker => worker.Log.Count);
        if (victim is not null)
        {
            Disk!.Fill();
            await KillAsync(victim);
        }

        await UntilAsync(
            () =>
            {
                // What removes older checkpoints makes room again.
                Disk!.Fill();
                StartEnded();
                return Task.FromResult(_workers.Values.Any(worker => worker.Log.Skip(before.GetValueOrDefault(worker)).Any(line => line.Contains(NoRoom, StringComparison.Ordinal))));
            },
            $"'{NoRoom}' in the log of a worker");
        await PassAsync(2);
        Disk!.Free();
        Measure();
    }

    private async Task HaltStoreAsync(WorkerProcess? victim, double seconds)
    {
        var leader = Leader;
        await Store!.HaltAsync();
        await CommitsAsync(2);
        if (victim is not null)
        {
            await KillAsync(victim);
        }

        await PassAsync(seconds);
        await Store.StartAgainAsync();
        if (victim == leader)
        {
            // Another coordinator cannot begin before.
            Measure();
        }
    }

    private async Task RollAsync()
    {
        foreach (string name in _workers.Keys)
        {
            var begun = scene.Clock.Elapsed;
            _workers[name].Signal(WorkerProcess.SigTerm);
            Assert.Equal(0, (await _workers[name].EndAsync()).ExitCode);
            await RecoverAsync();
            ClusterScene.Report($"{_round}: {name} is restarted", ("longest pause", commits.LongestPause(begun)));
        }
    }

    /// <summary>For a moment, in which nobody need notice; or until the others do without it.</summary>
    private async Task LastAsync(WorkerProcess victim, bool isLong)
    {
        if (!isLong)
        {
            await PassAsync(2);
            return;
        }

        await UntilAsync(() => Task.FromResult(_workers.Values.All(other => other == victim || !other.View.Split(',').Contains(victim.Name))), $"{victim.Name} to be dead to the others");
        await CommitsAsync(2);
    }

    // A fault has to last for some time, in which nothing need happen.
    private Task PassAsync(double seconds) =>
        Task.Delay(TimeSpan.FromSeconds((0.2 + (0.8 * random.NextDouble())) * seconds), TimeProvider.System, TestContext.Current.CancellationToken);

    private async Task CommitsAsync(int number)
    {
        int before = commits.Count;
        await UntilAsync(() => Task.FromResult(commits.Count >= before + number), "new results");
    }

    private async Task RecoverAsync()
    {
        StartEnded();
        int before = commits.Count;
        string all = string.Join(',', _workers.Keys.Order(StringComparer.Ordinal));
        await UntilAsync(
            () =>
            {
                StartEnded();
                return Task.FromResult(commits.Count > before && _workers.Values.All(worker => worker.View == all && !worker.HasEnded));
            },
            "all workers to see each other, and new results");
    }

    private void StartEnded()
    {
        foreach (string name in _workers.Where(pair => pair.Value.HasEnded).Select(pair => pair.Key).ToList())
        {
            Assert.True(++_starts < MostStarts, $"{_round}: workers end again and again.\n{scene.Describe()}");
            _workers[name] = scene.Start(name);
        }
    }

    /// <summary>Pauses are counted from now on.</summary>
    private void Measure() => _since = scene.Clock.Elapsed;

    private Task UntilAsync(Func<Task<bool>> holds, string what) => Eventually.HoldsAsync(holds, () => $"{_round}: waited in vain for {what}.\n{scene.Describe()}");
}
