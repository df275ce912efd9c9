using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>
/// The sum of all balances is zero in every result. What happens to the job on its way, crashes, failures, rescaling, checkpoints of every kind, is the matter of the matrix,
/// which compares with the results of an undisturbed run: here those are compared with the right ones.
/// </summary>
public sealed class ConsistencyTests
{
    public static TheoryData<int> Parallelisms { get; } = [1, 2, 4];

    [Theory]
    [MemberData(nameof(Parallelisms))]
    public void Every_total_is_zero_and_every_balance_is_right_at_its_timestamp(int parallelism) =>
        Assert.Null(Transfers.Expected().DifferenceTo(JobEquivalence.RunUndisturbed(job => MatrixJobs.Consistent(job), At(parallelism))));

    [Fact]
    public async Task So_it_is_on_real_threads_with_sinks_that_fail_restarts_and_rescaling() => await JobEquivalence.CheckOnThreadsAsync(
        job => MatrixJobs.Consistent(job),
        Transfers.Expected(),
        new JobEquivalenceOptions { Seeds = 3, Parallelisms = [2, 4] },
        TestContext.Current.CancellationToken);

    [Theory]
    [MemberData(nameof(Parallelisms))]
    public void Without_the_option_totals_are_wrong_on_the_way(int parallelism)
    {
        var results = JobEquivalence.RunUndisturbed(job => MatrixJobs.Consistent(job, consistent: false), At(parallelism));
        Assert.Contains(results["totals"], total => !total.EndsWith(": 0", StringComparison.Ordinal));
    }

    [Fact]
    public void With_late_data_there_is_no_other_total_than_zero() => Assert.All(TotalsOfLateData(decidesOnce: true), totals => Assert.Equal(["0"], totals));

    [Fact]
    public void Without_DropLateData_a_transfer_is_late_in_one_branch_only() => Assert.Contains(TotalsOfLateData(decidesOnce: false), totals => totals.Count > 1);

    /// <summary>Which totals there were, in one run for each seed: the schedule decides what is late.</summary>
    private static IEnumerable<IReadOnlyList<string>> TotalsOfLateData(bool decidesOnce) =>
        Enumerable.Range(1, 20).Select(seed => JobEquivalence.RunUndisturbed(job => MatrixJobs.ConsistentOfLateData(job, decidesOnce), At(4, (ulong)seed))["totals"]);

    private static JobEquivalenceOptions At(int parallelism, ulong seed = 1) => new() { Parallelisms = [parallelism], FirstSeed = seed };
}
