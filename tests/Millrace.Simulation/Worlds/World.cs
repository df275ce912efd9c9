using System.Globalization;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Simulation.Engine;
using Millrace.Simulation.External;
using Millrace.Simulation.Jobs;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Worlds;

/// <summary>
/// A job with everything around it, on one thread, in virtual time: processes, network, storage, the external systems it reads from and writes to, and what goes wrong
/// with them. A seed decides all of it.
/// </summary>
internal sealed partial class World
{
    private const long MaxSteps = 3_000_000;

    // Ample: the job has nothing against it any more.
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromMinutes(10);

    // Long enough for whatever is still on its way, from zombies above all.
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(5);

    private readonly ulong _seed;
    private readonly WorldPlan _plan;
    private readonly ISimulatedEngine _engine;
    private readonly SimulationLog _log;
    private readonly SimulatedScheduler _scheduler;
    private readonly SimulatedNetwork _network;
    private readonly SimulatedDisk _disk;
    private readonly Ledger<Item> _ledger;
    private readonly JobTallies _tallies = new();
    private readonly Random _random;
    private readonly List<Generation> _generations = [];
    private readonly DateTimeOffset _begin;
    private readonly StorageAudit _audit;
    private bool _hasReported;
    private Generation? _current;

    // A start whose coordinator is lost, and whose workers have not.
    private Generation? _lost;
    private string? _failure;
    private string? _restoreFrom;
    private ClaimMode _claim;
    private long? _abandonedUpTo;
    private int _scale;
    private bool _orderMayBreak;
    private bool _startedAfterEnd;

    private World(ulong seed, WorldPlan plan, ISimulatedEngine engine, SimulationLog log)
    {
        _seed = seed;
        _plan = plan;
        _engine = engine;
        _log = log;
        _random = new Random(plan.FaultSeed);
        _scheduler = new SimulatedScheduler(seed);
        _log.StartAt(_scheduler.Time);
        _begin = _scheduler.Time.GetUtcNow();
        _network = new SimulatedNetwork(_scheduler, seed, plan.NetworkDelay);
        var storageFaults = new StorageFaults(_random.Next()) { MaxDelay = plan.StorageDelay, IsAtomic = plan.StorageIsAtomic };
        _disk = new SimulatedDisk(_scheduler, storageFaults, log) { Crash = CrashedAtStorage };
        if (plan.Faults.Any(fault => fault is Fault.StopAndRescale { Drains: true }))
        {
            plan.Shape.ObserveSources();
        }

        _audit = new StorageAudit(_disk, plan.Checkpoints.JobId!, Fail);
        _ledger = new Ledger<Item>(_scheduler, new LedgerFaults(_random.Next()), log) { MayForget = MayForget };
    }

    /// <summary>Runs a world to its end.</summary>
    public static WorldResult Run(ulong seed, ISimulatedEngine engine, SimulationLog log, Repertoire repertoire = Repertoire.All) =>
        Run(seed, engine.KeepsWorkers ? WorldPlan.Create(seed, engine.IsFaultTolerant, repertoire).OnCluster() : WorldPlan.Create(seed, engine.IsFaultTolerant, repertoire), engine, log);

    /// <summary>Runs a world to its end.</summary>
    public static WorldResult Run(ulong seed, WorldPlan plan, ISimulatedEngine engine, SimulationLog log)
    {
        var world = new World(seed, plan, engine, log);
        try
        {
            world.Run();
        }
        catch (Exception error)
        {
            world.Fail($"{error.GetType().Name}: {error.Message}");
            log.Write("world", error.ToString());
        }

        if (world._failure is { } failure)
        {
            log.Write("world", "FAILED: " + failure);
        }

        return new WorldResult(
            seed,
            world._failure?.ReplaceLineEndings(" "),
            world._scheduler.Steps,
            world._generations.Count,
            plan.Shape.Sinks.Sum(sink => world._ledger.CommittedBy(sink.Uid).Count()),
            world._scheduler.Time.GetUtcNow() - world._begin);
    }

    private void Run()
    {
        _log.Write("world", _plan.ToString());
        foreach (var fault in _plan.Faults)
        {
            At(fault.At, () => Apply(fault));
        }

        var names = new Random((int)(_scheduler.Seed % int.MaxValue));
        CheckpointNames.MakeRepeatable(() => $"{names.NextInt64():x16}{names.NextInt64():x16}");
        At(WorldPlan.Peace, MakePeace);
        At(WorldPlan.Peace + TimeToEnd, () => Fail($"the job does not end: {_current?.Run?.Describe() ?? "it is down"}; runnable: {string.Join(", ", _scheduler.Runnable)}"));
        Start();
        do
        {
            _scheduler.RunUntil(() => _failure is not null || _current is { Run.IsEnded: true }, MaxSteps);
        }
        while (_failure is null && StartsAgain());

        if (_failure is null)
        {
            bool over = false;
            After(Afterwards, () => over = true);
            _scheduler.RunUntil(() => over, MaxSteps);
            Check();
        }
    }

