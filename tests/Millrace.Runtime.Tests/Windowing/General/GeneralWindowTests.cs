using Millrace.State;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing.General;

public sealed class GeneralWindowTests
{
    [Fact]
    public void Sessions_that_touch_are_one_and_a_record_between_two_joins_them()
    {
        using var harness = Ids(keyed => keyed.Window(EventTimeSessionWindows.WithGap(Ms(10))));
        harness.Process([(new Event(1, "1.0,"), 0), (new Event(1, "1.1,"), 10), (new Event(1, "1.2,"), 40), (new Event(1, "1.3,"), 51)]);
        Assert.Equal("[0, 20) [40, 50) [51, 61)", string.Join(' ', Sessions(harness.Rescale(1))));
        harness.Process(new Event(1, "1.4,"), 45);
        harness.Watermark(60);
        Assert.Equal(["1 [0, 20) 1.0,1.1,", "1 [40, 61) 1.2,1.3,1.4,"], harness.Output);
        Assert.Equal(0, harness.StateEntries);
    }

    [Fact]
    public void A_session_that_grows_keeps_one_timer_which_follows_when_it_is_due()
    {
        var first = Ids(keyed => keyed.Window(EventTimeSessionWindows.WithGap(Ms(10))));
        first.Process(new Event(1, "0,"), 0);
        long entries = first.StateEntries;
        for (int time = 5; time <= 100; time += 5)
        {
            first.Process(new Event(1, $"{time},"), time);
            first.Watermark(time - 3);
        }

        // Its content, its place in the set, its timer: wherever that stands, and whatever was due.
        Assert.Equal(3, entries);
        Assert.Equal(entries, first.StateEntries);
        Assert.Empty(first.Output);
        using var harness = first.Rescale(2);
        first.Dispose();

        // Another session, and a record that joins the two: each has had a timer.
        harness.Process(new Event(1, "115,"), 115);
        harness.Process(new Event(1, "107,"), 107);
        Assert.Equal(entries + 1, harness.StateEntries);
        harness.Watermark(123);
        Assert.Empty(harness.Output);
        harness.Watermark(124);
        Assert.StartsWith("1 [0, 125) 0,5,", Assert.Single(harness.Output), StringComparison.Ordinal);
        Assert.Equal(0, harness.StateEntries);

        // Behind its end a record begins anew; one that only begins earlier ends when the timer of the other is due.
        harness.Process(new Event(1, "130,"), 130);
        harness.Process(new Event(1, "126,"), 126);
        harness.Watermark(139);
        Assert.Equal("1 [126, 140) 126,130,", harness.Output[^1]);
        Assert.Equal((2, 0L), (harness.Output.Count, harness.StateEntries));
    }

    [Fact]
    public void A_record_that_cannot_be_added_is_left_out_of_its_session_and_those_around_it_are_not()
    {
        using var harness = new OperatorHarness<Event, string>(
            events => events.KeyBy(e => e.Key).Window(EventTimeSessionWindows.WithGap(Ms(10))).Aggregate(() => new Careful()).OnError(ErrorPolicy.Skip), new HarnessOptions { BatchSize = 16 });

        // One batch: neighbours of one key, another key, one that is too far, one that is late, and again the first.
        harness.Watermark(5);
        harness.Process(
        [
            (new Event(1, "a"), 6), (new Event(1, "b"), 7), (new Event(1, "poison"), 8), (new Event(1, "c"), 9), (new Event(2, "x"), 9), (new Event(2, "poison"), 9), (new Event(1, "d"), 40), (new Event(1, "e"), -9),
            (new Event(1, "f"), 12), (new Event(1, "poison"), 13), (new Event(2, "y"), 18),
        ]);
        harness.Watermark(22);
        Assert.Equal(["a b c f "], harness.Output);
        harness.Watermark(27);
        Assert.Equal(["a b c f ", "x y "], harness.Output);
        harness.EndInput();
        Assert.Equal(["a b c f ", "x y ", "d "], harness.Output);
        Assert.Equal(0, harness.StateEntries);
    }

