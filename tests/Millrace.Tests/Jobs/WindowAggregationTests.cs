using CsCheck;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Tests.Jobs;

/// <summary>The aggregations of windows that have a name, against a loop over the records of each window.</summary>
public sealed class WindowAggregationTests
{
    private const long Size = 10;
    private const long Slide = 4;

    private delegate IEnumerable<IGrouping<(string Key, TimeWindow Window), Sale>> Grouping(IReadOnlyList<Sale> sales);

    [Fact]
    public void Tumbling() => Check((sales, check) => check(
        sales.KeyBy(sale => sale.Shop).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(Size)))), all => all.GroupBy(sale => (sale.Shop, Window: Tumbled(sale.Time))));

    [Fact]
    public void Sliding_windows_that_share_slices() => Check((sales, check) => check(
        sales.KeyBy(sale => sale.Shop).Window(SlidingEventTimeWindows.Of(TimeSpan.FromMilliseconds(Size), TimeSpan.FromMilliseconds(Slide)))), Slid);

    [Fact]
    public void Sliding_windows_that_do_not() => Check((sales, check) => check(
        sales.KeyBy(sale => sale.Shop).Window(SlidingEventTimeWindows.Of(TimeSpan.FromMilliseconds(Size), TimeSpan.FromMilliseconds(Slide))).Trigger(on => on.EventTime())), Slid);

    [Fact]
    public void Sessions_that_merge() => Check((sales, check) => check(
        sales.KeyBy(sale => sale.Shop).Window(EventTimeSessionWindows.WithGap(TimeSpan.FromMilliseconds(Slide)))), Sessions);

    [Fact]
    public void An_evictor_comes_first() => Check((sales, check) => check(
        sales.KeyBy(sale => sale.Shop).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(Size))).Evictor(keep => keep.Last(2))),
        all => all.GroupBy(sale => (sale.Shop, Window: Tumbled(sale.Time))).SelectMany(group => group.TakeLast(2).GroupBy(_ => group.Key)));

    [Fact]
    public void Windows_over_all_records_have_no_key()
    {
        using var harness = new OperatorHarness<Sale, WindowValue<AllRecords, TimeWindow, long>>(sales => sales.WindowAll(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(Size))).Count());
        harness.Process([(new Sale("a", 1, 3), 3), (new Sale("b", 1, 4), 4), (new Sale("b", 1, 12), 12)]);
        harness.EndInput();
        Assert.Equal([new(AllRecords.Key, new TimeWindow(0, 10), 2), new(AllRecords.Key, new TimeWindow(10, 20), 1)], harness.Output);
    }

    [Fact]
    public void A_count_window_fires_with_its_sum()
    {
        using var harness = new OperatorHarness<Sale, WindowValue<string, GlobalWindow, int>>(sales => sales.KeyBy(sale => sale.Shop).CountWindow(2).Sum(sale => sale.Amount));
        harness.Process([(new Sale("a", 1, 0), 0), (new Sale("b", 10, 1), 1), (new Sale("a", 2, 2), 2), (new Sale("a", 3, 3), 3)]);
        Assert.Equal(("a", 3), (harness.Output.Single().Key, harness.Output.Single().Value));
    }

    [Fact]
    public void A_sum_that_is_too_large_fails_and_is_not_silently_wrong()
    {
        using var harness = new OperatorHarness<Sale, WindowValue<string, TimeWindow, int>>(
            sales => sales.KeyBy(sale => sale.Shop).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(Size))).Sum(sale => sale.Amount));
        harness.Process(new Sale("a", int.MaxValue, 0), 0);
        Assert.IsType<OverflowException>(Assert.ThrowsAny<Exception>(() => harness.Process(new Sale("a", 1, 1), 1)).InnerException);
    }

    // Through a restore at another parallelism half-way, so that what a window keeps is state as any other.
    private static void Check(Action<DataStream<Sale>, Action<IWindowedStream<Sale, string, TimeWindow>>> window, Grouping group) =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[-5, 5], Gen.Int[0, 40]).List[0, 30].Sample(items =>
        {
            var sales = items.Select(item => new Sale($"{item.Item1}", item.Item2, item.Item3)).ToList();
            var windows = group(sales).ToList();
            Results(stream => stream.Count(), of => of.Count());
            Results(stream => stream.Sum(sale => sale.Amount), of => of.Sum(sale => sale.Amount));
            Results(stream => stream.Average(sale => sale.Amount), of => of.Average(sale => sale.Amount));
            Records(stream => stream.Sum(sale => sale.Amount, With), of => of.Sum(sale => sale.Amount));
            Records(stream => stream.Min(sale => sale.Amount, With), of => of.Min(sale => sale.Amount));
            Records(stream => stream.Max(sale => sale.Amount, With), of => of.Max(sale => sale.Amount));
            Records(stream => stream.MinBy(sale => sale.Amount), of => of.Min(sale => sale.Amount), isOneOfThem: true);
            Records(stream => stream.MaxBy(sale => sale.Amount, first: false), of => of.Max(sale => sale.Amount), isOneOfThem: true);

            void Results<TValue>(Func<IWindowedStream<Sale, string, TimeWindow>, SingleOutputStream<WindowValue<string, TimeWindow, TValue>>> aggregate, Func<IEnumerable<Sale>, TValue> oracle) =>
                Assert.Equal(
                    windows.Select(of => new WindowValue<string, TimeWindow, TValue>(of.Key.Key, of.Key.Window, oracle(of))).OrderBy(value => value.Key).ThenBy(value => value.Window),
                    Run(aggregate).OrderBy(value => value.Key).ThenBy(value => value.Window));

            void Records(Func<IWindowedStream<Sale, string, TimeWindow>, SingleOutputStream<Sale>> aggregate, Func<IEnumerable<Sale>, int> oracle, bool isOneOfThem = false)
            {
                var records = Run(aggregate);
                Assert.Equal(windows.Select(of => (of.Key.Key, oracle(of))).Order(), records.Select(record => (record.Shop, record.Amount)).Order());
                Assert.All(records, record => Assert.Contains(sales, sale => isOneOfThem ? sale == record : sale.Shop == record.Shop && sale.Time == record.Time));
            }

            List<TOut> Run<TOut>(Func<IWindowedStream<Sale, string, TimeWindow>, SingleOutputStream<TOut>> aggregate)
            {
                using var before = new OperatorHarness<Sale, TOut>(stream =>
                {
                    SingleOutputStream<TOut>? result = null;
                    window(stream, windowed => result = aggregate(windowed));
                    return result!;
                });
                before.Process(sales.Take(sales.Count / 2).Select(sale => (sale, (long)sale.Time)));
                using var after = before.Rescale(2);
                after.Process(sales.Skip(sales.Count / 2).Select(sale => (sale, (long)sale.Time)));
                after.EndInput();
                return [.. before.Output, .. after.Output];
            }
        }, iter: 60);

    private static TimeWindow Tumbled(long time) => new(time / Size * Size, (time / Size * Size) + Size);

    private static IEnumerable<IGrouping<(string Key, TimeWindow Window), Sale>> Slid(IReadOnlyList<Sale> sales) => sales
        .SelectMany(sale => Enumerable.Range(-3, 20).Select(n => n * Slide).Where(start => start <= sale.Time && sale.Time < start + Size).Select(start => (sale, Window: new TimeWindow(start, start + Size))))
        .GroupBy(pair => (pair.sale.Shop, pair.Window), pair => pair.sale);

    private static IEnumerable<IGrouping<(string Key, TimeWindow Window), Sale>> Sessions(IReadOnlyList<Sale> sales)
    {
        foreach (var shop in sales.GroupBy(sale => sale.Shop))
        {
            List<Sale> session = [];
            foreach (var sale in shop.OrderBy(sale => sale.Time))
            {
                // Sessions that touch are one.
                if (session.Count > 0 && sale.Time > session[^1].Time + Slide)
                {
                    yield return Group(session);
                    session = [];
                }

                session.Add(sale);
            }

            yield return Group(session);
        }

        static IGrouping<(string Key, TimeWindow Window), Sale> Group(List<Sale> session) =>
            session.GroupBy(sale => (sale.Shop, Window: new TimeWindow(session[0].Time, session[^1].Time + Slide))).Single();
    }

    private static Sale With(Sale sale, int amount) => sale with { Amount = amount };

    private sealed record Sale(string Shop, int Amount, int Time);
}
