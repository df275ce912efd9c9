using Millrace.Checkpointing;
using Millrace.Simulation.Jobs;

namespace Millrace.Simulation.Worlds;

/// <summary>Everything about a world that its seed decides beforehand.</summary>
internal sealed class WorldPlan
{
    private static readonly int[] KeyGroups = [4, 16, 128];
    private static readonly int[] BatchSizes = [1, 2, 7, 32];

    private WorldPlan(Random random, bool isFaultTolerant, Repertoire repertoire)
    {
        Shape = JobShape.Create(random, repertoire);
        Workers = random.Next(1, 4);
        NetworkDelay = Milliseconds(random, 0, 5);
        BatchSize = BatchSizes[random.Next(BatchSizes.Length)];
        ChannelCapacity = random.Next(2, 6);
        Chaining = random.Next(4) != 0;
        ObjectReuseCheck = random.Next(5) == 0;
        BufferTimeout = random.Next(3) == 0 ? TimeSpan.Zero : Milliseconds(random, 1, 100);
        MaxParallelism = KeyGroups[random.Next(KeyGroups.Length)];
        StorageDelay = Milliseconds(random, 0, 10);
        StorageIsAtomic = random.Next(2) == 0;
        Checkpoints = CreateCheckpoints(random);
        if (Shape.Stages.Any(stage => stage is WindowJoinStage or IntervalJoinStage))
        {
            // No snapshot is taken while a watermark is worked off, and a barrier waits behind what joins make many records of. All pairs must come through a slow network in less than the timeout, or the job
            // never gets beyond them.
            Checkpoints.Timeout = TimeSpan.FromSeconds(30);
        }

        Restarts = random.Next(2) == 0
            ? RestartStrategy.FixedDelay(1_000, Milliseconds(random, 0, 20))
            : RestartStrategy.ExponentialDelay(Milliseconds(random, 1, 10), Milliseconds(random, 20, 100), resetThreshold: TimeSpan.FromSeconds(1));
        FaultSeed = random.Next();
        Faults = [.. CreateFaults(random).Where(fault => isFaultTolerant || fault.IsHarmless).OrderBy(fault => fault.At)];
    }

    public JobShape Shape { get; }

    public int Workers { get; }

    public TimeSpan NetworkDelay { get; }

    public int BatchSize { get; }

    public int ChannelCapacity { get; }

    public bool Chaining { get; }

    public bool ObjectReuseCheck { get; }

    public TimeSpan BufferTimeout { get; }

    public int MaxParallelism { get; }

    public TimeSpan StorageDelay { get; }

    public bool StorageIsAtomic { get; }

    /// <summary>How checkpoints are taken; the storage comes with each start.</summary>
    public CheckpointOptions Checkpoints { get; }

    public RestartStrategy Restarts { get; }

    /// <summary>Decides what the faults decide when they happen.</summary>
    public int FaultSeed { get; }

    /// <summary>What happens, in order.</summary>
    public IReadOnlyList<Fault> Faults { get; private set; }

