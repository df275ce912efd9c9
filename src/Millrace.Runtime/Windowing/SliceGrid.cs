using Millrace.Windowing;

namespace Millrace.Runtime.Windowing;

/// <summary>
/// Where slices and windows begin and end. A slice is the time between two neighbouring edges (starts or ends) of windows; it is named by its end.
/// Windows are named by their end too.
/// </summary>
internal readonly struct SliceGrid
{
    private readonly long _size;
    private readonly long _slide;
    private readonly long _offset;

    // Where, between two starts, a window ends; 0 where windows end as others start.
    private readonly long _endInSlide;

    public SliceGrid(AlignedWindows windows)
    {
        _size = windows.Size;
        _slide = windows.Slide;
        _offset = windows.Offset;
        _endInSlide = _size % _slide;
    }

    public long Size => _size;

    public long Slide => _slide;

    /// <summary>Whether every window is one slice.</summary>
    public bool IsTumbling => _size == _slide;

    /// <summary>The slice that a timestamp falls into: its start, and its end.</summary>
    public (long Start, long End) SliceOf(long timestamp)
    {
        long start = TimeWindow.StartFor(timestamp, _offset, _slide);
        long middle = start + _endInSlide;
        return _endInSlide == 0 ? (start, start + _slide) : timestamp < middle ? (start, middle) : (middle, start + _slide);
    }

    /// <summary>The end of the last window that has the slice with the given start.</summary>
    public long LastWindowOf(long sliceStart) => TimeWindow.StartFor(sliceStart, _offset, _slide) + _size;

    /// <summary>The end of the first window that has the slice with the given end: the least window end at or after it.</summary>
    public long FirstWindowOf(long sliceEnd) => LastWindowEndUpTo(sliceEnd + _slide - 1);

    /// <summary>The greatest window end at or before a time.</summary>
    public long LastWindowEndUpTo(long time)
    {
        // Close to the beginning of time there is no window end to speak of.
        if (time < long.MinValue + (2 * _slide) + _size)
        {
            return long.MinValue;
        }

        return TimeWindow.StartFor(time, _offset + _endInSlide, _slide);
    }
}
