using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>Every job, in every way, in virtual time: one result. It shares no threads with other tests, and so runs beside them.</summary>
[Collection("Simulated matrix")]
public sealed class SimulatedMatrixTests(ITestOutputHelper output)
{
    public static TheoryData<string, string> JobsAndWays { get; } =
    [
        .. from job in MatrixJobs.All
           where !job.NeedsThreads
           from way in JobWay.All
           where !(job.ShowsEachWatermark && way.Rescales && way.Barriers is (BarrierWay.Unaligned or BarrierWay.AlignedTimeout))
           select (job.Name, way.Name),
    ];

    // More where there is time: the seeds of every run are the same.
    internal static int Seeds => int.TryParse(Environment.GetEnvironmentVariable("MILLRACE_MATRIX_SEEDS"), out int seeds) ? seeds : 2;

    [Theory]
    [MemberData(nameof(JobsAndWays))]
    public void A_job_gives_the_same_results_in_every_way(string jobName, string wayName)
    {
        var job = MatrixJobs.All.Single(job => job.Name == jobName);
        var way = JobWay.Named(wayName);
        var report = JobEquivalence.Check(job.Declare, way, job.Expected, new JobEquivalenceOptions { Seeds = Seeds, KeepsNoState = job.KeepsNoState });
        output.WriteLine(report.ToString());
    }
}
