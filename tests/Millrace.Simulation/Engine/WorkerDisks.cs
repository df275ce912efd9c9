using Microsoft.Extensions.Logging;
using Millrace.Runtime.Checkpointing.LocalRecovery;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Engine;

/// <summary>
/// The disks of the workers of a world: a process that starts has the one of a process that has died, with whatever copies of checkpoint files are on it, or a new one. They are small, fail, tear files and change bytes: nothing
/// that a job does may depend on them.
/// </summary>
internal sealed class WorkerDisks
{
    private static readonly long[] Sizes = [long.MaxValue, long.MaxValue, 20_000, 2_000];
    private static readonly double[] FailureRates = [0, 0.02, 0.2];

    private readonly SimulatedScheduler _world;
    private readonly Random _random;
    private readonly long _size;
    private readonly double _failureRate;
    private readonly List<Mounted> _disks = [];

    private WorkerDisks(SimulatedScheduler world, Random random)
    {
        _world = world;
        _random = random;
        _size = Sizes[random.Next(Sizes.Length)];
        _failureRate = FailureRates[random.Next(FailureRates.Length)];
    }

    /// <summary>Those of a world; null for half of the worlds.</summary>
    public static WorkerDisks? Of(SimulatedScheduler world)
    {
        var random = new Random((int)((world.Seed * 0x9E37_79B9_7F4A_7C15) >> 33));
        return random.Next(2) == 0 ? null : new WorkerDisks(world, random);
    }

    /// <summary>Gives a process a disk.</summary>
    public LocalCopies Mount(SimulatedProcess process, ILoggerFactory loggers)
    {
        var disk = _disks.Find(other => !other.User.IsAlive);
        if (disk is null)
        {
            _disks.Add(disk = new Mounted(new SimulatedDisk(_world, new StorageFaults(_random.Next()) { IsAtomic = _random.Next(2) == 0 }, new SimulationLog()), process));
        }
        else if (_random.Next(2) == 0)
        {
            disk.Disk.CorruptOne(_random, static _ => true);
        }

        disk.User = process;

        // A worker whose disk cannot be read when it starts does not start.
        disk.Disk.Faults.FailureRate = 0;
        var copies = new LocalCopies(disk.Disk.ConnectFrom(process), _size, loggers.CreateLogger("Millrace.LocalRecovery"));
        disk.Disk.Faults.FailureRate = _failureRate;
        return copies;
    }

    private sealed class Mounted(SimulatedDisk disk, SimulatedProcess user)
    {
        public SimulatedDisk Disk => disk;

        public SimulatedProcess User { get; set; } = user;
    }
}
