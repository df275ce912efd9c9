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

        // Which seeds interrupt the job depends on everything that takes a random number: two in a row that do not are looked for.
        const ulong Most = 200;
        for (ulong seed = 1; seed <= Most; seed++)
        {
            var report = JobEquivalence.Check(job.Declare, way, job.Expected, new JobEquivalenceOptions { Seeds = 2, FirstSeed = seed });
            Assert.True(report.Interruptions > 0, $"The job was not interrupted: {report}");
            if (report.Runs > 2)
            {
                return;
            }
        }

        Assert.Fail($"Of {Most} seeds no two in a row leave the job alone.");
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
