using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>A job of the matrix.</summary>
/// <param name="Name">Names it in test results.</param>
/// <param name="Declare">Declares it.</param>
/// <param name="KnownResults">The results of a job that cannot run in a simulation, because it reads with threads of its own.</param>
/// <param name="KeepsNoState">Whether its results come at least once where barriers do not wait for each other.</param>
internal sealed record MatrixJob(string Name, Action<JobUnderTest> Declare, bool KeepsNoState = false, JobResults? KnownResults = null)
{
    private readonly Lazy<JobResults> _expected = new(() => KnownResults ?? JobEquivalence.RunUndisturbed(Declare));

    /// <summary>Whether its state is in a state backend.</summary>
    public bool KeepsKeyedState { get; init; }

    /// <summary>
    /// Whether its results tell which watermarks there were. Those in flight in an unaligned checkpoint are not dealt out again at another parallelism, where a later one stands for them.
    /// </summary>
    public bool ShowsEachWatermark { get; init; }

    /// <summary>Whether it runs on real threads only.</summary>
    public bool NeedsThreads => KnownResults is not null;

    /// <summary>The results of a run without checkpoints.</summary>
    public JobResults Expected => _expected.Value;
}
