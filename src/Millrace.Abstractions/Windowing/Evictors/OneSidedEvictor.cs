namespace Millrace.Windowing;

/// <summary>An evictor that does the same before or after the function.</summary>
internal abstract class OneSidedEvictor<T, TWindow>(bool after) : Evictor<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    public sealed override void EvictBefore(List<TimestampedValue<T>> elements, TWindow window, EvictorContext context)
    {
        if (!after)
        {
            Evict(elements);
        }
    }

    public sealed override void EvictAfter(List<TimestampedValue<T>> elements, TWindow window, EvictorContext context)
    {
        if (after)
        {
            Evict(elements);
        }
    }

    /// <summary>Removes records.</summary>
    /// <param name="elements">At least one.</param>
    protected abstract void Evict(List<TimestampedValue<T>> elements);
}

/// <summary>Keeps the last records.</summary>
internal sealed class CountEvictor<T, TWindow>(int count, bool after) : OneSidedEvictor<T, TWindow>(after)
    where TWindow : struct, IWindow<TWindow>
{
    protected override void Evict(List<TimestampedValue<T>> elements) => elements.RemoveRange(0, Math.Max(0, elements.Count - count));
}

/// <summary>Keeps the records of a span of time.</summary>
internal sealed class TimeEvictor<T, TWindow>(long span, bool after) : OneSidedEvictor<T, TWindow>(after)
    where TWindow : struct, IWindow<TWindow>
{
    protected override void Evict(List<TimestampedValue<T>> elements)
    {
        long last = EventTime.None;
        foreach (var element in elements)
        {
            last = Math.Max(last, element.Timestamp);
        }

        if (last == EventTime.None)
        {
            return;
        }

        long cutoff = last - span;
        elements.RemoveAll(element => element.Timestamp <= cutoff);
    }
}

/// <summary>Keeps the records that are near the last.</summary>
internal sealed class DeltaEvictor<T, TWindow>(double threshold, Func<T, T, double> delta, bool after) : OneSidedEvictor<T, TWindow>(after)
    where TWindow : struct, IWindow<TWindow>
{
    protected override void Evict(List<TimestampedValue<T>> elements)
    {
        var last = elements[^1].Value;
        elements.RemoveAll(element => delta(element.Value, last) >= threshold);
    }
}
