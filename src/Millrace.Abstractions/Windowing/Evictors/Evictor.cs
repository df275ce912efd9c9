namespace Millrace.Windowing;

/// <summary>Removes records from a window when it fires: before the function sees them, after it, or both.</summary>
/// <remarks>
/// With an evictor a window keeps every record, and <c>Reduce</c> and <c>Aggregate</c> are computed afresh from them at every firing. One instance serves all keys and windows and
/// all subtasks of a process: it must keep nothing in fields.
/// </remarks>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
/// <example>
/// <code>
/// sealed class WithoutOutliers : Evictor&lt;Reading, TimeWindow&gt;
/// {
///     public override void EvictBefore(List&lt;TimestampedValue&lt;Reading&gt;&gt; elements, TimeWindow window, EvictorContext context) =&gt;
///         elements.RemoveAll(element =&gt; element.Value.IsOutlier);
/// }
/// </code>
/// </example>
public abstract class Evictor<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    /// <summary>Called when the window fires, before the function. Where nothing is left, the function is not called.</summary>
    /// <param name="elements">The records in order of arrival; what is removed here is gone from the window. Valid only during the call.</param>
    /// <param name="window">The window.</param>
    /// <param name="context">The time.</param>
    public virtual void EvictBefore(List<TimestampedValue<T>> elements, TWindow window, EvictorContext context)
    {
    }

    /// <summary>Called when the window fires, after the function.</summary>
    /// <param name="elements">The records in order of arrival; what is removed here is gone from the window. Valid only during the call.</param>
    /// <param name="window">The window.</param>
    /// <param name="context">The time.</param>
    public virtual void EvictAfter(List<TimestampedValue<T>> elements, TWindow window, EvictorContext context)
    {
    }
}

/// <summary>What an evictor sees besides the records.</summary>
public abstract class EvictorContext
{
    private protected EvictorContext()
    {
    }

    /// <summary>The operator's watermark.</summary>
    public abstract long CurrentWatermark { get; }

    /// <summary>The wall clock in milliseconds since 1970-01-01 UTC.</summary>
    public abstract long CurrentProcessingTime { get; }
}
