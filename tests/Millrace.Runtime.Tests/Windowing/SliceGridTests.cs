using CsCheck;
using Millrace.Runtime.Windowing;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing;

public sealed class SliceGridTests
{
    private static readonly Gen<AlignedWindows> Windows =
        from size in Gen.Long[1, 60]
        from slide in Gen.Long[1, size]
        from offset in Gen.Long[-(slide - 1), slide - 1]
        select Of(size, slide, offset);

    private static readonly Gen<long> Times = Gen.OneOf(Gen.Long[-300, 300], Gen.Long[1_700_000_000_000, 1_700_000_000_300], Gen.Long[-62_135_596_800_000, -62_135_596_799_700]);

    [Theory]
    [InlineData(-1, -10, 0)]
    [InlineData(0, 0, 10)]
    [InlineData(9, 0, 10)]
    [InlineData(10, 10, 20)]
    public void SliceOf_TumblingWindows_IsTheWindow(long time, long start, long end) =>
        Assert.Equal((start, end), new SliceGrid(Of(10, 10, 0)).SliceOf(time));

    [Fact]
    public void Slices_tile_time() => Gen.Select(Windows, Times).Sample((windows, time) =>
    {
        var grid = new SliceGrid(windows);
        var (start, end) = grid.SliceOf(time);
        Assert.InRange(time, start, end - 1);
        Assert.Equal(start, grid.SliceOf(start - 1).End);
        Assert.Equal(end, grid.SliceOf(end).Start);
        for (long inside = start; inside < end; inside++)
        {
            Assert.Equal((start, end), grid.SliceOf(inside));
        }
    });

    [Fact]
    public void Windows_are_unions_of_slices_and_slices_know_their_windows() => Gen.Select(Windows, Times).Sample((windows, time) =>
    {
        var grid = new SliceGrid(windows);
        var assigned = new List<TimeWindow>();
        windows.AssignWindows(time, assigned);
        var (start, end) = grid.SliceOf(time);
        foreach (var window in assigned)
        {
            Assert.Equal(window.Start, grid.SliceOf(window.Start).Start);
            Assert.Equal(window.End, grid.SliceOf(window.End - 1).End);
            Assert.True(window.Start <= start && end <= window.End);
        }

        Assert.Equal(assigned[0].End, grid.FirstWindowOf(end));
        Assert.Equal(assigned[^1].End, grid.LastWindowOf(start));
    });

    [Fact]
    public void Assigned_windows_are_those_that_hold_the_time() => Gen.Select(Windows, Times).Sample((windows, time) =>
    {
        var expected = new List<TimeWindow>();
        for (long start = time - windows.Size + 1; start <= time; start++)
        {
            if ((start - windows.Offset) % windows.Slide == 0)
            {
                expected.Add(new TimeWindow(start, start + windows.Size));
            }
        }

        var assigned = new List<TimeWindow>();
        windows.AssignWindows(time, assigned);
        Assert.Equal(expected, assigned);
    });

    [Fact]
    public void LastWindowEndUpTo_is_the_greatest_window_end_at_or_before_a_time() => Gen.Select(Windows, Times).Sample((windows, time) =>
    {
        long expected = time;
        while ((expected - windows.Size - windows.Offset) % windows.Slide != 0)
        {
            expected--;
        }

        Assert.Equal(expected, new SliceGrid(windows).LastWindowEndUpTo(time));
    });

    [Fact]
    public void LastWindowEndUpTo_AtTheBeginningOfTime_IsNone()
    {
        var grid = new SliceGrid(Of(10, 3, -2));
        Assert.Equal(long.MinValue, grid.LastWindowEndUpTo(EventTime.MinWatermark));
        Assert.Equal(long.MinValue, grid.LastWindowEndUpTo(EventTime.MinWatermark + 1));
    }

    private static AlignedWindows Of(long size, long slide, long offset) =>
        SlidingEventTimeWindows.Of(TimeSpan.FromMilliseconds(size), TimeSpan.FromMilliseconds(slide), TimeSpan.FromMilliseconds(offset));
}
