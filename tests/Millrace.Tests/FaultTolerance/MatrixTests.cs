using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>Every job, in every way: one result.</summary>
public sealed class MatrixTests(ITestOutputHelper output)
{
    private const ulong MostSeeds = 200;

    public static TheoryData<string, string> JobsAndWays { get; } =
    [
        .. from job in MatrixJobs.All
           where !job.NeedsThreads
           from way in JobWay.All
           where !(job.ShowsEachWatermark && way.Rescales && way.Barriers is (BarrierWay.Unaligned or BarrierWay.AlignedTimeout))
           select (job.Name, way.Name),
    ];

    // Jobs with keyed state, in the ways that matter to a backend: how many checkpoints there are at once, and what a job goes on from.
    public static TheoryData<string, string> JobsAndWaysWithRocksDb { get; } =
    [
        .. from job in MatrixJobs.All
           where job.KeepsKeyedState
           from way in JobWay.All
           where way.Interruption != Interruption.None && way.Barriers is (BarrierWay.Aligned or BarrierWay.Concurrent)
           select (job.Name, way.Name),
    ];

    public static TheoryData<string> Jobs { get; } = [.. MatrixJobs.All.Select(job => job.Name)];

    public static TheoryData<string> JobsWithKeyedState { get; } = [.. MatrixJobs.All.Where(job => job.KeepsKeyedState).Select(job => job.Name)];

    // More where there is time: the seeds of every run are the same.
    private static int Seeds => int.TryParse(Environment.GetEnvironmentVariable("MILLRACE_MATRIX_SEEDS"), out int seeds) ? seeds : 3;

    [Theory]
    [MemberData(nameof(JobsAndWays))]
    public void A_job_gives_the_same_results_in_every_way(string jobName, string wayName)
    {
        var job = MatrixJobs.All.Single(job => job.Name == jobName);
        var way = JobWay.Named(wayName);
        var report = JobEquivalence.Check(job.Declare, way, job.Expected, new JobEquivalenceOptions { Seeds = Seeds, KeepsNoState = job.KeepsNoState });
        output.WriteLine(report.ToString());
    }

    [Theory]
    [MemberData(nameof(JobsAndWaysWithRocksDb))]
    public void A_job_gives_the_same_results_with_state_in_RocksDb(string jobName, string wayName)
    {
        var job = MatrixJobs.All.Single(job => job.Name == jobName);
        var way = JobWay.Named(wayName);
        using var backends = new MatrixBackends();
        bool changes = way.Interruption == Interruption.Savepoint;

        var options = new JobEquivalenceOptions { Seeds = 1, StateBackends = changes ? backends.HeapAndRocksDb : backends.RocksDb };

        // A run takes some twenty times as long as on the heap, so there are no more than show something: where backends change, until one has gone from the heap to RocksDB and
        // back; the first backend of an even seed is the heap.
        bool isShown = false;
        for (ulong seed = 1; seed <= (ulong)Seeds / 4 || (!isShown && seed <= MostSeeds); seed++)
        {
            var report = JobEquivalence.Check(job.Declare, way, job.Expected, options with { FirstSeed = seed });
            output.WriteLine($"{seed}: {report}");
            isShown |= changes ? seed % 2 == 0 && report.Interruptions >= 2 : report.Interruptions >= 1;
        }

        Assert.True(isShown, $"No run of {MostSeeds} was interrupted often enough.");
        Assert.True(backends.RocksDbStarts > 0);
    }

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
