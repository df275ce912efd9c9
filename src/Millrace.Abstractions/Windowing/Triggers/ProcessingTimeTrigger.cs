namespace Millrace.Windowing;

/// <summary>Fires at the end of the window by the clock.</summary>
internal sealed class ProcessingTimeTrigger<T, TWindow> : Trigger<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    public static readonly ProcessingTimeTrigger<T, TWindow> Instance = new();

    public override bool CanMerge => true;

    public override TriggerResult OnElement(T value, long timestamp, TWindow window, TriggerContext context)
    {
        context.RegisterProcessingTimeTimer(window.MaxTimestamp);
        return TriggerResult.Continue;
    }

    public override TriggerResult OnProcessingTime(long time, TWindow window, TriggerContext context) => TriggerResult.Fire;

    public override void OnMerge(TWindow window, TriggerMergeContext context)
    {
        if (window.MaxTimestamp > context.CurrentProcessingTime)
        {
            context.RegisterProcessingTimeTimer(window.MaxTimestamp);
        }
    }

    public override void Clear(TWindow window, TriggerContext context) => context.DeleteProcessingTimeTimer(window.MaxTimestamp);

    public override string ToString() => "ProcessingTime";
}