    [Fact]
    public void A_session_within_the_allowed_lateness_fires_again_when_a_late_record_makes_it_grow()
    {
        using var harness = Ids(keyed => keyed.Window(EventTimeSessionWindows.WithGap(Ms(10))).AllowedLateness(Ms(20)));
        harness.Process(new Event(1, "1.0,"), 0);
        harness.Watermark(9);
        harness.Watermark(20);
        harness.Process(new Event(1, "1.1,"), 5);
        harness.Process(new Event(1, "1.2,"), 14);
        Assert.Equal(["1 [0, 10) 1.0,", "1 [0, 15) 1.0,1.1,"], harness.Output);
        harness.Watermark(23);
        Assert.Equal("1 [0, 24) 1.0,1.1,1.2,", harness.Output[^1]);
        harness.Watermark(43);
        Assert.Equal((3, 0L), (harness.Output.Count, harness.StateEntries));
    }

    [Fact]
    public void Sessions_by_the_clock_fire_a_gap_after_the_last_record()
    {
        using var harness = Ids(keyed => keyed.Window(ProcessingTimeSessionWindows.WithGap(Ms(10))));
        harness.Process(new Event(1, "1.0,"));
        harness.AdvanceProcessingTime(Ms(6));
        harness.Process(new Event(1, "1.1,"));
        harness.AdvanceProcessingTime(Ms(8));
        Assert.Empty(harness.Output);
        harness.AdvanceProcessingTime(Ms(1));
        Assert.Equal([("1 [0, 16) 1.0,1.1,", 15L)], harness.OutputWithTimestamps);
        Assert.Equal(0, harness.StateEntries);
    }

    [Fact]
    public void Windows_by_the_clock_have_the_records_that_arrive_in_them_and_survive_a_rescale()
    {
        var first = Ids(keyed => keyed.Window(SlidingProcessingTimeWindows.Of(Ms(10), Ms(5))));
        first.AdvanceProcessingTime(Ms(3));
        first.Process(new Event(1, "1.0,"), timestamp: 1_000_000);
        first.AdvanceProcessingTime(Ms(3));
        Assert.Equal(["1 [-5, 5) 1.0,"], first.Output);
        using var harness = first.Rescale(2);
        first.Dispose();
        harness.Process(new Event(1, "1.1,"));
        harness.AdvanceProcessingTime(Ms(20));
        Assert.Equal(["1 [0, 10) 1.0,1.1,", "1 [5, 15) 1.1,"], harness.Output);
        Assert.Equal(0, harness.StateEntries);
    }

    [Fact]
    public void Tumbling_windows_by_the_clock_are_dropped_at_the_end_of_the_input()
    {
        using var harness = Ids(keyed => keyed.Window(TumblingProcessingTimeWindows.Of(Ms(10))));
        harness.Process(new Event(1, "1.0,"));
        harness.EndInput();
        Assert.Empty(harness.Output);
    }

    [Fact]
    public void Count_windows_have_so_many_records_and_sliding_ones_the_last()
    {
        using var tumbling = Global(keyed => keyed.CountWindow(3));
        using var sliding = Global(keyed => keyed.CountWindow(size: 3, slide: 2));
        for (int i = 0; i < 8; i++)
        {
            tumbling.Process(new Event(1, $"{i},"), 100 + i);
            sliding.Process(new Event(1, $"{i},"));
        }

        Assert.Equal([("0,1,2,", 102L), ("3,4,5,", 105L)], tumbling.OutputWithTimestamps);
        Assert.Equal(["0,1,", "1,2,3,", "3,4,5,", "5,6,7,"], sliding.Output);
    }

    [Fact]
    public void Global_windows_fire_at_the_end_of_the_input_where_that_is_asked_for()
    {
        using var never = Global(keyed => keyed.Window(GlobalWindows.Create()));
        using var atEnd = Global(keyed => keyed.Window(GlobalWindows.AtEndOfInput()));
        foreach (var harness in new[] { never, atEnd })
        {
            harness.Process([(new Event(1, "1,"), 5), (new Event(1, "2,"), 3)]);
            harness.EndInput();
        }

        Assert.Empty(never.Output);
        Assert.Equal([("1,2,", EventTime.None)], atEnd.OutputWithTimestamps);
    }

