using Millrace.State;

namespace Millrace.Windowing;

/// <summary>Fires at multiples of an interval of event time, and at the end of the window.</summary>
internal sealed class ContinuousEventTimeTrigger<T, TWindow>(long interval) : Trigger<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    private static readonly ValueStateDescriptor<long> NextFiring = new("next-event-time");

    public override bool CanMerge => true;

    public override TriggerResult OnElement(T value, long timestamp, TWindow window, TriggerContext context)
    {
        if (window.MaxTimestamp <= context.CurrentWatermark)
        {
            return TriggerResult.Fire;
        }

        context.RegisterEventTimeTimer(window.MaxTimestamp);
        if (timestamp != EventTime.None && !context.GetState(NextFiring).Exists)
        {
            Register(TimeWindow.StartFor(timestamp, 0, interval) + interval, window, context);
        }

        return TriggerResult.Continue;
    }

    public override TriggerResult OnEventTime(long time, TWindow window, TriggerContext context)
    {
        var next = context.GetState(NextFiring);
        if (time == window.MaxTimestamp)
        {
            // Nothing more is due, for a window either that a late record makes of this one.
            next.Clear();
            return TriggerResult.Fire;
        }

        if (!next.TryGet(out long due) || due != time)
        {
            return TriggerResult.Continue;
        }

        next.Clear();

        // When the input has ended, nothing comes between now and the end of the window, which may be none: what is left is fired there.
        if (context.CurrentWatermark != EventTime.MaxWatermark)
        {
            Register(time + interval, window, context);
        }

        return TriggerResult.Fire;
    }

    public override void OnMerge(TWindow window, TriggerMergeContext context)
    {
        if (window.MaxTimestamp > context.CurrentWatermark)
        {
            context.RegisterEventTimeTimer(window.MaxTimestamp);
        }

        context.MergeState(NextFiring, Math.Min);
        if (context.GetState(NextFiring).TryGet(out long next))
        {
            context.RegisterEventTimeTimer(next);
        }
    }

    public override void Clear(TWindow window, TriggerContext context)
    {
        context.DeleteEventTimeTimer(window.MaxTimestamp);
        var next = context.GetState(NextFiring);
        if (next.TryGet(out long time))
        {
            context.DeleteEventTimeTimer(time);
            next.Clear();
        }
    }

    public override string ToString() => $"ContinuousEventTime({TimeSpan.FromMilliseconds(interval)})";

    private static void Register(long time, TWindow window, TriggerContext context)
    {
        long next = Math.Min(time, window.MaxTimestamp);
        context.GetState(NextFiring).Value = next;
        context.RegisterEventTimeTimer(next);
    }
}
