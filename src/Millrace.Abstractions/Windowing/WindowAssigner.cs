namespace Millrace.Windowing;

/// <summary>Says which windows a record belongs to, by its time alone.</summary>
/// <remarks>One instance serves all subtasks of a process: it must not keep anything of the records.</remarks>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
public abstract class WindowAssigner<TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    /// <summary>Whether windows are spans of event time; otherwise records are assigned by the clock.</summary>
    /// <value>Default: <see langword="true"/>.</value>
    public virtual bool IsEventTime => true;

    /// <summary>When windows fire if nothing else is said.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <returns>The trigger. Default: that of event time or of processing time, by <see cref="IsEventTime"/>.</returns>
    public virtual Trigger<T, TWindow> CreateDefaultTrigger<T>() => IsEventTime ? default(Triggers<T, TWindow>).EventTime() : default(Triggers<T, TWindow>).ProcessingTime();

    /// <summary>Adds the windows of a timestamp to <paramref name="windows"/>.</summary>
    /// <param name="timestamp">The record's event time, or the clock where <see cref="IsEventTime"/> is false; milliseconds since 1970-01-01 UTC.</param>
    /// <param name="windows">Takes the windows, earliest first.</param>
    public abstract void AssignWindows(long timestamp, ICollection<TWindow> windows);
}

/// <summary>
/// Windows of one length that start at regular distances. They are made of slices that neighbouring windows share, so that a record is
/// aggregated once, however many windows it belongs to.
/// </summary>
/// <remarks>
/// A slice is the time between two neighbouring edges (starts or ends) of windows. Li et al., "No pane, no gain" (SIGMOD Record 2005) and
/// Krishnamurthy et al., "On-the-fly sharing for streamed aggregation" (SIGMOD 2006) describe panes and paired windows.
/// </remarks>
public abstract class AlignedWindows : WindowAssigner<TimeWindow>
{
    private protected AlignedWindows(TimeSpan size, TimeSpan slide, TimeSpan offset)
    {
        Size = EventTime.Milliseconds(size, nameof(size));
        Slide = EventTime.Milliseconds(slide, nameof(slide));
        Offset = EventTime.Milliseconds(offset, nameof(offset));
        if (Size <= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(size), size, "A window needs a positive size.");
        }

        if (Slide <= 0 || Slide > Size)
        {
            throw new ArgumentOutOfRangeException(nameof(slide), slide, $"The slide must be positive and at most the size ({size}): with a larger one records between two windows would belong to none.");
        }

        if (Math.Abs(Offset) >= Slide)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"The offset must be shorter than the slide ({slide}).");
        }
    }

    /// <summary>The length of a window in milliseconds.</summary>
    public long Size { get; }

    /// <summary>The distance between the starts of neighbouring windows in milliseconds.</summary>
    public long Slide { get; }

    /// <summary>How far the windows are shifted against 1970-01-01 00:00 UTC, in milliseconds.</summary>
    public long Offset { get; }

    /// <inheritdoc/>
    public sealed override void AssignWindows(long timestamp, ICollection<TimeWindow> windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        long last = TimeWindow.StartFor(timestamp, Offset, Slide);
        long first = last - ((Size - 1 - (timestamp - last)) / Slide * Slide);
        for (long start = first; start <= last; start += Slide)
        {
            windows.Add(new TimeWindow(start, start + Size));
        }
    }
}

/// <summary>Windows of one length, end to end: every record belongs to exactly one.</summary>
public sealed class TumblingEventTimeWindows : AlignedWindows
{
    private TumblingEventTimeWindows(TimeSpan size, TimeSpan offset)
        : base(size, size, offset)
    {
    }

    /// <summary>Tumbling windows.</summary>
    /// <param name="size">The length; whole milliseconds, positive.</param>
    /// <param name="offset">Shifts the windows; for example −8 h makes days start at midnight in Beijing. Shorter than the size.</param>
    /// <returns>The assigner.</returns>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public static TumblingEventTimeWindows Of(TimeSpan size, TimeSpan offset = default) => new(size, offset);

    /// <inheritdoc/>
    public override string ToString() => $"Tumbling({TimeSpan.FromMilliseconds(Size)}{(Offset == 0 ? "" : $", offset {TimeSpan.FromMilliseconds(Offset)}")})";
}

/// <summary>Windows of one length that overlap: every record belongs to about size ÷ slide of them.</summary>
public sealed class SlidingEventTimeWindows : AlignedWindows
{
    private SlidingEventTimeWindows(TimeSpan size, TimeSpan slide, TimeSpan offset)
        : base(size, slide, offset)
    {
    }

    /// <summary>Sliding windows.</summary>
    /// <param name="size">The length; whole milliseconds, positive.</param>
    /// <param name="slide">The distance from one start to the next; at most the size.</param>
    /// <param name="offset">Shifts the windows; shorter than the slide.</param>
    /// <returns>The assigner.</returns>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public static SlidingEventTimeWindows Of(TimeSpan size, TimeSpan slide, TimeSpan offset = default) => new(size, slide, offset);

    /// <inheritdoc/>
    public override string ToString() => $"Sliding({TimeSpan.FromMilliseconds(Size)}, every {TimeSpan.FromMilliseconds(Slide)}{(Offset == 0 ? "" : $", offset {TimeSpan.FromMilliseconds(Offset)}")})";
}
