using Millrace.Runtime.Tasks;

namespace Millrace.Simulation.Worlds;

/// <summary>What goes wrong.</summary>
internal sealed partial class World
{
    private TimeSpan _crashDown;
    private int _savepoints;

    private void Apply(Fault fault)
    {
        // What meets a job that is down, or that has ended, meets nobody.
        if (_current is not { Run: { IsEnded: false } run } generation)
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
            case Fault.Partition partition when run.Connections.Count > 0:
                var divided = run.Connections[partition.Connection % run.Connections.Count];
                divided.FirstToSecond.HoldFor(partition.For);
                divided.SecondToFirst.HoldFor(partition.For);
                break;
            case Fault.BreakConnection broken when run.Connections.Count > 0:
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
            case Fault.LedgerFails fails:
                _ledger.Faults.FailureRate = fails.Rate;
                After(fails.For, () => _ledger.Faults.FailureRate = 0);
                break;
            case Fault.Savepoint:
                string path = $"savepoints/{++_savepoints}";
                run.TriggerSavepoint(path, stop: false, error => _log.Write("world", $"{path} {error?.Message ?? "is taken"}"));
                break;
            case Fault.StopAndRescale when generation.Rescale is null:
                var rescale = new Rescale($"savepoints/{++_savepoints}");
                generation.Rescale = rescale;
                run.TriggerSavepoint(rescale.Savepoint!, stop: true, error => Stopped(generation, rescale, error));
                break;
            case Fault.CancelAndRescale when generation.Rescale is null:
                generation.Rescale = new Rescale((string?)null);
                run.Cancel();
                break;
            default:
                ApplyToStorage(fault, generation);
                break;
        }
    }

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
                _disk.CorruptOne(_random, static _ => true);
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
            if (generation.Coordinator.IsAlive && generation.Workers[worker] == dead && generation.Run is { IsEnded: false } run)
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

    private void Stopped(Generation generation, Rescale rescale, Exception? error)
    {
        _log.Write("world", $"{rescale.Savepoint} {error?.Message ?? "is taken, and the job stops"}");
        if (error is null)
        {
            rescale.IsTaken = true;
        }
        else
        {
            generation.Rescale = null;
        }
    }
}
