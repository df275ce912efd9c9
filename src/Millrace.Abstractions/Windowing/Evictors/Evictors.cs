namespace Millrace.Windowing;

/// <summary>The evictors that there are. A windowed stream hands them to <c>Evictor</c>: <c>.Evictor(keep =&gt; keep.Last(100))</c>.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
public readonly struct Evictors<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    /// <summary>Keeps the last records.</summary>
    /// <param name="count">How many; positive.</param>
    /// <param name="after">Whether others are removed after the function has seen them, not before.</param>
    /// <returns>The evictor.</returns>
    public Evictor<T, TWindow> Last(int count, bool after = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return new CountEvictor<T, TWindow>(count, after);
    }

    /// <summary>Keeps the records of a span of event time up to the greatest timestamp in the window. Where no record has a timestamp, all are kept.</summary>
    /// <param name="span">How much younger than the span a record must be; whole milliseconds, positive.</param>
    /// <param name="after">Whether others are removed after the function has seen them, not before.</param>
    /// <returns>The evictor.</returns>
    /// <exception cref="ArgumentException">The span is out of its range.</exception>
    public Evictor<T, TWindow> Within(TimeSpan span, bool after = false) => new TimeEvictor<T, TWindow>(EventTimeSessionWindows.Gap(span), after);

    /// <summary>Keeps the records that differ by less than a threshold from the last one.</summary>
    /// <param name="threshold">From which difference on a record is removed.</param>
    /// <param name="delta">The difference between a record and the last one. Called by all subtasks.</param>
    /// <param name="after">Whether others are removed after the function has seen them, not before.</param>
    /// <returns>The evictor.</returns>
    public Evictor<T, TWindow> Near(double threshold, Func<T, T, double> delta, bool after = false)
    {
        ArgumentNullException.ThrowIfNull(delta);
        return new DeltaEvictor<T, TWindow>(threshold, delta, after);
    }
}
