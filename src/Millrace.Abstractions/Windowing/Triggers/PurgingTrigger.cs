namespace Millrace.Windowing;

/// <summary>Another trigger, with the contents removed at every firing.</summary>
internal sealed class PurgingTrigger<T, TWindow>(Trigger<T, TWindow> inner) : Trigger<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    public override bool CanMerge => inner.CanMerge;

    public override TriggerResult OnElement(T value, long timestamp, TWindow window, TriggerContext context) => Purge(inner.OnElement(value, timestamp, window, context));

    public override TriggerResult OnEventTime(long time, TWindow window, TriggerContext context) => Purge(inner.OnEventTime(time, window, context));

    public override TriggerResult OnProcessingTime(long time, TWindow window, TriggerContext context) => Purge(inner.OnProcessingTime(time, window, context));

    public override void OnMerge(TWindow window, TriggerMergeContext context) => inner.OnMerge(window, context);

    public override void Clear(TWindow window, TriggerContext context) => inner.Clear(window, context);

    public override string ToString() => $"{inner}, purging";

    private static TriggerResult Purge(TriggerResult result) => (result & TriggerResult.Fire) != 0 ? TriggerResult.FireAndPurge : result;
}
