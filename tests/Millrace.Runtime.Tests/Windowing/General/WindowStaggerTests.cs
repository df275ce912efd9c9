using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing.General;

/// <summary>Windows by the clock that do not all fire at once.</summary>
public sealed class WindowStaggerTests
{
    private const int Keys = 200;

    public static TheoryData<WindowStagger, bool> Kinds() => new(from stagger in Enum.GetValues<WindowStagger>() from sliding in new[] { false, true } select (stagger, sliding));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Windows_of_a_key_stay_where_they_are_at_any_parallelism(WindowStagger stagger, bool sliding)
    {
        using var first = Harness(stagger, sliding);
        for (int key = 0; key < Keys; key++)
        {
            // The clock is at another time for each: as many as the keys arrive within a second.
            first.Process(key);
            first.AdvanceProcessingTime(TimeSpan.FromMilliseconds(5));
        }

        first.AdvanceProcessingTime(TimeSpan.FromSeconds(2));
        var before = Starts(first);
        Assert.Equal(Keys, before.Count);
        Assert.All(before.Values, starts => Assert.Single(starts.Select(Shift).Distinct()));

        using var second = first.Rescale(3);
        second.AdvanceProcessingTime(TimeSpan.FromMilliseconds(777));
        second.Process(Enumerable.Range(0, Keys).Select(key => (key, 0L)));
        second.AdvanceProcessingTime(TimeSpan.FromSeconds(2));
        var after = Starts(second);
        Assert.Equal(Keys, after.Count);
        Assert.All(after, windows => Assert.Equal([Shift(before[windows.Key][0])], windows.Value.Select(Shift).Distinct()));

        int shifts = before.Values.Select(starts => Shift(starts[0])).Distinct().Count();
        Assert.InRange(shifts, stagger == WindowStagger.Aligned ? 1 : 40, stagger == WindowStagger.Aligned ? 1 : Keys);
    }

    [Fact]
    public void Natural_windows_begin_with_the_first_record_of_their_key_group()
    {
        using var harness = Harness(WindowStagger.Natural, sliding: false);
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(345));
        harness.Process(1);
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(998));
        Assert.Empty(harness.Output);
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(1));
        Assert.Equal(["1 345 1"], harness.Output);
    }

    [Fact]
    public void Windows_by_chance_are_the_same_in_every_run_and_others_in_another_operator()
    {
        Assert.Equal(Shifts("one"), Shifts("one"));
        Assert.NotEqual(Shifts("one"), Shifts("two"));

        static List<long> Shifts(string uid)
        {
            using var harness = Harness(WindowStagger.Random, sliding: false, uid);
            harness.Process(Enumerable.Range(0, Keys).Select(key => (key, 0L)));
            harness.AdvanceProcessingTime(TimeSpan.FromSeconds(2));
            return [.. Starts(harness).OrderBy(pair => pair.Key).Select(pair => Shift(pair.Value[0]))];
        }
    }

    [Fact]
    public void Offset_comes_on_top()
    {
        using var harness = new OperatorHarness<int, string>(stream => stream.KeyBy(key => key)
            .Window(TumblingProcessingTimeWindows.Of(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100), WindowStagger.Natural)).Process(() => new Bounds()));
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(950));
        harness.Process(1);
        harness.AdvanceProcessingTime(TimeSpan.FromSeconds(1));
        Assert.Equal(["1 50 1"], harness.Output);
    }

    [Fact]
    public void Stagger_that_there_is_not_is_refused_and_the_others_show_in_the_name()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => TumblingProcessingTimeWindows.Of(TimeSpan.FromSeconds(1), stagger: (WindowStagger)7));
        Assert.Equal("TumblingProcessingTime(00:00:01, Random stagger)", TumblingProcessingTimeWindows.Of(TimeSpan.FromSeconds(1), stagger: WindowStagger.Random).ToString());
        Assert.Equal("TumblingProcessingTime(00:00:01)", TumblingProcessingTimeWindows.Of(TimeSpan.FromSeconds(1)).ToString());
    }

    private static OperatorHarness<int, string> Harness(WindowStagger stagger, bool sliding, string uid = "windows")
    {
        var second = TimeSpan.FromSeconds(1);
        return new OperatorHarness<int, string>(stream =>
        {
            var keyed = stream.KeyBy(key => key);
            return (sliding ? keyed.Window(SlidingProcessingTimeWindows.Of(second * 2, second, stagger: stagger)) : keyed.Window(TumblingProcessingTimeWindows.Of(second, stagger: stagger)))
                .Process(() => new Bounds()).Uid(uid);
        });
    }

    private static long Shift(long start) => ((start % 1_000) + 1_000) % 1_000;

    private static Dictionary<int, List<long>> Starts(OperatorHarness<int, string> harness) =>
        harness.Output.Select(line => line.Split(' ')).GroupBy(parts => int.Parse(parts[0]), parts => long.Parse(parts[1])).ToDictionary(group => group.Key, group => group.ToList());

    private sealed class Bounds : ProcessWindowFunction<int, string, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<int> elements, Collector<string> output) =>
            output.Collect($"{key} {context.Window.Start} {elements.Count}");
    }
}
