using Millrace.State;

namespace Millrace.Windowing;

/// <summary>Fires at multiples of an interval by the clock.</summary>
internal sealed class ContinuousProcessingTimeTrigger<T, TWindow>(long interval) : Trigger<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    private static readonly ValueStateDescriptor<long> NextFiring = new("next-processing-time");

    public override bool CanMerge => true;

    public override TriggerResult OnElement(T value, long timestamp, TWindow window, TriggerContext context)
    {
        if (!context.GetState(NextFiring).Exists)
        {
            Register(TimeWindow.StartFor(context.CurrentProcessingTime, 0, interval) + interval, window, context);
        }

        return TriggerResult.Continue;
    }

    public override TriggerResult OnProcessingTime(long time, TWindow window, TriggerContext context)
    {
        var next = context.GetState(NextFiring);
        if (!next.TryGet(out long due) || due != time)
        {
            return TriggerResult.Continue;
        }

        Register(time + interval, window, context);
        return TriggerResult.Fire;
    }

    public override void OnMerge(TWindow window, TriggerMergeContext context)
    {
        context.MergeState(NextFiring, Math.Min);
        if (context.GetState(NextFiring).TryGet(out long next))
        {
            context.RegisterProcessingTimeTimer(next);
        }
    }

    public override void Clear(TWindow window, TriggerContext context)
    {
        var next = context.GetState(NextFiring);
        if (next.TryGet(out long time))
        {
            context.DeleteProcessingTimeTimer(time);
            next.Clear();
        }
    }

    public override string ToString() => $"ContinuousProcessingTime({TimeSpan.FromMilliseconds(interval)})";

    private static void Register(long time, TWindow window, TriggerContext context)
    {
        // A window by the clock fires at its end too. The end of a window of event time may lie far back: a timer there would be due again and again.
        long next = window.MaxTimestamp > context.CurrentProcessingTime ? Math.Min(time, window.MaxTimestamp) : time;
        context.GetState(NextFiring).Value = next;
        context.RegisterProcessingTimeTimer(next);
    }
}
