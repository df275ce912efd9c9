using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>Every job with keyed state in virtual time, with its state in RocksDB: the same result.</summary>
[Collection("Simulated matrix with RocksDB")]
public sealed class SimulatedRocksDbMatrixTests(ITestOutputHelper output)
{
    private const ulong MostSeeds = 200;

    // Jobs with keyed state, in the ways that matter to a backend: how many checkpoints there are at once, and what a job goes on from.
    public static TheoryData<string, string> JobsAndWaysWithRocksDb { get; } =
    [
        .. from job in MatrixJobs.All
           where job.KeepsKeyedState
           from way in JobWay.All
           where way.Interruption != Interruption.None && way.Barriers is (BarrierWay.Aligned or BarrierWay.Concurrent)
           select (job.Name, way.Name),
    ];

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
        for (ulong seed = 1; seed <= (ulong)SimulatedMatrixTests.Seeds / 4 || (!isShown && seed <= MostSeeds); seed++)
        {
            var report = JobEquivalence.Check(job.Declare, way, job.Expected, options with { FirstSeed = seed });
            output.WriteLine($"{seed}: {report}");
            isShown |= changes ? seed % 2 == 0 && report.Interruptions >= 2 : report.Interruptions >= 1;
        }

        Assert.True(isShown, $"No run of {MostSeeds} was interrupted often enough.");
        Assert.True(backends.RocksDbStarts > 0);
    }
}