    [Fact]
    public void A_delta_trigger_fires_when_a_record_differs_enough_from_the_one_it_fired_at()
    {
        using var harness = Global(keyed => keyed.Window(GlobalWindows.Create()).Trigger(on => on.Delta(2, (old, now) => Value(now) - Value(old)).Purging()));
        foreach (int value in new[] { 1, 2, 3, 4, 5, 6, 7 })
        {
            harness.Process(new Event(1, $"{value},"));
        }

        Assert.Equal(["1,2,3,4,", "5,6,7,"], harness.Output);
    }

    [Fact]
    public void A_continuous_trigger_by_the_clock_fires_at_multiples_of_its_interval()
    {
        using var harness = Global(keyed => keyed.Window(GlobalWindows.Create()).Trigger(on => on.ContinuousProcessingTime(Ms(10))));
        harness.AdvanceProcessingTime(Ms(3));
        harness.Process(new Event(1, "1,"));
        harness.AdvanceProcessingTime(Ms(7));
        harness.Process(new Event(1, "2,"));
        harness.AdvanceProcessingTime(Ms(10));
        Assert.Equal(["1,", "1,2,"], harness.Output);
    }

    [Fact]
    public void A_continuous_trigger_by_the_clock_does_not_fire_for_ever_in_a_window_whose_end_is_past()
    {
        using var harness = Ids(keyed => keyed.Window<TimeWindow>(TumblingEventTimeWindows.Of(Ms(10))).Trigger(on => on.ContinuousProcessingTime(Ms(10))));
        harness.AdvanceProcessingTime(Ms(1_003));
        harness.Process(new Event(1, "1.0,"), 0);
        harness.AdvanceProcessingTime(Ms(20));
        Assert.Equal(2, harness.Output.Count);
    }

    [Fact]
    public void A_continuous_trigger_of_event_time_merges_with_sessions()
    {
        using var harness = Ids(keyed => keyed.Window(EventTimeSessionWindows.WithGap(Ms(10))).Trigger(on => on.ContinuousEventTime(Ms(8))));
        harness.Process([(new Event(1, "1.0,"), 1), (new Event(1, "1.1,"), 17), (new Event(1, "1.2,"), 9)]);
        harness.Watermark(8);
        Assert.Equal(["1 [1, 27) 1.0,1.1,1.2,"], harness.Output);
        harness.Watermark(16);
        harness.Watermark(26);
        Assert.Equal(4, harness.Output.Count);
        Assert.Equal(0, harness.StateEntries);
    }

    [Fact]
    public void A_processing_timeout_fires_what_the_trigger_has_left()
    {
        using var harness = Global(keyed => keyed.Window(GlobalWindows.Create()).Trigger(on => on.Count(3).Purging().WithProcessingTimeout(Ms(10))));
        harness.Process([(new Event(1, "1,"), 0), (new Event(1, "2,"), 0), (new Event(1, "3,"), 0), (new Event(1, "4,"), 0)]);
        harness.AdvanceProcessingTime(Ms(9));
        harness.Process(new Event(1, "5,"));
        Assert.Equal(["1,2,3,"], harness.Output);
        harness.AdvanceProcessingTime(Ms(1));
        Assert.Equal(["1,2,3,", "4,5,"], harness.Output);
        harness.Process([(new Event(1, "6,"), 0), (new Event(1, "7,"), 0)]);
        harness.AdvanceProcessingTime(Ms(5));
        harness.Process(new Event(1, "8,"));
        harness.AdvanceProcessingTime(Ms(50));
        Assert.Equal(["1,2,3,", "4,5,", "6,7,8,"], harness.Output);
    }

