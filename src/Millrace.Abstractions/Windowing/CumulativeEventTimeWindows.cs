namespace Millrace.Windowing;

/// <summary>
/// Windows of event time that begin together and end one after the other: with a size of a day and a step of an hour, from midnight to one, from midnight to two, and so on to
/// midnight. A record belongs to all that end after it, and is added to each.
/// </summary>
public sealed class CumulativeEventTimeWindows : WindowAssigner<TimeWindow>
{
    private readonly long _size;
    private readonly long _step;
    private readonly long _offset;

    private CumulativeEventTimeWindows(long size, long step, long offset)
    {
        _size = size;
        _step = step;
        _offset = offset;
    }

    /// <summary>Cumulative windows.</summary>
    /// <param name="size">The length of the longest; whole milliseconds, a multiple of the step.</param>
    /// <param name="step">By how much each is longer than the one before; whole milliseconds, positive.</param>
    /// <param name="offset">Shifts the windows; shorter than the size.</param>
    /// <returns>The assigner.</returns>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public static CumulativeEventTimeWindows Of(TimeSpan size, TimeSpan step, TimeSpan offset = default)
    {
        var spans = AlignedSpans.Of(size, size, offset);
        long milliseconds = EventTime.Milliseconds(step, nameof(step));
        if (milliseconds <= 0 || spans.Size % milliseconds != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(step), step, $"The step must be positive, and the size ({size}) a multiple of it: otherwise the last window would end before its time.");
        }

        return new CumulativeEventTimeWindows(spans.Size, milliseconds, spans.Offset);
    }

    /// <inheritdoc/>
    public override void AssignWindows(long timestamp, ICollection<TimeWindow> windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        long start = TimeWindow.StartFor(timestamp, _offset, _size);
        for (long end = start + (((timestamp - start) / _step) * _step) + _step; end <= start + _size; end += _step)
        {
            windows.Add(new TimeWindow(start, end));
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"Cumulative({TimeSpan.FromMilliseconds(_size)}, step {TimeSpan.FromMilliseconds(_step)}{(_offset == 0 ? "" : $", offset {TimeSpan.FromMilliseconds(_offset)}")})";
}
