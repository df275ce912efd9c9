namespace Millrace.Windowing;

/// <summary>Windows of one length by the clock that overlap: a record belongs to all that are open when it arrives, about size ÷ slide of them, and is added to each.</summary>
/// <remarks>Windows that are open when a bounded input ends are dropped: the clock has not come to their end.</remarks>
public sealed class SlidingProcessingTimeWindows : WindowAssigner<TimeWindow>
{
    private readonly AlignedSpans _spans;

    private SlidingProcessingTimeWindows(AlignedSpans spans)
    {
        _spans = spans;
    }

    /// <inheritdoc/>
    public override bool IsEventTime => false;

    /// <summary>Sliding windows.</summary>
    /// <param name="size">The length; whole milliseconds, positive.</param>
    /// <param name="slide">The distance from one start to the next; at most the size.</param>
    /// <param name="offset">Shifts the windows against 1970-01-01 00:00 UTC. Shorter than the slide.</param>
    /// <returns>The assigner.</returns>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public static SlidingProcessingTimeWindows Of(TimeSpan size, TimeSpan slide, TimeSpan offset = default) => new(AlignedSpans.Of(size, slide, offset));

    /// <inheritdoc/>
    public override void AssignWindows(long timestamp, ICollection<TimeWindow> windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        _spans.Assign(timestamp, windows);
    }

    /// <inheritdoc/>
    public override string ToString() => $"SlidingProcessingTime({_spans})";
}
