using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>Every job, in every way: one result.</summary>
public sealed class MatrixTests(ITestOutputHelper output)
{
    public static TheoryData<string, string> JobsAndWays { get; } = [.. from job in MatrixJobs.All where !job.NeedsThreads from way in JobWay.All select (job.Name, way.Name)];

    public static TheoryData<string> Jobs { get; } = [.. MatrixJobs.All.Select(job => job.Name)];

    // More where there is time: the seeds of every run are the same.
    private static int Seeds => int.TryParse(Environment.GetEnvironmentVariable("MILLRACE_MATRIX_SEEDS"), out int seeds) ? seeds : 6;

    [Theory]
    [MemberData(nameof(JobsAndWays))]
    public void A_job_gives_the_same_results_in_every_way(string jobName, string wayName)
    {
        var job = MatrixJobs.All.Single(job => job.Name == jobName);
        var way = JobWay.Named(wayName);
        using var backends = new MatrixBackends();
        var report = JobEquivalence.Check(
            job.Declare, way, job.Expected, new JobEquivalenceOptions { Seeds = Seeds, KeepsNoState = job.KeepsNoState, StateBackends = backends.All });
        output.WriteLine(report.ToString());
    }

    [Theory]
    [MemberData(nameof(Jobs))]
    public async Task A_job_gives_the_same_results_on_real_threads(string jobName)
    {
        var job = MatrixJobs.All.Single(job => job.Name == jobName);
        using var backends = new MatrixBackends();

        // Two seeds: with one of them a job begins on the heap, with the other in RocksDB, and savepoints lead from one to the other.
        await JobEquivalence.CheckOnThreadsAsync(
            job.Declare, job.Expected, new JobEquivalenceOptions { Seeds = 2, StateBackends = backends.All }, TestContext.Current.CancellationToken);
    }
}
