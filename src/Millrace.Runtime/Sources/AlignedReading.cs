using Millrace.Runtime.Time;

namespace Millrace.Runtime.Sources;

/// <summary>
/// A reader's part in watermark alignment: says now and then how far it has come, and hears how far the slowest of its group has. Who is ahead of that by more than the
/// drift waits. <see href="https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/datastream/event-time/generating_watermarks/#watermark-alignment">As in Flink.</see>
/// </summary>
/// <param name="options">What the user asked for.</param>
/// <param name="now">The time by <see cref="Tasks.MonotonicClock"/>: the first look at the others is due at once.</param>
internal sealed class AlignedReading(WatermarkAlignmentOptions options, long now)
{
    private HashSet<string> _paused = [];

    public string Group => options.Group;

    /// <summary>When to say again how far the reader has come.</summary>
    public long NextReport { get; private set; } = now;

    /// <summary>Nothing is read while the watermark is beyond this.</summary>
    public long Limit { get; private set; } = EventTime.MaxWatermark;

    public bool IsPaused(string splitId) => _paused.Contains(splitId);

    /// <summary>Whether it is time to say how far the reader has come.</summary>
    public bool IsDue(long now)
    {
        if (now < NextReport)
        {
            return false;
        }

        NextReport = now + options.UpdateInterval;
        return true;
    }

    /// <summary>How far the slowest of the group has come.</summary>
    public void Follow(long slowest) => Limit = slowest > EventTime.MaxWatermark - options.MaxDrift ? EventTime.MaxWatermark : slowest + options.MaxDrift;

    /// <summary>Which splits are to wait now, and which no longer.</summary>
    /// <param name="splits">The reader's splits.</param>
    /// <param name="change">Called with the splits that begin and those that cease to wait, if there are any.</param>
    public void Choose(IReadOnlyList<SplitTime> splits, Action<IReadOnlyList<string>, IReadOnlyList<string>> change)
    {
        HashSet<string> paused = [.. splits.Where(split => split.SplitId.Length > 0 && split.Watermark > Limit).Select(split => split.SplitId)];
        if (paused.SetEquals(_paused))
        {
            return;
        }

        string[] begin = [.. paused.Except(_paused).Order(StringComparer.Ordinal)];
        string[] cease = [.. _paused.Except(paused).Order(StringComparer.Ordinal)];
        _paused = paused;
        change(begin, cease);
    }
}
