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
    ClockTumbling,
    ClockSliding,
    ClockSession,
}

internal enum TriggerKind
{
    /// <summary>At the end of the window, by event time or by the clock as the windows are.</summary>
    End,
    Count,
    Delta,

    /// <summary>Count, or when nothing has fired for a while.</summary>
    CountOrTimeout,
    Continuous,

    /// <summary>Continuous by the clock, which moves on with the watermark.</summary>
    ContinuousClock,
}

/// <summary>What happens to the general window operator in a random test.</summary>
internal sealed record GeneralScenario(
    WindowKind Kind, long Size, long Part, TriggerKind Trigger, long Number, bool IsPurging, int? Keep, long? Within, long Lateness, int BatchSize, IReadOnlyList<WindowScenario.Step> Steps)
{
    public bool IsSession => Kind is WindowKind.Session or WindowKind.DynamicSession or WindowKind.ClockSession;

    public bool IsByTheClock => Kind is WindowKind.ClockTumbling or WindowKind.ClockSliding or WindowKind.ClockSession;

    /// <summary>For a timeout: how long, whether each record begins it anew, and whether it also ends the count.</summary>
    public (long Length, bool IsReset, bool Clears) Timeout => (Size + Number, Number % 2 == 0, Part % 2 == 0);

    /// <summary>Whether the windows can have the trigger: Delta does not know what a merged window fired last, and windows by the clock see no watermark.</summary>
    public static bool IsAllowed(WindowKind kind, TriggerKind trigger) => kind switch
    {
        WindowKind.ClockSession => trigger is not (TriggerKind.Delta or TriggerKind.Continuous),
        WindowKind.ClockTumbling or WindowKind.ClockSliding => trigger != TriggerKind.Continuous,
        WindowKind.Session or WindowKind.DynamicSession => trigger != TriggerKind.Delta,
        _ => true,
    };

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
            kind is WindowKind.Sliding or WindowKind.Cumulative or WindowKind.ClockSliding ? part * parts : part,
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
    /// <param name="timestamp">The record's time, or the clock's.</param>
    /// <param name="id">The record.</param>
    public List<TimeWindow> WindowsOf(long timestamp, string id)
    {
        switch (Kind)
        {
            case WindowKind.Session or WindowKind.ClockSession:
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
                    if (first % (Kind is WindowKind.Tumbling or WindowKind.ClockTumbling ? Size : Part) == 0)
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
            TriggerKind.Delta => triggers.Delta(Number, (last, next) => Math.Abs(OrderOf(next.Ids) - OrderOf(last.Ids))),
            TriggerKind.CountOrTimeout => triggers.Count(Number).WithProcessingTimeout(TimeSpan.FromMilliseconds(Timeout.Length), Timeout.IsReset, Timeout.Clears),
            TriggerKind.Continuous => triggers.ContinuousEventTime(TimeSpan.FromMilliseconds(Number)),
            TriggerKind.ContinuousClock => triggers.ContinuousProcessingTime(TimeSpan.FromMilliseconds(Number)),
            _ => IsByTheClock ? triggers.ProcessingTime() : triggers.EventTime(),
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
            WindowKind.ClockTumbling => keyed.Window(TumblingProcessingTimeWindows.Of(size)).Trigger(MakeTrigger()),
            WindowKind.ClockSliding => keyed.Window(SlidingProcessingTimeWindows.Of(size, part)).Trigger(MakeTrigger()),
            WindowKind.ClockSession => keyed.Window(ProcessingTimeSessionWindows.WithGap(size)).Trigger(MakeTrigger()),
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

        return IsByTheClock ? windowed : windowed.AllowedLateness(TimeSpan.FromMilliseconds(Lateness)).SideOutputLateData(WindowForms.Late);
    }

    public override string ToString() =>
        $"{Kind} size {Size}, part {Part}, {Trigger}({Number}){(IsPurging ? " purging" : "")}, keep {Keep}, within {Within}, lateness {Lateness}, batch {BatchSize}: "
        + string.Join(" ", Steps.Select(step => $"{step.Kind.ToString()[0]}{step.Number}@{step.Time}"));
}
