using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>
/// The sum of all balances is zero in every result. What happens to the job on its way, crashes, failures, rescaling, checkpoints of every kind, is the matter of the matrix,
/// which compares with the results of an undisturbed run: here those are compared with the right ones.
/// </summary>
public sealed class ConsistencyTests
{
    [Fact]
    public void Every_total_is_zero_and_every_balance_is_right_at_its_timestamp() =>
        Assert.Null(ConsistencyJob.Expected().DifferenceTo(JobEquivalence.RunUndisturbed(job => MatrixJobs.Consistent(job))));

    [Fact]
    public async Task So_it_is_on_real_threads_with_sinks_that_fail_restarts_and_rescaling() => await JobEquivalence.CheckOnThreadsAsync(
        job => MatrixJobs.Consistent(job),
        ConsistencyJob.Expected(),
        new JobEquivalenceOptions { Seeds = 3, Parallelisms = [2, 4] },
        TestContext.Current.CancellationToken);

    [Fact]
    public void Without_the_option_totals_are_wrong_on_the_way()
    {
        var results = JobEquivalence.RunUndisturbed(job => MatrixJobs.Consistent(job, consistent: false));
        Assert.Contains(results["totals"], total => !total.EndsWith(": 0", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_DropLateData_a_transfer_may_be_late_in_one_branch_only()
    {
        // Which it is depends on the schedule: one of so many shows it.
        var totals = Enumerable.Range(1, 20).SelectMany(seed => JobEquivalence.RunUndisturbed(
            job => MatrixJobs.ConsistentOfLateData(job, decidesOnce: false), new JobEquivalenceOptions { FirstSeed = (ulong)seed })["totals"]);
        Assert.Contains(totals, total => total != "0");
    }

    [Fact]
    public void With_late_data_there_is_no_other_total_than_zero() =>
        Assert.Equal(["0"], JobEquivalence.RunUndisturbed(job => MatrixJobs.ConsistentOfLateData(job))["totals"]);
}