    [Fact]
    public void A_processing_timeout_can_run_from_the_last_record()
    {
        using var harness = Global(keyed => keyed.Window(GlobalWindows.Create()).Trigger(on => on.Never().WithProcessingTimeout(Ms(10), resetOnEveryRecord: true)));
        harness.Process(new Event(1, "1,"));
        harness.AdvanceProcessingTime(Ms(9));
        harness.Process(new Event(1, "2,"));
        harness.AdvanceProcessingTime(Ms(9));
        Assert.Empty(harness.Output);
        harness.AdvanceProcessingTime(Ms(1));
        Assert.Equal(["1,2,"], harness.Output);
    }

    [Fact]
    public void Evictors_remove_before_the_function_or_after_it()
    {
        using var within = Global(keyed => keyed.Window(GlobalWindows.Create()).Trigger(on => on.Count(1)).Evictor(keep => keep.Within(Ms(10))));
        using var near = Global(keyed => keyed.Window(GlobalWindows.Create()).Trigger(on => on.Count(1)).Evictor(keep => keep.Near(2, (a, b) => Math.Abs(Value(a) - Value(b)))));
        using var after = Global(keyed => keyed.Window(GlobalWindows.Create()).Trigger(on => on.Count(1)).Evictor(keep => keep.Last(1, after: true)));
        using var own = Global(keyed => keyed.Window(GlobalWindows.Create()).Trigger(on => on.Count(1)).Evictor(new OddOnly()));
        foreach (int value in new[] { 1, 2, 12, 13 })
        {
            within.Process(new Event(1, $"{value},"), value);
            near.Process(new Event(1, $"{value},"));
            after.Process(new Event(1, $"{value},"));
            own.Process(new Event(1, $"{value},"));
        }

        Assert.Equal(["1,", "1,2,", "12,", "12,13,"], within.Output);
        Assert.Equal(["1,", "1,2,", "12,", "12,13,"], near.Output);
        Assert.Equal(["1,", "1,2,", "2,12,", "12,13,"], after.Output);
        Assert.Equal(["1,", "1,", "1,", "1,13,"], own.Output);
    }

