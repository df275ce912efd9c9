using Millrace.State.Backends;

namespace Millrace.Testing;

/// <summary>How much <see cref="JobEquivalence"/> tries.</summary>
public sealed record JobEquivalenceOptions
{
    /// <summary>How many runs there are of each way; each has another schedule, and is interrupted at other moments.</summary>
    /// <value>At least 1. Default: 5. There are up to four times as many where none of them was interrupted.</value>
    public int Seeds { get; init; } = 5;

    /// <summary>The seed of the first run: to repeat a run, its seed, with <see cref="Seeds"/> 1.</summary>
    /// <value>Default: 1.</value>
    public ulong FirstSeed { get; init; } = 1;

    /// <summary>The parallelisms that the job is run at.</summary>
    /// <value>At least one, each at least 1. Default: 1, 2 and 4.</value>
    public IReadOnlyList<int> Parallelisms { get; init; } = [1, 2, 4];

    /// <summary>The state backends that the job is run with: one after the other in a run that goes on from savepoints, else one for each run. Called for every start.</summary>
    /// <value>At least one. Default: keyed state on the heap.</value>
    public IReadOnlyList<Func<StateBackend?>> StateBackends { get; init; } = [() => null];

    /// <summary>How often checkpoints are taken, by the job's clock, which stands still while nothing is done.</summary>
    /// <value>Default: 5 ms.</value>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// Whether results are compared where barriers do not wait for each other: a job that keeps no state gives each result at least once, one that counts
    /// may count records again. Without it such runs need only come to their end.
    /// </summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool KeepsNoState { get; init; }

    /// <summary>Ends a run that has not come to its end when so much time has passed by the job's clock.</summary>
    /// <value>Default: 5 minutes.</value>
    public TimeSpan MaxTime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Ends a run that does not come to its end after so many steps.</summary>
    /// <value>Default: 2,000,000.</value>
    public long MaxSteps { get; init; } = 2_000_000;
}
