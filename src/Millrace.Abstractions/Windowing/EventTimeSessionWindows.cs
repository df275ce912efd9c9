using System.Runtime.CompilerServices;

namespace Millrace.Windowing;

/// <summary>
/// Sessions of event time: records of a key belong together as long as no gap between neighbours is longer than a given one. A session ends a gap after its last record.
/// </summary>
public sealed class EventTimeSessionWindows : WindowAssigner<TimeWindow>, IMergingWindows<TimeWindow>
{
    private EventTimeSessionWindows(long gap)
    {
        FixedGap = gap;
    }

    /// <summary>Sessions with one gap for all.</summary>
    /// <param name="gap">The longest silence within a session; whole milliseconds, positive.</param>
    /// <returns>The assigner.</returns>
    /// <exception cref="ArgumentException">The gap is out of its range.</exception>
    public static EventTimeSessionWindows WithGap(TimeSpan gap) => new(Gap(gap));

    /// <summary>Sessions whose gap each record says for itself: it is the silence that may follow on it.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="gap">Gives a record's gap; whole milliseconds, positive. Called once for a record, by all subtasks.</param>
    /// <returns>The assigner.</returns>
    public static DynamicSessionWindows<T> WithDynamicGap<T>(Func<T, TimeSpan> gap)
    {
        ArgumentNullException.ThrowIfNull(gap);
        return new DynamicSessionWindows<T>(gap, isEventTime: true);
    }

    /// <inheritdoc/>
    public override void AssignWindows(long timestamp, ICollection<TimeWindow> windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        windows.Add(new TimeWindow(timestamp, timestamp + FixedGap));
    }

    /// <inheritdoc/>
    public bool TryMerge(TimeWindow first, TimeWindow second, out TimeWindow merged)
    {
        merged = first.Cover(second);
        return first.Intersects(second);
    }

    /// <inheritdoc/>
    public override string ToString() => $"Session({TimeSpan.FromMilliseconds(FixedGap)})";

    /// <summary>The gap, in milliseconds.</summary>
    internal long FixedGap { get; }

    /// <summary>A positive span in whole milliseconds.</summary>
    internal static long Gap(TimeSpan span, [CallerArgumentExpression(nameof(span))] string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(span, TimeSpan.Zero, name);
        return EventTime.Milliseconds(span, name);
    }
}
