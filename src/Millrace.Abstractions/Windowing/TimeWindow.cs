namespace Millrace.Windowing;

/// <summary>A span of event time: from <see cref="Start"/>, inclusive, to <see cref="End"/>, exclusive, in milliseconds since 1970-01-01 UTC.</summary>
/// <param name="Start">The first millisecond that belongs to the window.</param>
/// <param name="End">The first millisecond that does not.</param>
public readonly record struct TimeWindow(long Start, long End) : IWindow<TimeWindow>
{
    /// <summary>The last millisecond that belongs to the window; results of the window carry it as their timestamp.</summary>
    public long MaxTimestamp => End - 1;

    /// <summary><see cref="Start"/> as a moment in UTC.</summary>
    public DateTimeOffset StartTime => EventTime.ToDateTimeOffset(Start);

    /// <summary><see cref="End"/> as a moment in UTC.</summary>
    public DateTimeOffset EndTime => EventTime.ToDateTimeOffset(End);

    /// <summary>By end, then by start.</summary>
    /// <param name="other">The window to compare with.</param>
    /// <returns>Negative, zero or positive as usual.</returns>
    public int CompareTo(TimeWindow other) => End != other.End ? End.CompareTo(other.End) : Start.CompareTo(other.Start);

    /// <summary>
    /// The start of the window of length <paramref name="size"/> that a timestamp falls into, when windows are laid end to end from
    /// <paramref name="offset"/> on. Right for timestamps before 1970 too.
    /// </summary>
    /// <param name="timestamp">Milliseconds since 1970-01-01 UTC.</param>
    /// <param name="offset">Where one of the windows starts, in milliseconds.</param>
    /// <param name="size">The length in milliseconds; positive.</param>
    /// <returns>The start of the window, at or before the timestamp.</returns>
    public static long StartFor(long timestamp, long offset, long size)
    {
        long remainder = (timestamp - offset) % size;
        return timestamp - (remainder < 0 ? remainder + size : remainder);
    }

    /// <summary>Whether two windows overlap or touch.</summary>
    /// <param name="other">The other window.</param>
    /// <returns>Whether there is no time between them.</returns>
    public bool Intersects(TimeWindow other) => Start <= other.End && End >= other.Start;

    /// <summary>The least window that has both.</summary>
    /// <param name="other">The other window.</param>
    /// <returns>From the earlier start to the later end.</returns>
    public TimeWindow Cover(TimeWindow other) => new(Math.Min(Start, other.Start), Math.Max(End, other.End));

    /// <inheritdoc/>
    public override string ToString() => $"[{EventTime.Format(Start)}, {EventTime.Format(End)})";
}
