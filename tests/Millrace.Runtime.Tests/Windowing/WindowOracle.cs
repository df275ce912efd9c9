namespace Millrace.Runtime.Tests.Windowing;

/// <summary>A record of the window tests: its id tells key and record apart from all others.</summary>
internal sealed record Event(int Key, string Ids);

/// <summary>A result of a window: the ids of all its records, one after the other.</summary>
internal readonly record struct Fired(int Key, long End, string Ids)
{
    /// <summary>What a result says, whatever the form of the window.</summary>
    public static Fired Of(string ids, long timestamp) =>
        new(int.Parse(ids.AsSpan(0, ids.IndexOf('.')), System.Globalization.CultureInfo.InvariantCulture), timestamp + 1, ids);
}

/// <summary>
/// The naive window operator: assigns every record to every window, finds windows by looking at every millisecond, keeps everything apart.
/// </summary>
internal sealed class WindowOracle(long size, long slide, long offset, long lateness)
{
    private readonly SortedDictionary<(long End, int Key), List<(long Slice, string Id)>> _windows = [];
    private readonly Dictionary<(int Key, long Slice), long> _slices = [];
    private long _watermark = long.MinValue;

    public List<Fired> Output { get; } = [];

    public List<Event> Late { get; } = [];

    /// <summary>How many pairs of key and slice have a window that is not over.</summary>
    public int StateEntries => _slices.Values.Count(lastEnd => !IsOver(lastEnd));

    public void Add(Event record, long timestamp)
    {
        var ends = EndsOf(timestamp);
        if (ends.TrueForAll(IsOver))
        {
            Late.Add(record);
            return;
        }

        long slice = SliceOf(timestamp);
        _slices[(record.Key, slice)] = ends[^1];
        foreach (long end in ends.Where(end => !IsOver(end)))
        {
            if (!_windows.TryGetValue((end, record.Key), out var content))
            {
                _windows[(end, record.Key)] = content = [];
            }

            content.Add((slice, record.Ids));
            if (end - 1 <= _watermark)
            {
                Fire(end, record.Key, content);
            }
        }
    }

    public void Watermark(long watermark)
    {
        foreach (var ((end, key), content) in _windows)
        {
            if (end - 1 > _watermark && end - 1 <= watermark)
            {
                Fire(end, key, content);
            }
        }

        _watermark = watermark;
        foreach (var over in _windows.Keys.Where(window => IsOver(window.End)).ToList())
        {
            _windows.Remove(over);
        }
    }

    private void Fire(long end, int key, List<(long Slice, string Id)> content) =>
        Output.Add(new Fired(key, end, string.Concat(content.OrderBy(record => record.Slice).Select(record => record.Id))));

    private bool IsOver(long end) => end - 1 + lateness <= _watermark;

    private List<long> EndsOf(long timestamp)
    {
        var ends = new List<long>();
        for (long start = timestamp - size + 1; start <= timestamp; start++)
        {
            if (IsEdge(start - offset))
            {
                ends.Add(start + size);
            }
        }

        return ends;
    }

    /// <summary>The end of the slice: the next moment at which a window starts or ends.</summary>
    private long SliceOf(long timestamp)
    {
        long end = timestamp + 1;
        while (!IsEdge(end - offset) && !IsEdge(end - offset - size))
        {
            end++;
        }

        return end;
    }

    private bool IsEdge(long distance) => ((distance % slide) + slide) % slide == 0;
}
