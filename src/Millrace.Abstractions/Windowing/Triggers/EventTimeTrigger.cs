namespace Millrace.Windowing;

/// <summary>Fires at the end of the window in event time.</summary>
internal sealed class EventTimeTrigger<T, TWindow> : Trigger<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    public static readonly EventTimeTrigger<T, TWindow> Instance = new();

    public override bool CanMerge => true;

    public override TriggerResult OnElement(T value, long timestamp, TWindow window, TriggerContext context)
    {
        if (window.MaxTimestamp <= context.CurrentWatermark)
        {
            return TriggerResult.Fire;
        }

        context.RegisterEventTimeTimer(window.MaxTimestamp);
        return TriggerResult.Continue;
    }

    public override TriggerResult OnEventTime(long time, TWindow window, TriggerContext context) =>
        time == window.MaxTimestamp ? TriggerResult.Fire : TriggerResult.Continue;

    public override void OnMerge(TWindow window, TriggerMergeContext context)
    {
        // A window that has fired already fires again for the record that made it grow.
        if (window.MaxTimestamp > context.CurrentWatermark)
        {
            context.RegisterEventTimeTimer(window.MaxTimestamp);
        }
    }

    public override void Clear(TWindow window, TriggerContext context) => context.DeleteEventTimeTimer(window.MaxTimestamp);

    public override string ToString() => "EventTime";
}
