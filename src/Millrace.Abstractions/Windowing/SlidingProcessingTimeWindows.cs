namespace Millrace.Windowing;

/// <summary>Windows of one length by the clock that overlap: a record belongs to all that are open when it arrives, about size ÷ slide of them, and is added to each.</summary>
/// <remarks>Windows that are open when a bounded input ends are dropped: the clock has not come to their end.</remarks>
public sealed class SlidingProcessingTimeWindows : WindowAssigner<TimeWindow>, IStaggeredWindows
{
    private readonly AlignedSpans _spans;
    private readonly WindowStagger _stagger;

    private SlidingProcessingTimeWindows(AlignedSpans spans, WindowStagger stagger)
    {
        _spans = spans;
        _stagger = Enum.IsDefined(stagger) ? stagger : throw new ArgumentOutOfRangeException(nameof(stagger), stagger, "There is no such stagger.");
    }

    AlignedSpans IStaggeredWindows.Spans => _spans;

    WindowStagger IStaggeredWindows.Stagger => _stagger;

    /// <inheritdoc/>
    public override bool IsEventTime => false;

    /// <summary>Sliding windows.</summary>
    /// <param name="size">The length; whole milliseconds, positive.</param>
    /// <param name="slide">The distance from one start to the next; at most the size.</param>
    /// <param name="offset">Shifts the windows against 1970-01-01 00:00 UTC. Shorter than the slide.</param>
    /// <param name="stagger">Whether the windows of different keys are shifted against each other, so that they do not all fire at once.</param>
    /// <returns>The assigner.</returns>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public static SlidingProcessingTimeWindows Of(TimeSpan size, TimeSpan slide, TimeSpan offset = default, WindowStagger stagger = WindowStagger.Aligned) => new(AlignedSpans.Of(size, slide, offset), stagger);

    /// <inheritdoc/>
    /// <remarks>Staggered windows are shifted by the operator, which knows the key.</remarks>
    public override void AssignWindows(long timestamp, ICollection<TimeWindow> windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        _spans.Assign(timestamp, 0, windows);
    }

    /// <inheritdoc/>
    public override string ToString() => $"SlidingProcessingTime({_spans}{(_stagger == WindowStagger.Aligned ? "" : $", {_stagger} stagger")})";
}
