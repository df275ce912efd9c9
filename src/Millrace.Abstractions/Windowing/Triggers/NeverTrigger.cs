namespace Millrace.Windowing;

/// <summary>Never fires.</summary>
internal sealed class NeverTrigger<T, TWindow> : Trigger<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    public static readonly NeverTrigger<T, TWindow> Instance = new();

    public override bool CanMerge => true;

    public override TriggerResult OnElement(T value, long timestamp, TWindow window, TriggerContext context) => TriggerResult.Continue;

    public override void OnMerge(TWindow window, TriggerMergeContext context)
    {
    }

    public override string ToString() => "Never";
}
