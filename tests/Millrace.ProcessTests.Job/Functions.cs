using Millrace.State;
using Millrace.Windowing;

namespace Millrace.ProcessTests;

/// <summary>Number and sum of events.</summary>
public struct Sum
{
    /// <summary>How many.</summary>
    public long Events;

    /// <summary>The sum of their values.</summary>
    public long Values;
}

internal sealed class AddUp : AggregateFunction<Event, Sum, Sum>
{
    public override Sum CreateAccumulator() => default;

    public override void Add(ref Sum accumulator, Event value)
    {
        accumulator.Events++;
        accumulator.Values += value.Value;
    }

    public override void Merge(ref Sum accumulator, in Sum other)
    {
        accumulator.Events += other.Events;
        accumulator.Values += other.Values;
    }

    public override Sum GetResult(in Sum accumulator) => accumulator;
}

internal sealed class WithKeyAndWindow : ProcessWindowFunction<Sum, WindowSum, int, TimeWindow>
{
    public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Sum> elements, Collector<WindowSum> output) =>
        output.Collect(new WindowSum(key, EventTime.From(context.Window.StartTime), elements[0].Events, elements[0].Values));
}

/// <summary>Every half second of event time in which a key had events: all that it has seen so far. Events wait in a list until their timer fires.</summary>
internal sealed class RunningTotals : KeyedProcessFunction<int, Event, RunningTotal>
{
    internal const int Interval = 500;
    private ListState<Event> _waiting = null!;
    private ValueState<Sum> _total = null!;

    public override void Open(RuntimeContext context)
    {
        _waiting = context.GetListState(new ListStateDescriptor<Event>("waiting"));
        _total = context.GetState(new ValueStateDescriptor<Sum>("total"));
    }

    public override void ProcessElement(Event value, KeyedProcessContext<int> context, Collector<RunningTotal> output)
    {
        _waiting.Add(value);
        context.Timers.RegisterEventTimeTimer(DueAt(value));
    }

    public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<RunningTotal> output)
    {
        Event[] waiting = [.. _waiting.AsSpan()];
        _waiting.Update([.. waiting.Where(value => DueAt(value) != timestamp)]);
        ref var total = ref _total.GetOrAdd();
        foreach (var value in waiting.Where(value => DueAt(value) == timestamp))
        {
            total.Events++;
            total.Values += value.Value;
        }

        output.Collect(new RunningTotal(context.CurrentKey, timestamp, total.Events, total.Values));
    }

    private static long DueAt(Event value) => ((value.Time / Interval) + 1) * Interval;
}
