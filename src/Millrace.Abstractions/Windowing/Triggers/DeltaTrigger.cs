using Millrace.State;

namespace Millrace.Windowing;

/// <summary>Fires when a record differs much from the one that it fired at last.</summary>
internal sealed class DeltaTrigger<T, TWindow>(double threshold, Func<T, T, double> delta) : Trigger<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    private static readonly ValueStateDescriptor<T> Last = new("last-fired");

    public override TriggerResult OnElement(T value, long timestamp, TWindow window, TriggerContext context)
    {
        var state = context.GetState(Last);
        if (!state.TryGet(out var last))
        {
            state.Value = value;
            return TriggerResult.Continue;
        }

        if (delta(last, value) > threshold)
        {
            state.Value = value;
            return TriggerResult.Fire;
        }

        return TriggerResult.Continue;
    }

    public override void Clear(TWindow window, TriggerContext context) => context.GetState(Last).Clear();

    public override string ToString() => $"Delta({threshold})";
}
