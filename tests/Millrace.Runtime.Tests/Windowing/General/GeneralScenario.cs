using System.Globalization;
using CsCheck;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing.General;

internal enum WindowKind
{
    Tumbling,
    Sliding,
    Cumulative,
    Session,
    DynamicSession,
}

internal enum TriggerKind
{
    EventTime,
    Count,
    Continuous,

    /// <summary>Continuous by the clock, which moves on with the watermark.</summary>
    ContinuousClock,
}

/// <summary>What happens to the general window operator in a random test.</summary>
internal sealed record GeneralScenario(
    WindowKind Kind, long Size, long Part, TriggerKind Trigger, long Number, bool IsPurging, int? Keep, long? Within, long Lateness, int BatchSize, IReadOnlyList<WindowScenario.Step> Steps)
{
    public bool IsSession => Kind is WindowKind.Session or WindowKind.DynamicSession;

    public static Gen<GeneralScenario> Of(WindowKind kind, TriggerKind trigger) =>
        from part in Gen.Long[1, 9]
        from parts in Gen.Long[1, 4]
        from number in Gen.Long[1, 7]
        from purging in Gen.Bool
        from keep in Gen.Int[-3, 4]
        from lateness in Gen.OneOf(Gen.Const(0L), Gen.Long[1, 30])
        from batch in Gen.Int[1, 9]
        from steps in WindowScenario.Tumbling
        select new GeneralScenario(
            kind,
            kind is WindowKind.Session or WindowKind.DynamicSession or WindowKind.Tumbling ? part : part * parts,
            part,
            trigger,
            number,
            purging,
            keep > 0 ? keep : null,
            keep < -1 ? -keep * 3 : null,
            lateness,
            batch,
            steps.Steps);

    public static int OrderOf(string id) => int.Parse(id.AsSpan(id.IndexOf('.') + 1, id.IndexOf(',') - id.IndexOf('.') - 1), CultureInfo.InvariantCulture);

    public static long GapOf(string id) => (OrderOf(id) % 5) + 1;

    public string Id(int step) => $"{Steps[step].Number}.{step},";

    /// <summary>The windows of a record before any are merged, found by looking at all that may be.</summary>
    public List<TimeWindow> WindowsOf(long timestamp, string id)
    {
        switch (Kind)
        {
            case WindowKind.Session:
                return [new TimeWindow(timestamp, timestamp + Size)];
            case WindowKind.DynamicSession:
                return [new TimeWindow(timestamp, timestamp + GapOf(id))];
            case WindowKind.Cumulative:
                long start = TimeWindow.StartFor(timestamp, 0, Size);
                return [.. Enumerable.Range(1, (int)(Size / Part)).Select(i => new TimeWindow(start, start + (i * Part))).Where(window => window.End > timestamp)];
            default:
                List<TimeWindow> windows = [];
                for (long first = timestamp - Size + 1; first <= timestamp; first++)
                {
                    if (first % (Kind == WindowKind.Tumbling ? Size : Part) == 0)
                    {
                        windows.Add(new TimeWindow(first, first + Size));
                    }
                }

                return windows;
        }
    }

    public Trigger<Event, TimeWindow> MakeTrigger()
    {
        var triggers = default(Triggers<Event, TimeWindow>);
        var trigger = Trigger switch
        {
            TriggerKind.Count => triggers.Count(Number),
            TriggerKind.Continuous => triggers.ContinuousEventTime(TimeSpan.FromMilliseconds(Number)),
            TriggerKind.ContinuousClock => triggers.ContinuousProcessingTime(TimeSpan.FromMilliseconds(Number)),
            _ => triggers.EventTime(),
        };
        return IsPurging ? trigger.Purging() : trigger;
    }

    public WindowedStream<Event, int, TimeWindow> Windowed(DataStream<Event> events)
    {
        var keyed = events.KeyBy(e => e.Key);
        var size = TimeSpan.FromMilliseconds(Size);
        var part = TimeSpan.FromMilliseconds(Part);
        var windowed = Kind switch
        {
            WindowKind.Tumbling => keyed.Window(TumblingEventTimeWindows.Of(size)).Trigger(MakeTrigger()),
            WindowKind.Sliding => keyed.Window(SlidingEventTimeWindows.Of(size, part)).Trigger(MakeTrigger()),
            WindowKind.Cumulative => keyed.Window(CumulativeEventTimeWindows.Of(size, part)).Trigger(MakeTrigger()),
            WindowKind.Session => keyed.Window(EventTimeSessionWindows.WithGap(size)).Trigger(MakeTrigger()),
            _ => keyed.Window(EventTimeSessionWindows.WithDynamicGap<Event>(e => TimeSpan.FromMilliseconds(GapOf(e.Ids)))).Trigger(MakeTrigger()),
        };
        if (Keep is { } keep)
        {
            windowed.Evictor(evictors => evictors.Last(keep));
        }

        if (Within is { } within)
        {
            windowed.Evictor(evictors => evictors.Within(TimeSpan.FromMilliseconds(within)));
        }

        return windowed.AllowedLateness(TimeSpan.FromMilliseconds(Lateness)).SideOutputLateData(WindowForms.Late);
    }

    public override string ToString() =>
        $"{Kind} size {Size}, part {Part}, {Trigger}({Number}){(IsPurging ? " purging" : "")}, keep {Keep}, within {Within}, lateness {Lateness}, batch {BatchSize}: "
        + string.Join(" ", Steps.Select(step => $"{step.Kind.ToString()[0]}{step.Number}@{step.Time}"));
}
