using Millrace.Runtime.Exchange;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State;
using Millrace.Runtime.Tests.Operators;
using Millrace.Runtime.Windowing;
using Millrace.Serialization;
using Millrace.State.Backends;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing;

public sealed class WindowTests
{
    private static readonly OutputTag<string> Seen = new("seen");
    private static readonly StableHasher<int> Hasher = StableHashers.Get<int>();

    [Fact]
    public void Process_SeesTheWindowAndTheTimes_AndEmitsIntoSideOutputs()
    {
        using var harness = new OperatorHarness<Event, string>(events =>
            events.KeyBy(e => e.Key).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(-3))).Process(() => new Describe()));
        var seen = harness.SideOutput(Seen);
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(77));
        harness.Process([(new Event(1, "1.1"), -4), (new Event(1, "1.2"), -13)]);
        harness.Watermark(5);
        Assert.Equal([("1 [-13,-3) 1.11.2 w5 p77", -4L)], harness.OutputWithTimestamps);
        Assert.Equal(["[-13,-3)"], seen);
    }

    [Fact]
    public void A_window_fires_when_the_watermark_reaches_its_last_millisecond()
    {
        using var harness = Sums(10, 0);
        harness.Process(new Event(1, "1.1"), 0);
        harness.Watermark(8);
        Assert.Empty(harness.Output);
        harness.Watermark(9);
        Assert.Equal([(new Event(1, "1.1"), 9L)], harness.OutputWithTimestamps);
    }

    [Fact]
    public void A_late_record_that_is_allowed_fires_the_window_again_each_time_and_then_no_more()
    {
        using var harness = Sums(10, 5);
        var late = harness.SideOutput(WindowForms.Late);
        harness.Process(new Event(1, "1.1"), 0);
        harness.Watermark(13);
        harness.Process([(new Event(1, "1.2"), 1), (new Event(1, "1.3"), 2), (new Event(2, "2.1"), 3)]);
        Assert.Equal(["1.1", "1.11.2", "1.11.21.3", "2.1"], harness.Output.Select(e => e.Ids));
        Assert.Equal(2, harness.StateEntries);
        harness.Watermark(14);
        Assert.Equal(0, harness.StateEntries);
        harness.Process(new Event(1, "1.4"), 4);
        Assert.Equal(["1.4"], late.Select(e => e.Ids));
        Assert.Equal(4, harness.Output.Count);
        Assert.Equal(1, harness.LateRecords);
    }

    [Fact]
    public void After_the_last_watermark_everything_is_late()
    {
        using var harness = Sums(10, 5);
        harness.Watermark(EventTime.MaxWatermark);
        harness.Process(new Event(1, "1.1"), 1_000_000);
        Assert.Empty(harness.Output);
        Assert.Equal(1, harness.LateRecords);
        Assert.Equal(0, harness.StateEntries);
    }

    [Fact]
    public void A_record_without_timestamp_is_an_error_that_says_what_to_do()
    {
        using var harness = Sums(10, 0);
        var error = Assert.ThrowsAny<Exception>(() => harness.Process(new Event(1, "1.1")));
        Assert.Contains("WatermarkStrategy", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gap_of_years_costs_nothing()
    {
        using var harness = new OperatorHarness<Event, Event>(events => events.KeyBy(e => e.Key)
            .Window(SlidingEventTimeWindows.Of(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(1))).Reduce(WindowForms.Join));
        harness.Process([(new Event(1, "1.1"), -1_000_000_000_000_000), (new Event(1, "1.2"), 1_000_000_000_000_000)]);
        harness.EndInput();
        Assert.Equal(10, harness.Output.Count);
    }

    [Fact]
    public void A_slice_that_is_merged_into_many_windows_stays_as_it_was()
    {
        using var harness = WindowForms.All[1].Harness(new WindowScenario(30, 10, 0, 0, 4, []));
        harness.Process([(new Event(1, "1.a,"), 5), (new Event(1, "1.b,"), 15), (new Event(1, "1.c,"), 25)]);
        harness.EndInput();
        Assert.Equal(["1.a,", "1.a,1.b,", "1.a,1.b,1.c,", "1.b,1.c,", "1.c,"], harness.Output);
    }

    /// <summary>Key groups of a rescaled job come from subtasks that had got to different watermarks: each goes on from its own.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Restore_FromSubtasksAtDifferentWatermarks_FiresNothingTwiceAndLosesNothing(bool native)
    {
        var snapshots = new List<KeyedStateReader>();
        var natives = new List<NativeSnapshot>();
        var output = new List<string>();
        int[] keys = [.. Enumerable.Range(0, 20)];
        var placed = new Dictionary<int, int>();
        for (int subtask = 0; subtask < 2; subtask++)
        {
            var (op, rig, tap) = Open(subtask, 2, [], []);
            foreach (int key in keys.Where(key => KeyGroups.SubtaskOf(KeyGroups.GroupOf(Hasher.Hash(key), 8), 8, 2) == subtask))
            {
                op.Receive(OperatorRig.Batch((new Event(key, $"{key}.a"), 5L), (new Event(key, $"{key}.b"), 15L)));
                placed[key] = subtask;
            }

            // One has fired [0, 10), the other both.
            op.Control(ControlElement.Watermark(subtask == 0 ? 9 : 19));
            output.AddRange(tap.Records.Select(record => $"{record.Value.Ids}@{record.Timestamp}"));
            if (native)
            {
                natives.Add(rig.NativeSnapshot());
            }
            else
            {
                snapshots.Add(rig.Snapshot());
            }

            op.Close();
        }

        Assert.Equal(2, placed.Values.Distinct().Count());
        var (restored, _, restoredTap) = Open(0, 1, snapshots, natives);

        // Late for the keys of the second subtask, not for those of the first; allowed for neither where it was over.
        restored.Receive(OperatorRig.Batch(keys.Select(key => (new Event(key, $"{key}.c"), 16L))));
        restored.Control(ControlElement.Watermark(3));
        restored.Control(ControlElement.Watermark(12));
        restored.Receive(OperatorRig.Batch(keys.Select(key => (new Event(key, $"{key}.d"), 17L))));
        restored.Control(ControlElement.Watermark(EventTime.MaxWatermark));
        output.AddRange(restoredTap.Records.Select(record => $"{record.Value.Ids}@{record.Timestamp}"));

        var expected = keys.SelectMany(key => placed[key] == 0
            ? new[] { $"{key}.a@9", $"{key}.b{key}.c{key}.d@19" }
            : [$"{key}.a@9", $"{key}.b@19"]);
        Assert.Equal(expected.Order(), output.Order());
        Assert.Equal(2 * placed.Values.Count(subtask => subtask == 1), restored.Context.Metrics.LateRecords);
        Assert.Equal(0, restored.StateEntries);
    }

    private static OperatorHarness<Event, Event> Sums(long size, long lateness) => new(events => events.KeyBy(e => e.Key)
        .Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(size))).AllowedLateness(TimeSpan.FromMilliseconds(lateness))
        .SideOutputLateData(WindowForms.Late).Reduce(WindowForms.Join));

    private static (SliceWindowOperator<int, Event, Event, Event> Operator, OperatorRig Rig, Tap<Event> Tap) Open(
        int subtask, int parallelism, IReadOnlyList<KeyedStateReader> snapshots, IReadOnlyList<NativeSnapshot> natives)
    {
        var op = WindowForms.Tumbling();
        var rig = new OperatorRig(op, subtask, parallelism, backend: new NativeHeapBackend());
        var tap = new Tap<Event>();
        op.Output.Connect(tap);
        if (snapshots.Count > 0)
        {
            op.Restore(snapshots);
        }

        if (natives.Count > 0)
        {
            op.RestoreNative(natives, null!);
        }

        op.Open();
        return (op, rig, tap);
    }

    private sealed class Describe : ProcessWindowFunction<Event, string, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Event> elements, Collector<string> output)
        {
            string window = $"[{context.Window.Start},{context.Window.End})";
            output.Collect($"{key} {window} {string.Concat(elements.Select(e => e.Ids))} w{context.CurrentWatermark} p{context.CurrentProcessingTime}");
            context.Output(Seen, window);
        }
    }
}
