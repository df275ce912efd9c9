using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>
/// A source that has fewer subtasks than what follows at one parallelism, and as many at another: the exchange between the two becomes a chain. What was in flight there was handed on behind
/// the watermark with which the source went on, and was late.
/// </summary>
public sealed class RescaledChainTests
{
    [Theory]
    [InlineData("unaligned, cancelled and started again, goes on at another parallelism")]
    [InlineData("unaligned, the process crashes, goes on at another parallelism")]
    public void What_was_in_flight_where_there_is_a_chain_now_is_not_late(string way)
    {
        // Of the first 150 seeds three and two showed it; these are among them.
        foreach (ulong seed in (ulong[])[31, 49, 71, 116])
        {
            JobEquivalence.Check(Windows, JobWay.Named(way), Expected.Value, new JobEquivalenceOptions { FirstSeed = seed, Seeds = 1 });
            JobEquivalence.Check(United, JobWay.Named(way), ExpectedUnited.Value, new JobEquivalenceOptions { FirstSeed = seed, Seeds = 1 });
        }
    }

    private static Lazy<JobResults> Expected { get; } = new(() => JobEquivalence.RunUndisturbed(Windows, new JobEquivalenceOptions()));

    private static Lazy<JobResults> ExpectedUnited { get; } = new(() => JobEquivalence.RunUndisturbed(United, new JobEquivalenceOptions()));

    private static void Windows(JobUnderTest job) => Windows(job, Two(job));

    private static void United(JobUnderTest job) =>
        Windows(job, Two(job).Union(job.Env.FromSource(Readings.Source(3, records: 30)).Map(reading => reading with { Key = reading.Key })));

    private static SingleOutputStream<Reading> Two(JobUnderTest job) => job.Env.FromSource(Readings.Source(2)).Map(reading => reading with { Key = reading.Key });

    private static void Windows(JobUnderTest job, DataStream<Reading> readings) => job.Capture(
        readings.KeyBy(reading => reading.Key).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(25))).Process(() => new SortedWindow()), "windows");
}
