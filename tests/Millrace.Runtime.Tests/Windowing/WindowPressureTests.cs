using CsCheck;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Tests.Operators;
using Millrace.Runtime.Windowing;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing;

/// <summary>Firing is interrupted when nobody takes the output, and goes on where it was.</summary>
public sealed class WindowPressureTests
{
    [Fact]
    public void Windows_that_fire_under_backpressure_give_the_same_in_the_same_order()
    {
        int interruptions = 0;
        Gen.Select(Gen.OneOf(WindowScenario.Tumbling, WindowScenario.Sliding), Gen.Int[1, 3], Gen.Bool).Sample((scenario, blockAfter, lists) =>
        {
            var free = Run(scenario, 0, lists, out _);
            var blocked = Run(scenario, blockAfter, lists, out int count);
            Assert.Equal(free, blocked);
            Interlocked.Add(ref interruptions, count);
        });
        Assert.True(interruptions > 100, $"There were only {interruptions} interruptions.");
    }

    [Fact]
    public void A_window_of_many_keys_stops_at_the_first_result_that_nobody_takes()
    {
        var op = WindowForms.Tumbling();
        var rig = new OperatorRig(op, batchSize: 1);
        var tap = new Tap<Event>(rig.Pressure, 1);
        op.Output.Connect(tap);
        op.Open();
        op.Receive(OperatorRig.Batch(Enumerable.Range(0, 100).Select(key => (new Event(key, $"{key}.0"), 5L))));
        op.Control(ControlElement.Watermark(9));

        Assert.True(op.IsUnfinished);
        Assert.True(tap.Records.Count <= 1);
        Assert.Equal(100, op.StateEntries);
        Assert.DoesNotContain("W9", tap.Elements);
        int resumed = 0;
        while (op.IsUnfinished)
        {
            rig.Pressure.Waiting = 0;
            op.Resume();
            resumed++;
        }

        Assert.Equal(100, tap.Records.Count);
        Assert.True(resumed > 90, $"Only {resumed} interruptions.");
        Assert.Equal("W9", tap.Elements[^1]);
        Assert.Equal(0, op.StateEntries);
    }

    [Fact]
    public void A_window_of_many_keys_is_removed_in_several_turns()
    {
        const int Keys = 10_000;
        var op = WindowForms.Tumbling();
        var rig = new OperatorRig(op, batchSize: 1);
        var tap = new Tap<Event>(rig.Pressure, 0);
        op.Output.Connect(tap);
        op.Open();
        foreach (int[] keys in Enumerable.Range(0, Keys).Chunk(100))
        {
            op.Receive(OperatorRig.Batch(keys.Select(key => (new Event(key, $"{key}.0"), 5L))));
        }

        op.Control(ControlElement.Watermark(9));

        // All has been said, up to the last batch; but the watermark would promise that nothing is left to do.
        Assert.InRange(tap.Records.Count, Keys - 1, Keys);
        Assert.DoesNotContain("W9", tap.Elements);
        Assert.InRange(op.StateEntries, 1, Keys - 1);
        int resumed = 0;
        while (op.IsUnfinished)
        {
            op.Resume();
            resumed++;
        }

        Assert.True(resumed > 1, $"It was resumed {resumed} times.");
        Assert.Equal(Keys, tap.Records.Count);
        Assert.Equal("W9", tap.Elements[^1]);
        Assert.Equal(0, op.StateEntries);
    }

    private static List<string> Run(WindowScenario scenario, int blockAfter, bool lists, out int interruptions)
    {
        interruptions = 0;
        var windows = SlidingEventTimeWindows.Of(
            TimeSpan.FromMilliseconds(scenario.Size), TimeSpan.FromMilliseconds(scenario.Slide), TimeSpan.FromMilliseconds(scenario.Offset));
        KeyedOperator<int, Event, Event> op = lists ? Process(windows, scenario.Lateness) : WindowForms.Slices(windows, scenario.Lateness);
        var rig = new OperatorRig(op, batchSize: 1);
        var tap = new Tap<Event>(rig.Pressure, blockAfter);
        op.Output.Connect(tap);
        op.Open();
        for (int i = 0; i < scenario.Steps.Count; i++)
        {
            var step = scenario.Steps[i];
            switch (step.Kind)
            {
                case WindowScenario.StepKind.Record:
                    op.Receive(OperatorRig.Batch((new Event(step.Number, scenario.Id(i)), step.Time)));
                    break;
                case WindowScenario.StepKind.Watermark:
                    op.Control(ControlElement.Watermark(step.Time));
                    break;
            }

            while (op.IsUnfinished)
            {
                // A subtask resumes only when the output is free again.
                rig.Pressure.Waiting = 0;
                op.Resume();
                interruptions++;
            }

            rig.Pressure.Waiting = 0;
        }

        op.Control(ControlElement.EndOfInput);
        op.Close();
        return tap.Elements;
    }

    private static SliceWindowOperator<int, Event, StateList<Event>, Event> Process(AlignedWindows windows, long lateness)
    {
        var function = new AllInOne();
        return new(e => e.Key, windows, new LatePolicy<Event>(lateness, null), new ListAggregation<Event>(), new ProcessEmitter<int, TimeWindow, Event, Event>(function), function);
    }

    private sealed class AllInOne : ProcessWindowFunction<Event, Event, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Event> elements, Collector<Event> output) =>
            output.Collect(elements.Aggregate(WindowForms.Join));
    }
}
