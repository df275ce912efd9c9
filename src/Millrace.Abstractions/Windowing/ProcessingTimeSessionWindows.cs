namespace Millrace.Windowing;

/// <summary>Sessions by the clock: records of a key belong together as long as the next arrives within a given gap.</summary>
/// <remarks>Sessions that are open when a bounded input ends are dropped: the clock has not come to their end.</remarks>
public sealed class ProcessingTimeSessionWindows : WindowAssigner<TimeWindow>, IMergingWindows<TimeWindow>
{
    private readonly long _gap;

    private ProcessingTimeSessionWindows(long gap)
    {
        _gap = gap;
    }

    /// <inheritdoc/>
    public override bool IsEventTime => false;

    /// <summary>Sessions with one gap for all.</summary>
    /// <param name="gap">The longest silence within a session; whole milliseconds, positive.</param>
    /// <returns>The assigner.</returns>
    /// <exception cref="ArgumentException">The gap is out of its range.</exception>
    public static ProcessingTimeSessionWindows WithGap(TimeSpan gap) => new(EventTimeSessionWindows.Gap(gap));

    /// <summary>Sessions whose gap each record says for itself: it is the silence that may follow on it.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="gap">Gives a record's gap; whole milliseconds, positive. Called once for a record, by all subtasks.</param>
    /// <returns>The assigner.</returns>
    public static DynamicSessionWindows<T> WithDynamicGap<T>(Func<T, TimeSpan> gap)
    {
        ArgumentNullException.ThrowIfNull(gap);
        return new DynamicSessionWindows<T>(gap, isEventTime: false);
    }

    /// <inheritdoc/>
    public override void AssignWindows(long timestamp, ICollection<TimeWindow> windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        windows.Add(new TimeWindow(timestamp, timestamp + _gap));
    }

    /// <inheritdoc/>
    public bool TryMerge(TimeWindow first, TimeWindow second, out TimeWindow merged)
    {
        merged = first.Cover(second);
        return first.Intersects(second);
    }

    /// <inheritdoc/>
    public override string ToString() => $"ProcessingTimeSession({TimeSpan.FromMilliseconds(_gap)})";
}