    /// <summary>When nothing goes wrong any more: from then on the job must come to its end.</summary>
    public static TimeSpan Peace { get; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether the job was promised that everything counts once; otherwise only that nothing is lost.</summary>
    public bool IsExactlyOnce => Checkpoints.Mode == CheckpointMode.ExactlyOnce;

    public static WorldPlan Create(ulong seed, bool isFaultTolerant, Repertoire repertoire = Repertoire.All) =>
        new(new Random((int)((seed * 0xC2B2_AE3D_27D4_EB4F) >> 33)), isFaultTolerant, repertoire);

    /// <summary>The same plan with other faults.</summary>
    public static WorldPlan Create(ulong seed, IReadOnlyList<Fault> faults, Repertoire repertoire = Repertoire.All) =>
        new(new Random((int)((seed * 0xC2B2_AE3D_27D4_EB4F) >> 33)), true, repertoire) { Faults = faults };

    /// <summary>The options of a start.</summary>
    public ExecutionOptions CreateOptions(CheckpointOptions? checkpoints) => new()
    {
        Parallelism = 2,
        MaxParallelism = MaxParallelism,
        BatchSize = BatchSize,
        ChannelCapacity = ChannelCapacity,
        OperatorChaining = Chaining,
        ObjectReuseCheck = ObjectReuseCheck,
        BufferTimeout = BufferTimeout,
        Checkpoints = checkpoints ?? new CheckpointOptions(),
        RestartStrategy = checkpoints is null ? null : Restarts,
    };

    public override string ToString() =>
        $"{Shape}; {Workers} workers, batches of {BatchSize}, channels of {ChannelCapacity}, chaining {Chaining}, {MaxParallelism} key groups; "
        + $"checkpoints every {Checkpoints.Interval} within {Checkpoints.Timeout}, unaligned {Checkpoints.Unaligned}, aligned timeout {Checkpoints.AlignedTimeout}, {Checkpoints.MaxConcurrent} at once, "
        + $"{Checkpoints.Retained} retained, {Checkpoints.TolerableFailures} failures tolerated, {Checkpoints.Mode}, every {Checkpoints.IntervalDuringBacklog?.ToString() ?? "as often"} in a backlog; {Restarts}; {Faults.Count} faults";

    private static CheckpointOptions CreateCheckpoints(Random random)
    {
        // Aligned, overtaking, either as it comes, or at least once.
        int alignment = random.Next(10);
        bool isAligned = alignment < 3;
        var interval = Milliseconds(random, 5, 120);
        return new CheckpointOptions
        {
            Interval = interval,
            JobId = "job",
            Mode = alignment == 9 ? CheckpointMode.AtLeastOnce : CheckpointMode.ExactlyOnce,
            Timeout = random.Next(3) == 0 ? Milliseconds(random, 150, 600) : TimeSpan.FromSeconds(30),
            MinPause = random.Next(3) == 0 ? Milliseconds(random, 1, 20) : TimeSpan.Zero,
            MaxConcurrent = isAligned ? random.Next(1, 4) : 1,
            TolerableFailures = random.Next(3) == 0 ? random.Next(3) : 10_000,
            Unaligned = alignment is >= 3 and < 6,
            AlignedTimeout = alignment is >= 6 and < 9 ? Milliseconds(random, 1, 20) : TimeSpan.Zero,
            IntervalDuringBacklog = random.Next(3) switch { 0 => TimeSpan.Zero, 1 => interval * (1 + (3 * random.NextDouble())), _ => null },
            Retained = random.Next(1, 4),
            InlineThreshold = random.Next(2) == 0 ? 0 : random.Next(1, 2_000),
        };
    }

    private static IEnumerable<Fault> CreateFaults(Random random)
    {
        int count = random.Next(0, 7);
        for (int i = 0; i < count; i++)
        {
            // Most jobs are over in a second; more faults early than late.
            var at = Peace * (random.NextDouble() * random.NextDouble());
            var span = Milliseconds(random, 1, 300);
            span = at + span > Peace ? Peace - at : span;
            var fault = Create(random, at, span);
            if (fault is Fault.ReturnToSavepoint)
            {
                // There must be one to return to.
                yield return new Fault.Savepoint(at * random.NextDouble(), Format(random));
            }

            yield return fault;
        }
    }

    /// <summary>Adds what can go wrong between the members of a cluster.</summary>
    public WorldPlan OnCluster()
    {
        var random = new Random(FaultSeed ^ 0x2E5A_17C3);
        var faults = new List<Fault>(Faults);
        for (int left = random.Next(4); left > 0; left--)
        {
            var at = Peace * (random.NextDouble() * random.NextDouble());
            var span = Milliseconds(random, 1, 300);
            faults.Add(random.Next(5) switch
            {
                0 or 1 => new Fault.FalseDeath(at, random.Next(3), span),
                2 => new Fault.SecondCoordinator(at),
                3 => new Fault.BreakConnection(at, random.Next(100)),
                _ => new Fault.Partition(at, random.Next(100), span),
            });
        }

        Faults = [.. faults.OrderBy(fault => fault.At)];

        // Barriers, acknowledgements and orders take a hop more than where coordinator and subtasks share a process: what is just enough there is too little here, every time.
        Checkpoints.Timeout = Checkpoints.Timeout < TimeSpan.FromSeconds(1) ? Checkpoints.Timeout * 3 : Checkpoints.Timeout;
        return this;
    }

    private static Fault Create(Random random, TimeSpan at, TimeSpan span) => random.Next(24) switch
    {
        0 or 1 => new Fault.SlowActor(at, span, Milliseconds(random, 1, 30)),
        2 => new Fault.Freeze(at, random.Next(4), span),
        3 => new Fault.ClockJump(at, random.Next(4), TimeSpan.FromSeconds(random.Next(-3_600, 3_600))),
        4 => new Fault.Partition(at, random.Next(3), span),
        5 => new Fault.BreakConnection(at, random.Next(3)),
        6 or 7 => new Fault.CrashAll(at, span / 4),
        8 or 9 => new Fault.CrashWorker(at, random.Next(3), span / 10),
        10 => new Fault.CrashAtOperation(at, random.Next(30), span / 4),
        11 => new Fault.Zombie(at, span),
        12 or 13 => new Fault.LoseCoordinator(at, span / 4, span * random.NextDouble(), random.Next(3) == 0),
        14 => new Fault.StorageFails(at, span, random.NextDouble()),
        15 => new Fault.StorageSlow(at, span, Milliseconds(random, 1, 100)),
        16 => new Fault.StorageFull(at, span, random.Next(2_000)),
        17 => new Fault.StorageCutOff(at, random.Next(4), span),
        18 => new Fault.LedgerFails(at, span, random.NextDouble() * 0.5),
        19 => new Fault.Corruption(at),
        20 => new Fault.Savepoint(at, Format(random)),
        21 => new Fault.ReturnToSavepoint(at, span / 4, Claim(random)),
        22 => new Fault.StopAndRescale(at, Format(random), Claim(random), random.Next(4) == 0),
        _ => random.Next(2) == 0 ? new Fault.StopAndRescale(at, Format(random), Claim(random), random.Next(4) == 0) : new Fault.CancelAndRescale(at),
    };

    private static SavepointFormat Format(Random random) => (SavepointFormat)random.Next(2);

    private static ClaimMode Claim(Random random) => (ClaimMode)random.Next(2);

    private static TimeSpan Milliseconds(Random random, int from, int to) => TimeSpan.FromMilliseconds(from + (random.NextDouble() * (to - from)));
}
