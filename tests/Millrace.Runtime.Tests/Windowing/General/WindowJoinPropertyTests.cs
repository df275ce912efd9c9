using CsCheck;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing.General;

/// <summary>Whole jobs that join in windows, against nested loops.</summary>
public sealed class WindowJoinPropertyTests
{
    private const int Disorder = 10;

    private static readonly Gen<int[]> Numbers = Gen.Int[0, 1_000].Array[0, 40];

    [Fact]
    public void A_join_gives_every_pair_of_a_key_and_window() =>
        Gen.Select(Numbers, Numbers, Gen.Int[1, 30], Gen.Int[1, 30], Gen.Int[1, 3], Gen.ULong).Sample(
            (left, right, size, slide, parallelism, seed) =>
            {
                var (first, second) = (Sides(left), Sides(right));
                var windows = SlidingEventTimeWindows.Of(TimeSpan.FromMilliseconds(size), TimeSpan.FromMilliseconds(Math.Min(size, slide)));
                var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = parallelism, BatchSize = 4 });
                var results = new List<(Side, Side)>();
                Source(env, first).Join(Source(env, second)).Where(side => side.Key).EqualTo(side => (long)side.Key).Window(windows)
                    .Apply((a, b) => (a, b)).ForEach(results.Add).Parallelism(1);
                JobRunner.Run(env, seed);
                var expected = from a in first
                               from b in second
                               where a.Key == b.Key
                               from window in Windows(windows, a).Intersect(Windows(windows, b))
                               select (a, b);
                Assert.Equal(expected.Order(Pairs), results.Order(Pairs));
            },
            iter: 200);

    [Fact]
    public void A_co_group_of_sessions_sees_both_sides_also_where_one_is_empty() =>
        Gen.Select(Numbers, Numbers, Gen.Int[1, 12], Gen.Int[1, 3], Gen.ULong).Sample(
            (left, right, gap, parallelism, seed) =>
            {
                var (first, second) = (Sides(left), Sides(right));
                var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = parallelism, BatchSize = 4 });
                var results = new List<string>();
                Source(env, first).CoGroup(Source(env, second)).Where(side => side.Key).EqualTo(side => (long)side.Key)
                    .Window(EventTimeSessionWindows.WithGap(TimeSpan.FromMilliseconds(gap)))
                    .Apply<string>((a, b, output) => output.Collect(Describe(a, b))).ForEach(results.Add).Parallelism(1);
                JobRunner.Run(env, seed);
                var expected = new List<string>();
                foreach (var key in first.Select(side => (Side: side, IsSecond: false)).Concat(second.Select(side => (Side: side, IsSecond: true))).GroupBy(side => side.Side.Key))
                {
                    var session = new List<(Side Side, bool IsSecond)>();
                    foreach (var side in key.OrderBy(side => side.Side.Time))
                    {
                        if (session.Count > 0 && side.Side.Time - session[^1].Side.Time > gap)
                        {
                            expected.Add(Describe(session));
                            session.Clear();
                        }

                        session.Add(side);
                    }

                    expected.Add(Describe(session));
                }

                Assert.Equal(expected.Order(StringComparer.Ordinal), results.Order(StringComparer.Ordinal));
            },
            iter: 200);

    private static readonly Comparer<(Side, Side)> Pairs = Comparer<(Side A, Side B)>.Create((x, y) => (x.A.Key, x.A.Number, x.B.Number).CompareTo((y.A.Key, y.A.Number, y.B.Number)));

    private static string Describe(List<(Side Side, bool IsSecond)> session) =>
        Describe([.. session.Where(side => !side.IsSecond).Select(side => side.Side)], [.. session.Where(side => side.IsSecond).Select(side => side.Side)]);

    private static string Describe(IReadOnlyList<Side> first, IReadOnlyList<Side> second) =>
        $"{string.Join(' ', first.Select(side => side.Number).Order())} | {string.Join(' ', second.Select(side => side.Number).Order())}";

    private static List<TimeWindow> Windows(AlignedWindows windows, Side side)
    {
        var assigned = new List<TimeWindow>();
        windows.AssignWindows(side.Time, assigned);
        return assigned;
    }

    private static List<Side> Sides(int[] numbers)
    {
        long now = 0;
        return [.. numbers.Select((number, i) => new Side(number % 4, (now += number % 7) - (number % Disorder), i))];
    }

    private static DataStream<Side> Source(StreamExecutionEnvironment env, List<Side> sides) => env.FromSource(
        new ScriptedSource<Side>(sides.Aggregate(new Script<Side>(), (script, side) => script.Record(side))),
        WatermarkStrategy<Side>.ForBoundedOutOfOrderness(TimeSpan.FromMilliseconds(Disorder)).WithTimestampAssigner(side => side.Time).WithWatermarkEvery(3));

    internal sealed record Side(long Key, long Time, int Number);
}
