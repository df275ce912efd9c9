using Millrace.State;

namespace Millrace.Windowing;

/// <summary>Fires at every so many records.</summary>
internal sealed class CountTrigger<T, TWindow>(long count) : Trigger<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    private static readonly ValueStateDescriptor<long> Counted = new("count");

    public override bool CanMerge => true;

    public override TriggerResult OnElement(T value, long timestamp, TWindow window, TriggerContext context)
    {
        var state = context.GetState(Counted);
        if (++state.GetOrAdd() < count)
        {
            return TriggerResult.Continue;
        }

        state.Clear();
        return TriggerResult.Fire;
    }

    public override void OnMerge(TWindow window, TriggerMergeContext context) => context.MergeState(Counted, static (first, second) => first + second);

    public override void Clear(TWindow window, TriggerContext context) => context.GetState(Counted).Clear();

    public override string ToString() => $"Count({count})";
}
