namespace Millrace.Windowing;

/// <summary>The triggers that there are. A windowed stream hands them to <c>Trigger</c>: <c>.Trigger(on =&gt; on.Count(100).Purging())</c>.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
public readonly struct Triggers<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    /// <summary>Fires when the watermark reaches the window's last millisecond, and at once for every record that comes later. The default of windows of event time.</summary>
    /// <returns>The trigger.</returns>
    public Trigger<T, TWindow> EventTime() => EventTimeTrigger<T, TWindow>.Instance;

    /// <summary>Fires when the clock reaches the window's last millisecond. The default of windows by the clock.</summary>
    /// <returns>The trigger.</returns>
    public Trigger<T, TWindow> ProcessingTime() => ProcessingTimeTrigger<T, TWindow>.Instance;

    /// <summary>Never fires. The default of global windows.</summary>
    /// <returns>The trigger.</returns>
    public Trigger<T, TWindow> Never() => NeverTrigger<T, TWindow>.Instance;

    /// <summary>Fires at every so many records of a window. What is left at the end of the window does not fire.</summary>
    /// <param name="count">How many; positive.</param>
    /// <returns>The trigger.</returns>
    public Trigger<T, TWindow> Count(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return new CountTrigger<T, TWindow>(count);
    }

    /// <summary>Fires at regular distances of event time, at the window's end, and at once for every record that comes later.</summary>
    /// <param name="interval">The distance; whole milliseconds, positive. Firings are at multiples of it.</param>
    /// <returns>The trigger.</returns>
    /// <exception cref="ArgumentException">The interval is out of its range.</exception>
    public Trigger<T, TWindow> ContinuousEventTime(TimeSpan interval) => new ContinuousEventTimeTrigger<T, TWindow>(EventTimeSessionWindows.Gap(interval));

    /// <summary>Fires at regular distances by the clock. It does not fire at the end of a window of event time.</summary>
    /// <param name="interval">The distance; whole milliseconds, positive. Firings are at multiples of it.</param>
    /// <returns>The trigger.</returns>
    /// <exception cref="ArgumentException">The interval is out of its range.</exception>
    public Trigger<T, TWindow> ContinuousProcessingTime(TimeSpan interval) => new ContinuousProcessingTimeTrigger<T, TWindow>(EventTimeSessionWindows.Gap(interval));

    /// <summary>Fires when a record differs by more than a threshold from the one that it fired at last, or from the first. Not for windows that merge.</summary>
    /// <param name="threshold">Above which difference it fires.</param>
    /// <param name="delta">The difference between the old record and the new one. Called by all subtasks.</param>
    /// <returns>The trigger. It keeps one record for each window.</returns>
    public Trigger<T, TWindow> Delta(double threshold, Func<T, T, double> delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        return new DeltaTrigger<T, TWindow>(threshold, delta);
    }
}