    /// <summary>Starts the job, from what the storage has of it.</summary>
    private void Start()
    {
        _audit.VerifyAll();
        if (_audit.Ended == JobState.Suspended && _lastStop is { Savepoint: not null } stop)
        {
            // A job that was stopped goes on from its savepoint by itself, also where whoever had stopped it died before it heard of that.
            _isDrained |= stop.Drains;
        }

        // Until the job has a checkpoint behind the savepoint that it was set back to, whoever starts it says so each time, and starts it alone.
        bool returns = _abandonedUpTo is { } last && !_audit.HasCheckpointAfter(last);
        if (returns)
        {
            _generations.ForEach(other => other.Kill());
            _lost = null;
        }

        int number = _generations.Count + 1;
        var coordinator = StartProcess($"coordinator-{number}");
        var survivors = _lost?.HandOverWorkers() ?? [];
        _lost = null;
        var generation = new Generation(
            number, coordinator, [.. survivors.Concat(Enumerable.Range(0, _plan.Workers).Select(worker => StartProcess($"worker-{number}-{worker}"))).Take(_plan.Workers)]);
        _generations.Add(generation);
        _current = generation;
        _log.Write("world", $"start {number}, scale {_scale}{(_restoreFrom is null ? "" : $", from {_restoreFrom}")}");

        CheckpointOptions? checkpoints = null;
        if (_engine.IsFaultTolerant)
        {
            checkpoints = _plan.Checkpoints.Clone();
            checkpoints.Storage = _disk.ConnectFrom(coordinator);
            checkpoints.RestoreFrom = _restoreFrom is { } path ? new RestoreOptions(path) { Claim = _claim } : null;
            checkpoints.RestoreLatest = !returns;
        }

        var env = new StreamExecutionEnvironment(_plan.CreateOptions(checkpoints))
        {
            TimeProvider = coordinator.TimeProvider,
            LoggerFactory = new SimulationLoggers(_log, coordinator.Name),
        };
        _plan.Shape.Build(new JobBuild(env, number, _scale, _tallies) { OrderMayBreak = _orderMayBreak || !_plan.IsExactlyOnce }, _ledger);
        generation.Run = _engine.Start(new SimulatedStart(env, "simulated", _network, coordinator, generation.Workers));
    }

    private SimulatedProcess StartProcess(string name)
    {
        var process = _scheduler.StartProcess(name);
        process.BackgroundDelay = _disk.Faults.NextDelay;
        return process;
    }

    /// <summary>The job has ended: whether it was stopped only in order to go on at another parallelism.</summary>
    private bool StartsAgain()
    {
        var generation = _current!;
        var run = generation.Run!;
        _log.Write("world", $"start {generation.Number} has ended: {run.State} {run.Error?.Message}");
        bool stopped = generation.Rescale is { } rescale && (rescale.Savepoint is null ? run.State == JobState.Canceled : rescale.IsTaken && (run.State == JobState.Finished || FailedBehindItsSavepoint(run)));
        if (run.State == JobState.Failed && run.Error is { } error && error.Message.Contains(CheckpointErrors.Fenced, StringComparison.Ordinal) && _generations.Exists(other => other != generation && other.IsAlive))
        {
            // An earlier start that had been frozen before it had begun has taken over, as it may. Whoever looks after processes makes it one again.
            _generations.ForEach(other => other.Kill());
            Start();
            return true;
        }

        if (!stopped)
        {
            // A log that the world has damaged cannot say what was completed last, and there may be no checkpoint left that is whole; the job says so, which is all that it can do.
            _hasReported = run.Error is { } report && _audit.Justifies(report.Message);
            if (run.State != JobState.Finished && !_hasReported)
            {
                Fail($"the job ended as {run.State}: {run.Error?.Message}");
            }

            if (_hasReported || _startedAfterEnd || _failure is not null || !_engine.IsFaultTolerant || _plan.Faults.Any(fault => fault is Fault.Corruption))
            {
                return false;
            }

            // Its process died between the end of the job and its own, for whoever looks after processes: nothing may be written twice.
            _startedAfterEnd = true;
            generation.Kill();
            Start();
            return true;
        }

        generation.Kill();
        _scale++;
        (_restoreFrom, _claim) = generation.Rescale!.Savepoint is { } savepoint ? (savepoint, generation.Rescale.Claim) : (_restoreFrom, _claim);
        _orderMayBreak |= generation.Rescale.Savepoint is null && (_plan.Checkpoints.Unaligned || _plan.Checkpoints.AlignedTimeout > TimeSpan.Zero);
        Start();
        return true;
    }

    /// <summary>Kills a start of the job; the current one is started again a while later.</summary>
    private void Crash(Generation generation, TimeSpan down)
    {
        _log.Write("world", $"all processes of start {generation.Number} die");
        generation.Kill();
        if (generation == _current)
        {
            _current = null;
            After(down, Start);
        }
    }

    private void CrashedAtStorage(SimulatedProcess process)
    {
        process.Kill();
        if (_generations.Find(generation => generation.Has(process)) is { } generation)
        {
            Crash(generation, _crashDown);
        }
    }

    /// <summary>Something broke while the job was ending, behind the savepoint that it was stopped with, and it says so.</summary>
    private static bool FailedBehindItsSavepoint(ISimulatedRun run) =>
        run.State == JobState.Failed && run.Error is { } error && error.Message.Contains("its savepoint is complete", StringComparison.Ordinal);

    private bool MayForget(long? restored, long committed)
    {
        bool excused = _audit.Excuses(restored, committed);
        if (excused)
        {
            _log.Write("world", $"what was committed with checkpoint {committed} may come again, since what is newer than {restored?.ToString(CultureInfo.InvariantCulture) ?? "nothing"} was damaged");
        }

        return excused;
    }

    private void Fail(string failure) => _failure ??= failure;

    private void At(TimeSpan time, Action action) => After(time - (_scheduler.Time.GetUtcNow() - _begin), action);

    private void After(TimeSpan span, Action action) =>
        _ = _scheduler.Time.CreateTimer(_ => action(), null, span > TimeSpan.Zero ? span : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
}
