using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Tasks;
using Millrace.Simulation.Engine;
using Millrace.Simulation.External;

namespace Millrace.Simulation.Worlds;

/// <summary>What goes wrong.</summary>
internal sealed partial class World
{
    private TimeSpan _crashDown;
    private int _savepoints;

    // What the job writes to, as it was at each savepoint.
    private readonly Dictionary<string, LedgerBackup<Item>> _backups = [];

    // The savepoints behind which nothing comes any more.
    private readonly HashSet<string> _drained = [];
    private bool _isDrained;
    private Rescale? _lastStop;

    private void Apply(Fault fault)
    {
        // What meets a job that is down, or that has ended, meets nobody.
        if (_current is not { Run: { IsEnded: false } run } generation || !Meets(fault, generation, run))
        {
            return;
        }

        _log.Write("fault", fault.ToString());
        switch (fault)
        {
            case Fault.SlowActor slow:
                SlowDown(slow);
                break;
            case Fault.Freeze freeze:
                var frozen = generation.Process(freeze.Process);
                frozen.Freeze();
                After(freeze.For, frozen.Thaw);
                break;
            case Fault.ClockJump jump:
                generation.Process(jump.Process).JumpClock(jump.By);
                break;
            case Fault.Partition partition:
                var divided = run.Connections[partition.Connection % run.Connections.Count];
                divided.FirstToSecond.HoldFor(partition.For);
                divided.SecondToFirst.HoldFor(partition.For);
                break;
            case Fault.BreakConnection broken:
                run.Connections[broken.Connection % run.Connections.Count].Break(new IOException("the simulated network lost it"));
                break;
            case Fault.CrashAll crash:
                Crash(generation, crash.Down);
                break;
            case Fault.CrashWorker crash:
                CrashWorker(generation, crash.Worker % generation.Workers.Length, crash.Noticed);
                break;
            case Fault.CrashAtOperation crash:
                _crashDown = crash.Down;
                _disk.Faults.CrashIn(crash.Operations);
                break;
            case Fault.Zombie zombie:
                BecomeZombie(generation, zombie.Until);
                break;
            case Fault.LoseCoordinator lost:
                LoseCoordinator(generation, lost);
                break;
            case Fault.FalseDeath death:
                run.Suspect(death.Worker % generation.Workers.Length, isDead: true);
                After(death.For, () =>
                {
                    if (generation.Coordinator.IsAlive && generation.Workers.Length > 0)
                    {
                        run.Suspect(death.Worker % generation.Workers.Length, isDead: false);
                    }
                });
                break;
            case Fault.SecondCoordinator:
                _current = null;
                _lost = generation;
                Start();
                break;
            case Fault.LedgerFails fails:
                _ledger.Faults.FailureRate = fails.Rate;
                After(fails.For, () => _ledger.Faults.FailureRate = 0);
                break;
            case Fault.Savepoint savepoint:
                string path = $"savepoints/{++_savepoints}";
                run.TriggerSavepoint(path, savepoint.Format, StopMode.None, error => SavepointDone(path, error));
                break;
            case Fault.StopAndRescale stop:
                var rescale = new Rescale($"savepoints/{++_savepoints}", stop.Claim, stop.Drains);
                generation.Rescale = _lastStop = rescale;
                run.TriggerSavepoint(rescale.Savepoint!, stop.Format, stop.Drains ? StopMode.Drain : StopMode.Suspend, error => Stopped(generation, rescale, error));
                break;
            case Fault.CancelAndRescale:
                generation.Rescale = new Rescale((string?)null);
                run.Cancel();
                break;
            case Fault.ReturnToSavepoint back:
                ReturnToSavepoint(back);
                break;
            default:
                ApplyToStorage(fault, generation);
                break;
        }
    }

    /// <summary>Whether there is something that the fault could happen to.</summary>
    private bool Meets(Fault fault, Generation generation, ISimulatedRun run) => fault switch
    {
        Fault.Partition or Fault.BreakConnection => run.Connections.Count > 0,
        Fault.FalseDeath => generation.Workers.Length > 0,

        // Whoever is being stopped would be, and the other not.
        Fault.SecondCoordinator => generation.Rescale is null,
        Fault.StopAndRescale or Fault.CancelAndRescale => generation.Rescale is null,
        Fault.ReturnToSavepoint => _audit.Ended is null && _audit.Savepoints.Count > 0,
        Fault.Corruption => _disk.Size > 0,
        _ => true,
    };