    [Fact]
    public void Sessions_refuse_a_trigger_that_cannot_merge()
    {
        var env = new StreamExecutionEnvironment();
        var windowed = env.FromSource(new ScriptedSource<Event>(new Script<Event>())).KeyBy(e => e.Key).Window(EventTimeSessionWindows.WithGap(Ms(10)));
        var error = Assert.Throws<ArgumentException>(() => windowed.Trigger(on => on.Delta(1, (_, _) => 0)));
        Assert.Contains("cannot: implement CanMerge and OnMerge", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_without_a_timestamp_is_an_error_that_says_what_to_do()
    {
        using var harness = Ids(keyed => keyed.Window(EventTimeSessionWindows.WithGap(Ms(10))));
        var error = Assert.ThrowsAny<Exception>(() => harness.Process(new Event(1, "1.0,")));
        Assert.Contains("WatermarkStrategy", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void State_of_a_window_and_of_its_key_is_kept_between_firings_and_cleared_with_the_window(bool isGeneral)
    {
        var first = new OperatorHarness<Event, string>(events =>
        {
            var windowed = events.KeyBy(e => e.Key).Window(TumblingEventTimeWindows.Of(Ms(10)));
            return isGeneral
                ? windowed.Trigger(on => on.EventTime()).AllowedLateness(Ms(10)).Process(() => new CountFirings())
                : windowed.AllowedLateness(Ms(10)).Process(() => new CountFirings());
        });
        first.Process([(new Event(1, "1.0,"), 0), (new Event(1, "1.1,"), 10)]);
        first.Watermark(9);
        first.Process(new Event(1, "1.2,"), 1);
        Assert.Equal(["[0: firing 1, 1 of key", "[0: firing 2, 2 of key"], first.Output);
        using var harness = first.Rescale(2);
        first.Dispose();
        harness.Process(new Event(1, "1.3,"), 2);
        harness.Watermark(19);
        harness.Watermark(29);
        Assert.Equal(["[0: firing 3, 3 of key", "[10: firing 1, 4 of key"], harness.Output);

        // The key's own state is all that is left.
        Assert.Equal(1, harness.StateEntries);
    }

    [Fact]
    public void State_of_a_window_that_merges_is_refused()
    {
        using var harness = new OperatorHarness<Event, string>(events => events.KeyBy(e => e.Key).Window(EventTimeSessionWindows.WithGap(Ms(10))).Process(() => new CountFirings()));
        harness.Process(new Event(1, "1.0,"), 0);
        var error = Assert.ThrowsAny<Exception>(() => harness.Watermark(20));
        Assert.Contains("Use GlobalState", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WindowAll_sees_all_keys_in_one_subtask()
    {
        using var harness = new OperatorHarness<Event, Event>(events => events.WindowAll(TumblingEventTimeWindows.Of(Ms(10))).Reduce(WindowForms.Join));
        harness.Process([(new Event(1, "1,"), 0), (new Event(2, "2,"), 3), (new Event(3, "3,"), 10)]);
        harness.EndInput();
        Assert.Equal(["1,2,", "3,"], harness.Output.Select(e => e.Ids));
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 4 });
        var all = env.FromSource(new ScriptedSource<Event>(new Script<Event>())).CountWindowAll(3).Reduce(WindowForms.Join);
        Assert.Equal(1, all.Node.Parallelism);
    }

    private static TimeSpan Ms(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static double Value(Event e) => int.Parse(e.Ids.AsSpan(0, e.Ids.Length - 1), System.Globalization.CultureInfo.InvariantCulture);

    private static OperatorHarness<Event, string> Ids(Func<KeyedStream<Event, int>, WindowedStream<Event, int, TimeWindow>> window) =>
        new(events => window(events.KeyBy(e => e.Key)).Process(() => new Describe()));

    private static OperatorHarness<Event, string> Global(Func<KeyedStream<Event, int>, WindowedStream<Event, int, GlobalWindow>> window) =>
        new(events => window(events.KeyBy(e => e.Key)).Process(() => new All()));

    private static IEnumerable<string> Sessions(OperatorHarness<Event, string> harness)
    {
        harness.EndInput();
        var sessions = harness.Output.Select(line => line[2..(line.IndexOf(')', StringComparison.Ordinal) + 1)]).ToList();
        harness.Dispose();
        return sessions;
    }

    private sealed class Describe : ProcessWindowFunction<Event, string, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Event> elements, Collector<string> output) =>
            output.Collect($"{key} [{context.Window.Start}, {context.Window.End}) {GeneralForms.Sorted(string.Concat(elements.Select(e => e.Ids)))}");
    }

    private sealed class Careful : AggregateFunction<Event, string, string>
    {
        public override string CreateAccumulator() => "";

        public override void Add(ref string accumulator, Event value) => accumulator = value.Ids != "poison" ? $"{accumulator}{value.Ids} " : throw new FormatException("poison");

        public override void Merge(ref string target, in string source) => target += source;

        public override string GetResult(in string accumulator) => accumulator;
    }

    private sealed class All : ProcessWindowFunction<Event, string, int, GlobalWindow>
    {
        public override void Process(int key, WindowContext<GlobalWindow> context, IReadOnlyList<Event> elements, Collector<string> output) =>
            output.Collect(string.Concat(elements.Select(e => e.Ids)));
    }

    private sealed class OddOnly : Evictor<Event, GlobalWindow>
    {
        public override void EvictBefore(List<TimestampedValue<Event>> elements, GlobalWindow window, EvictorContext context) =>
            elements.RemoveAll(element => Value(element.Value) % 2 == 0);
    }

    private sealed class CountFirings : ProcessWindowFunction<Event, string, int, TimeWindow>
    {
        private static readonly ValueStateDescriptor<int> Firings = new("firings");
        private static readonly MapStateDescriptor<int, int> OfKey = new("of-key");

        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Event> elements, Collector<string> output)
        {
            int ofWindow = ++context.WindowState.GetState(Firings).GetOrAdd();
            int ofKey = ++context.GlobalState.GetMapState(OfKey).GetOrAdd(0);
            output.Collect($"[{context.Window.Start}: firing {ofWindow}, {ofKey} of key");
        }

        public override void Clear(int key, WindowContext<TimeWindow> context) => context.WindowState.GetState(Firings).Clear();
    }
}
