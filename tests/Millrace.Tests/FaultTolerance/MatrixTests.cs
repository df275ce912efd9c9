using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>Every job on real threads: the result that it has in virtual time.</summary>
public sealed class MatrixTests
{
    public static TheoryData<string> Jobs { get; } = [.. MatrixJobs.All.Select(job => job.Name)];

    public static TheoryData<string> JobsWithKeyedState { get; } = [.. MatrixJobs.All.Where(job => job.KeepsKeyedState).Select(job => job.Name)];

    [Theory]
    [MemberData(nameof(Jobs))]
    public async Task A_job_gives_the_same_results_on_real_threads(string jobName)
    {
        var job = MatrixJobs.All.Single(job => job.Name == jobName);
        await JobEquivalence.CheckOnThreadsAsync(job.Declare, job.Expected, new JobEquivalenceOptions { Seeds = 1 }, TestContext.Current.CancellationToken);
    }

    [Theory]
    [MemberData(nameof(JobsWithKeyedState))]
    public async Task A_job_gives_the_same_results_on_real_threads_with_state_in_RocksDb(string jobName)
    {
        var job = MatrixJobs.All.Single(job => job.Name == jobName);
        using var backends = new MatrixBackends();

        // Begins on the heap with one seed and in RocksDB with the other; savepoints lead from one to the other.
        await JobEquivalence.CheckOnThreadsAsync(
            job.Declare, job.Expected, new JobEquivalenceOptions { Seeds = 2, StateBackends = backends.HeapAndRocksDb }, TestContext.Current.CancellationToken);
    }
}
