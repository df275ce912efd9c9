using Millrace.State;

namespace Millrace.Windowing;

/// <summary>Another trigger, and a firing by the clock where that has not fired for a while after a record.</summary>
internal sealed class ProcessingTimeoutTrigger<T, TWindow>(Trigger<T, TWindow> inner, long timeout, bool resetOnEveryRecord, bool clearOnTimeout) : Trigger<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    private static readonly ValueStateDescriptor<long> Timeout = new("timeout");

    public override bool CanMerge => inner.CanMerge;

    public override TriggerResult OnElement(T value, long timestamp, TWindow window, TriggerContext context)
    {
        var result = inner.OnElement(value, timestamp, window, context);
        if ((result & TriggerResult.Fire) != 0)
        {
            ClearTimeout(context);
            return result;
        }

        if (resetOnEveryRecord)
        {
            ClearTimeout(context);
        }

        var state = context.GetState(Timeout);
        if (!state.Exists)
        {
            long due = context.CurrentProcessingTime + timeout;
            state.Value = due;
            context.RegisterProcessingTimeTimer(due);
        }

        return result;
    }

    public override TriggerResult OnEventTime(long time, TWindow window, TriggerContext context) => AfterInner(inner.OnEventTime(time, window, context), context);

    public override TriggerResult OnProcessingTime(long time, TWindow window, TriggerContext context)
    {
        var result = inner.OnProcessingTime(time, window, context);
        var state = context.GetState(Timeout);
        if (!state.TryGet(out long due) || due != time)
        {
            return AfterInner(result, context);
        }

        state.Clear();
        if (clearOnTimeout)
        {
            inner.Clear(window, context);
        }

        // The inner trigger did not ask for this firing. Where it purges, as a purging trigger does, its window is emptied by this firing too.
        return inner is PurgingTrigger<T, TWindow> ? TriggerResult.FireAndPurge : result | TriggerResult.Fire;
    }

    public override void OnMerge(TWindow window, TriggerMergeContext context)
    {
        inner.OnMerge(window, context);
        context.MergeState(Timeout, resetOnEveryRecord ? Math.Max : Math.Min);
        if (context.GetState(Timeout).TryGet(out long due))
        {
            context.RegisterProcessingTimeTimer(due);
        }
    }

    public override void Clear(TWindow window, TriggerContext context)
    {
        inner.Clear(window, context);
        ClearTimeout(context);
    }

    public override string ToString() => $"{inner}, or after {TimeSpan.FromMilliseconds(timeout)}";

    private static TriggerResult AfterInner(TriggerResult result, TriggerContext context)
    {
        if ((result & TriggerResult.Fire) != 0)
        {
            ClearTimeout(context);
        }

        return result;
    }

    private static void ClearTimeout(TriggerContext context)
    {
        var state = context.GetState(Timeout);
        if (state.TryGet(out long due))
        {
            context.DeleteProcessingTimeTimer(due);
            state.Clear();
        }
    }
}
