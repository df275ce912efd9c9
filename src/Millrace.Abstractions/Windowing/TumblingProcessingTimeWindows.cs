namespace Millrace.Windowing;

/// <summary>Windows of one length by the clock, end to end: a record belongs to the one in which it arrives.</summary>
/// <remarks>Windows that are open when a bounded input ends are dropped: the clock has not come to their end.</remarks>
public sealed class TumblingProcessingTimeWindows : WindowAssigner<TimeWindow>
{
    private readonly AlignedSpans _spans;

    private TumblingProcessingTimeWindows(AlignedSpans spans)
    {
        _spans = spans;
    }

    /// <inheritdoc/>
    public override bool IsEventTime => false;

    /// <summary>Tumbling windows.</summary>
    /// <param name="size">The length; whole milliseconds, positive.</param>
    /// <param name="offset">Shifts the windows against 1970-01-01 00:00 UTC. Shorter than the size.</param>
    /// <returns>The assigner.</returns>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public static TumblingProcessingTimeWindows Of(TimeSpan size, TimeSpan offset = default) => new(AlignedSpans.Of(size, size, offset));

    /// <inheritdoc/>
    public override void AssignWindows(long timestamp, ICollection<TimeWindow> windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        _spans.Assign(timestamp, windows);
    }

    /// <inheritdoc/>
    public override string ToString() => $"TumblingProcessingTime({_spans})";
}
