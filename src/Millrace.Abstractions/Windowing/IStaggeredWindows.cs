namespace Millrace.Windowing;

/// <summary>Windows by the clock that may be shifted against each other.</summary>
internal interface IStaggeredWindows
{
    AlignedSpans Spans { get; }

    WindowStagger Stagger { get; }
}
