using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <content>Operators with two inputs. Their results do not depend on which input is ahead.</content>
internal static partial class MatrixJobs
{
    private static IEnumerable<MatrixJob> TwoInputJobs =>
    [
        new("connected streams", Connected, KeepsNoState: true),
        new("connected streams of one key space", KeyedConnected) { KeepsKeyedState = true },
        new("interval join", IntervalJoin) { KeepsKeyedState = true },
        new("broadcast state", BroadcastState),
        new("broadcast state and keyed state", KeyedBroadcastState) { KeepsKeyedState = true },
    ];

    private static void Connected(JobUnderTest job)
    {
        var numbers = job.Env.FromSequence(0, 299);
        var readings = Readings.Source(2).In(job);
        job.Capture(numbers.Connect(readings).Map(n => $"number {n}", reading => $"reading {reading.Value}").Map(text => text.ToUpperInvariant()), "both");

        // A stream with itself, and a union on one side.
        job.Capture(numbers.Union(numbers.Map(n => -n)).Connect(numbers).FlatMap<long>((n, output) => output.Collect(n), (n, output) => output.Collect(n * 1_000)), "itself");
    }

    private static void KeyedConnected(JobUnderTest job) => job.Capture(
        Readings.Source(3).In(job).KeyBy(reading => reading.Key).Connect(Readings.Source(2, 80).In(job).KeyBy(reading => reading.Key)).Process(() => new BothTotals()), "totals");

    private static void IntervalJoin(JobUnderTest job)
    {
        var left = Readings.Source(3).In(job).KeyBy(reading => reading.Key);
        var right = Readings.Source(2, 80).In(job).KeyBy(reading => reading.Key);
        job.Capture(
            left.IntervalJoin(right).Between(TimeSpan.FromMilliseconds(-15), TimeSpan.FromMilliseconds(30)).UpperBoundExclusive().Process((l, r) => $"{l.Key}: {l.Value} at {l.Time}, {r.Value} at {r.Time}"),
            "pairs");
    }

    private static void BroadcastState(JobUnderTest job) => job.Capture(
        Readings.Source(3).In(job).Rebalance().Connect(Readings.Source(1, 40).In(job).Broadcast(RulesSoFar.Rules)).Process(() => new RulesSoFar()), "rules");

    private static void KeyedBroadcastState(JobUnderTest job) => job.Capture(
        Keyed(job).Connect(Readings.Source(1, 40).In(job).Broadcast(WeighedKeys.Rules)).Process(() => new WeighedKeys()), "keys");
}
