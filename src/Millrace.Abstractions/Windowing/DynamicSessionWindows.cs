namespace Millrace.Windowing;

/// <summary>Sessions whose gap each record says for itself. Made by <see cref="EventTimeSessionWindows.WithDynamicGap"/> and <see cref="ProcessingTimeSessionWindows.WithDynamicGap"/>.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class DynamicSessionWindows<T> : WindowAssigner<T, TimeWindow>, IMergingWindows<TimeWindow>
{
    private readonly Func<T, TimeSpan> _gap;

    internal DynamicSessionWindows(Func<T, TimeSpan> gap, bool isEventTime)
    {
        _gap = gap;
        IsEventTime = isEventTime;
    }

    /// <inheritdoc/>
    public override bool IsEventTime { get; }

    /// <inheritdoc/>
    public override void AssignWindows(T value, long time, ICollection<TimeWindow> windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        windows.Add(new TimeWindow(time, time + EventTimeSessionWindows.Gap(_gap(value))));
    }

    /// <inheritdoc/>
    public bool TryMerge(TimeWindow first, TimeWindow second, out TimeWindow merged)
    {
        merged = first.Cover(second);
        return first.Intersects(second);
    }

    /// <inheritdoc/>
    public override string ToString() => IsEventTime ? "Session(dynamic gap)" : "ProcessingTimeSession(dynamic gap)";
}
