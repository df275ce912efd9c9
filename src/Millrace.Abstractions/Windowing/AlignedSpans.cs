namespace Millrace.Windowing;

/// <summary>Size, slide and offset of windows that lie at regular distances.</summary>
internal readonly record struct AlignedSpans(long Size, long Slide, long Offset)
{
    public static AlignedSpans Of(TimeSpan size, TimeSpan slide, TimeSpan offset)
    {
        var spans = new AlignedSpans(
            EventTime.Milliseconds(size, nameof(size)), EventTime.Milliseconds(slide, nameof(slide)), EventTime.Milliseconds(offset, nameof(offset)));
        if (spans.Size <= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(size), size, "A window needs a positive size.");
        }

        if (spans.Slide <= 0 || spans.Slide > spans.Size)
        {
            throw new ArgumentOutOfRangeException(nameof(slide), slide, $"The slide must be positive and at most the size ({size}): with a larger one records between two windows would belong to none.");
        }

        if (Math.Abs(spans.Offset) >= spans.Slide)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"The offset must be shorter than the slide ({slide}).");
        }

        return spans;
    }

    /// <param name="time">The time.</param>
    /// <param name="shift">How far the windows are shifted beyond the offset.</param>
    /// <param name="windows">Takes the windows that the time falls into.</param>
    public void Assign(long time, long shift, ICollection<TimeWindow> windows)
    {
        long last = TimeWindow.StartFor(time, (Offset + shift) % Slide, Slide);
        for (long start = last - ((Size - 1 - (time - last)) / Slide * Slide); start <= last; start += Slide)
        {
            windows.Add(new TimeWindow(start, start + Size));
        }
    }

    public override string ToString()
    {
        string slide = Slide == Size ? "" : $", every {TimeSpan.FromMilliseconds(Slide)}";
        string offset = Offset == 0 ? "" : $", offset {TimeSpan.FromMilliseconds(Offset)}";
        return $"{TimeSpan.FromMilliseconds(Size)}{slide}{offset}";
    }
}
