namespace Millrace.Testing.Simulation;

/// <summary>What becomes of an operation on a <see cref="SimulatedDisk"/>.</summary>
internal enum StorageFault
{
    /// <summary>It works.</summary>
    None,

    /// <summary>It fails, and nothing has happened.</summary>
    FailBefore,

    /// <summary>It has happened, but whoever asked for it gets an error: the outcome is unknown to him.</summary>
    FailAfter,

    /// <summary>The process crashes before anything has happened.</summary>
    CrashBefore,

    /// <summary>The process crashes when it has happened, and before it hears of it.</summary>
    CrashAfter,
}

/// <summary>Decides by a seed how a <see cref="SimulatedDisk"/> misbehaves. Everything works until told otherwise.</summary>
/// <param name="seed">Decides.</param>
internal sealed class StorageFaults(int seed)
{
    private readonly Random _random = new(seed);
    private long _crashIn = -1;

    /// <summary>Which part of the operations fails; 0 to 1.</summary>
    public double FailureRate { get; set; }

    /// <summary>Which part of those fails after it has happened; 0 to 1.</summary>
    public double UnknownOutcomes { get; set; } = 0.5;

    /// <summary>The longest time that work on the storage waits, each time at random.</summary>
    public TimeSpan MaxDelay { get; set; }

    /// <summary>How many bytes fit; <see langword="null"/> for any number.</summary>
    public long? Quota { get; set; }

    /// <summary>
    /// Whether a file appears under its name only when it is complete. Where it does not, a crash while it is being written leaves the part that was.
    /// </summary>
    public bool IsAtomic { get; set; } = true;

    /// <summary>Has the process that does the <paramref name="operations"/>th operation from now crash there.</summary>
    public void CrashIn(long operations) => _crashIn = operations;

    /// <summary>Everything works again.</summary>
    public void Heal()
    {
        FailureRate = 0;
        MaxDelay = TimeSpan.FromMilliseconds(1);
        Quota = null;
        _crashIn = -1;
    }

    /// <summary>How long work on the storage waits now.</summary>
    public TimeSpan NextDelay() => MaxDelay * _random.NextDouble();

    /// <summary>What becomes of the next operation.</summary>
    public StorageFault Next()
    {
        if (_crashIn >= 0 && _crashIn-- == 0)
        {
            return _random.Next(2) == 0 ? StorageFault.CrashBefore : StorageFault.CrashAfter;
        }

        if (FailureRate == 0 || _random.NextDouble() >= FailureRate)
        {
            return StorageFault.None;
        }

        return _random.NextDouble() < UnknownOutcomes ? StorageFault.FailAfter : StorageFault.FailBefore;
    }

    /// <summary>A number less than <paramref name="bound"/>, for example where a file is torn.</summary>
    public int Next(int bound) => _random.Next(bound);
}