    private void ApplyToStorage(Fault fault, Generation generation)
    {
        var faults = _disk.Faults;
        switch (fault)
        {
            case Fault.StorageFails fails:
                faults.FailureRate = fails.Rate;
                After(fails.For, () => faults.FailureRate = 0);
                break;
            case Fault.StorageSlow slow:
                faults.MaxDelay = slow.Delay;
                After(slow.For, () => faults.MaxDelay = _plan.StorageDelay);
                break;
            case Fault.StorageFull full:
                faults.Quota = _disk.Size + full.Room;
                After(full.For, () => faults.Quota = null);
                break;
            case Fault.StorageCutOff cut:
                var process = generation.Process(cut.Process);
                _disk.CutOff(process);
                After(cut.For, () => _disk.Reconnect(process));
                break;
            case Fault.Corruption:
                _audit.Damaged(_disk.CorruptOne(_random, static _ => true)!);
                break;
        }
    }

    /// <summary>Nothing goes wrong any more.</summary>
    private void MakePeace()
    {
        _log.Write("world", "nothing goes wrong from here on");
        _disk.Faults.Heal();
        _ledger.Faults.FailureRate = 0;
        _scheduler.Stall = null;
    }

    /// <summary>Makes one actor slow, whichever comes along.</summary>
    private void SlowDown(Fault.SlowActor slow)
    {
        Actor? chosen = null;
        bool pausedLast = false;
        TimeSpan Stall(Actor actor)
        {
            if (chosen is null && _random.Next(8) == 0)
            {
                chosen = actor;
                _log.Write("fault", $"slow: {actor.Description}");
            }

            if (actor != chosen)
            {
                return TimeSpan.Zero;
            }

            // Every other time: when the pause is over it does run.
            pausedLast = !pausedLast;
            return pausedLast ? slow.Each : TimeSpan.Zero;
        }

        _scheduler.Stall = Stall;
        After(slow.For, () => _scheduler.Stall = _scheduler.Stall == (Func<Actor, TimeSpan>)Stall ? null : _scheduler.Stall);
    }

    private void CrashWorker(Generation generation, int worker, TimeSpan noticed)
    {
        var dead = generation.Workers[worker];
        dead.Kill();
        After(noticed, () =>
        {
            if (generation.Coordinator.IsAlive && worker < generation.Workers.Length && generation.Workers[worker] == dead && generation.Run is { IsEnded: false } run)
            {
                generation.Workers[worker] = StartProcess(dead.Name + "'");
                run.ReplaceWorker(worker, generation.Workers[worker]);
            }
        });
    }

    private void BecomeZombie(Generation generation, TimeSpan until)
    {
        foreach (var process in generation.Processes)
        {
            process.Freeze();
        }

        Start();
        After(until, () =>
        {
            _log.Write("fault", $"start {generation.Number} goes on, as a zombie");
            foreach (var process in generation.Processes)
            {
                process.Thaw();
            }
        });
    }

    private void LoseCoordinator(Generation generation, Fault.LoseCoordinator lost)
    {
        if (lost.ComesBack)
        {
            generation.Coordinator.Freeze();
        }
        else
        {
            generation.Coordinator.Kill();
        }

        _current = null;
        _lost = _engine.KeepsWorkers ? generation : null;
        After(lost.Down, Start);
        After(lost.Down + lost.Until, () =>
        {
            if (lost.ComesBack)
            {
                _log.Write("fault", $"the coordinator of start {generation.Number} goes on, as a zombie");
                generation.Coordinator.Thaw();
            }
            else
            {
                _log.Write("fault", $"the workers of start {generation.Number} die too");
                generation.Kill();
            }
        });
    }

    private void ReturnToSavepoint(Fault.ReturnToSavepoint back)
    {
        var savepoints = _audit.Savepoints;
        string path = savepoints[_random.Next(savepoints.Count)];
        _log.Write("world", $"all processes die, and everything returns to {path}");
        _generations.ForEach(generation => generation.Kill());
        _current = null;
        _ledger.Rewind(_backups[path]);
        _abandonedUpTo = _audit.ReservedId;
        _restoreFrom = path;
        _isDrained = _drained.Contains(path);
        _claim = back.Claim;
        _scale++;
        After(back.Down, Start);
    }

    private void SavepointDone(string path, Exception? error)
    {
        _log.Write("world", $"{path} {error?.Message ?? "is taken"}");
        if (error is null)
        {
            Taken(path);
        }
    }

    private void Taken(string path)
    {
        if (_audit.Taken(path) is { } id)
        {
            _backups[path] = _ledger.BackUp(id);
        }

        if (_isDrained)
        {
            _drained.Add(path);
        }
    }

    private void Stopped(Generation generation, Rescale rescale, Exception? error)
    {
        _log.Write("world", $"{rescale.Savepoint} {error?.Message ?? "is taken, and the job stops"}");
        if (error is null)
        {
            rescale.IsTaken = true;
            _isDrained |= rescale.Drains;
            Taken(rescale.Savepoint!);
        }
        else
        {
            // Where it failed only behind its savepoint, it goes on from that by itself: with an input that has ended.
            // Or it is there although nobody can say so: the storage failed just when it was written.
            _isDrained |= rescale.Drains && (error is MillraceException { Code: "MR3104" } || _audit.Ended == JobState.Suspended);
            generation.Rescale = null;
        }
    }
}
