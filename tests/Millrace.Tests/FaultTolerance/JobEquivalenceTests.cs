using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>A run that was not interrupted shows nothing of interruptions.</summary>
public sealed class JobEquivalenceTests
{
    [Fact]
    public void Where_no_run_was_interrupted_there_are_more_until_one_is()
    {
        var job = MatrixJobs.All.Single(job => job.Name == "full-window partitions of keys");
        var way = JobWay.Named("at least once, stopped with a savepoint, goes on at another parallelism");
        var report = JobEquivalence.Check(job.Declare, way, job.Expected, new JobEquivalenceOptions { Seeds = 3 });
        Assert.True(report.Runs > 3, $"The job is interrupted in its first runs: {report}");
        Assert.True(report.Interruptions > 0, $"The job was not interrupted: {report}");
    }

    [Fact]
    public void A_job_that_is_never_interrupted_is_refused_and_not_taken_for_good()
    {
        var way = JobWay.Named("at least once, stopped with a savepoint, goes on at another parallelism");
        Action<JobUnderTest> declare = static job => job.Capture(job.Env.FromCollection<int>([]), "nothing");
        var options = new JobEquivalenceOptions { Seeds = 2 };
        var error = Assert.Throws<JobEquivalenceException>(() => JobEquivalence.Check(declare, way, JobEquivalence.RunUndisturbed(declare, options), options));
        Assert.Contains("none of 8 runs was interrupted", error.Message, StringComparison.Ordinal);
    }
}
