using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>The jobs of the matrix with windows of the general operator. Where results depend on the order of a key's records, one script gives them all.</summary>
internal static class MatrixWindowJobs
{
    private static readonly OutputTag<Reading> Late = new("late");

    public static IReadOnlyList<MatrixJob> All { get; } =
    [
        new("sessions", job => job.Capture(Keyed(job).Window(Sessions(9)).Aggregate(() => new Total()), "totals")) { KeepsKeyedState = true },
        new("sessions with a dynamic gap", DynamicSessions) { KeepsKeyedState = true },
        new("late data of sessions", LateSessions) { KeepsKeyedState = true },
        new("allowed lateness of sessions", job => job.Capture(InOrder(job).Window(Sessions(9)).AllowedLateness(Ms(400)).Aggregate(() => new Total()), "totals")) { KeepsKeyedState = true },
        new("count windows", CountWindows) { KeepsKeyedState = true },
        new("cumulative windows", job => job.Capture(Keyed(job).Window(CumulativeEventTimeWindows.Of(Ms(100), Ms(25))).Aggregate(() => new Total()), "totals")) { KeepsKeyedState = true },
        new("triggers", Triggers) { KeepsKeyedState = true },
        new("continuous trigger", ContinuousTrigger) { KeepsKeyedState = true, ShowsEachWatermark = true },
        new("state of windows", job => job.Capture(InOrder(job).Window(Tumbling(50)).AllowedLateness(Ms(400)).Process(() => new CountFirings()), "firings")) { KeepsKeyedState = true },
        new("windows of all records", job => job.Capture(Readings.Source().In(job).WindowAll(Tumbling(50)).Aggregate(() => new Total()), "totals")) { KeepsKeyedState = true },
        new("window join", WindowJoin) { KeepsKeyedState = true },
        new("co-group of sessions", CoGroup) { KeepsKeyedState = true },
        new("full-window partitions of keys", job => job.Capture(
            Keyed(job).FullWindowPartition().MapPartition<string>((all, output) => output.Collect($"{all[0].Key}: {string.Join(' ', all.Select(r => r.Value).Order())}")), "sorted")) { KeepsKeyedState = true },
        new("full-window partitions of subtasks", PartitionsOfSubtasks),
    ];

    private static TimeSpan Ms(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static TumblingEventTimeWindows Tumbling(int milliseconds) => TumblingEventTimeWindows.Of(Ms(milliseconds));

    private static EventTimeSessionWindows Sessions(int gap) => EventTimeSessionWindows.WithGap(Ms(gap));

    private static SingleOutputStream<Reading> In(this ScriptedSource<Reading> source, JobUnderTest job) => job.Env.FromSource(source);

    private static KeyedStream<Reading, int> Keyed(JobUnderTest job) => Readings.Source().In(job).KeyBy(reading => reading.Key);

    private static KeyedStream<Reading, int> InOrder(JobUnderTest job) => Readings.WithLateOnes().In(job).KeyBy(reading => reading.Key);

    // Which records share a subtask depends on the parallelism; that each is there once does not.
    private static void PartitionsOfSubtasks(JobUnderTest job)
    {
        var readings = Readings.Source().In(job).Rebalance();
        job.Capture(readings.FullWindowPartition().SortPartition(reading => reading.Value), "sorted");
        var sums = readings.Map(reading => (long)reading.Value).FullWindowPartition().Reduce((a, b) => a + b);
        job.Capture(sums.FullWindowPartition().Reduce((a, b) => a + b).Parallelism(1), "sum");
    }

    private static void DynamicSessions(JobUnderTest job) => job.Capture(
        Keyed(job).Window(EventTimeSessionWindows.WithDynamicGap<Reading>(reading => Ms((Math.Abs(reading.Value) % 20) + 1))).Process(() => new SortedWindow()), "sessions");

    private static void LateSessions(JobUnderTest job)
    {
        var sessions = InOrder(job).Window(Sessions(40)).SideOutputLateData(Late).Process(() => new SortedWindow());
        job.Capture(sessions, "sessions");
        job.Capture(sessions.GetSideOutput(Late), "late");
    }

    private static void CountWindows(JobUnderTest job)
    {
        job.Capture(InOrder(job).CountWindow(4).Aggregate(() => new Total()), "tumbling");
        job.Capture(InOrder(job).CountWindow(5, 2).Aggregate(() => new Total()), "sliding");
    }

    private static void Triggers(JobUnderTest job)
    {
        job.Capture(InOrder(job).Window(Tumbling(200)).Trigger(on => on.Count(3).Purging()).Aggregate(() => new Total()), "counts");
        job.Capture(InOrder(job).Window(Tumbling(200)).Evictor(keep => keep.Within(Ms(60))).Process(() => new SortedWindow()), "evicted");
    }

    private static void ContinuousTrigger(JobUnderTest job) => job.Capture(
        InOrder(job).Window(Tumbling(200)).Trigger(on => on.ContinuousEventTime(Ms(30))).AllowedLateness(Ms(400)).Aggregate(() => new Total()), "continuous");

    private static void WindowJoin(JobUnderTest job) => job.Capture(
        Readings.Source(2).In(job).Join(Readings.Source(3, records: 30).In(job))
            .Where(first => first.Key).EqualTo(second => second.Key).Window(Tumbling(25)).Apply((first, second) => $"{first} {second}"),
        "pairs");

    private static void CoGroup(JobUnderTest job) => job.Capture(
        Readings.Source(2).In(job).CoGroup(Readings.Source(1, records: 30).In(job))
            .Where(first => first.Key).EqualTo(second => second.Key).Window(Sessions(12))
            .Apply<string>((first, second, output) => output.Collect($"{Values(first)} and {Values(second)}")),
        "groups");

    private static string Values(IReadOnlyList<Reading> readings) => string.Join(' ', readings.Select(reading => $"{reading.Key}:{reading.Value}").Order(StringComparer.Ordinal));
}
