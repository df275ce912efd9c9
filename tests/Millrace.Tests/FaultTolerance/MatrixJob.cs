using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>A job of the matrix.</summary>
/// <param name="Name">Names it in test results.</param>
/// <param name="Declare">Declares it.</param>
/// <param name="KeepsNoState">Whether its results come at least once where barriers do not wait for each other.</param>
internal sealed record MatrixJob(string Name, Action<JobUnderTest> Declare, bool KeepsNoState = false)
{
    private readonly Lazy<JobResults> _expected = new(() => JobEquivalence.RunUndisturbed(Declare));

    /// <summary>The results of a run without checkpoints.</summary>
    public JobResults Expected => _expected.Value;
}
