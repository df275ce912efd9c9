using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing.General;

/// <summary>A result of a window, with the ids of its records in the order of ids.</summary>
internal readonly record struct Firing(int Key, long Start, long End, string Ids)
{
    public override string ToString() => $"{Key} [{Start}, {End}) {Ids}";
}

/// <summary>
/// The naive operator for any windows: keeps the records of each key in a list, finds the windows by sorting and merging the list after every step, and asks the trigger's definition.
/// </summary>
internal sealed class GeneralWindowOracle(GeneralScenario scenario)
{
    private readonly Dictionary<int, List<Entry>> _keys = [];
    private readonly Dictionary<(int Key, TimeWindow Window), long> _next = [];
    private readonly Dictionary<(int Key, TimeWindow Window), int> _lastFired = [];
    private long _watermark = long.MinValue;
    private long _clock;

    public List<Firing> Output { get; } = [];

    public List<Event> Late { get; } = [];

    public void Add(Event record, long timestamp)
    {
        bool isTaken = false;
        var windows = scenario.WindowsOf(scenario.IsByTheClock ? _clock : timestamp, record.Ids);
        foreach (var window in windows)
        {
            isTaken |= Add(record, timestamp, window);
        }

        if (!isTaken)
        {
            Late.Add(record);
        }
    }

    /// <summary>The clock moves on.</summary>
    public void Clock(long target)
    {
        foreach (var (key, entries) in _keys)
        {
            foreach (var (window, group) in Groups(entries))
            {
                bool ends = scenario.IsByTheClock && window.MaxTimestamp <= target;
                OnClock(key, window, group, ends ? window.MaxTimestamp : target);
                if (ends)
                {
                    if (scenario.Trigger == TriggerKind.End)
                    {
                        Fire(key, window, group);
                    }

                    Forget(key, window, entries, group);
                }
            }
        }

        _clock = target;
    }

    private void OnClock(int key, TimeWindow window, List<Entry> group, long target)
    {
        while (scenario.Trigger is TriggerKind.ContinuousClock or TriggerKind.CountOrTimeout && _next.TryGetValue((key, window), out long next) && next <= target)
        {
            Fire(key, window, group);
            if (scenario.Trigger == TriggerKind.ContinuousClock)
            {
                _next[(key, window)] = NextByTheClock(next + scenario.Number, window, next);
                continue;
            }

            _next.Remove((key, window));
            if (scenario.Timeout.Clears)
            {
                group.ForEach(entry => entry.IsCounted = true);
            }
        }
    }

    private void Forget(int key, TimeWindow window, List<Entry> entries, List<Entry> group)
    {
        entries.RemoveAll(group.Contains);
        _next.Remove((key, window));
        _lastFired.Remove((key, window));
    }

    public void Watermark(long watermark)
    {
        foreach (var (key, entries) in _keys)
        {
            foreach (var (window, group) in Groups(entries))
            {
                for (int i = OnWatermark(key, window, watermark); i > 0; i--)
                {
                    Fire(key, window, group);
                }
            }
        }

        _watermark = watermark;
        foreach (var (key, entries) in _keys)
        {
            foreach (var (window, group) in Groups(entries))
            {
                if (IsOver(window))
                {
                    Forget(key, window, entries, group);
                }
            }
        }
    }

    private bool Add(Event record, long timestamp, TimeWindow assigned)
    {
        if (!_keys.TryGetValue(record.Key, out var entries))
        {
            _keys[record.Key] = entries = [];
        }

        var entry = new Entry(record.Ids, timestamp, assigned);
        var before = Groups(entries);
        entries.Add(entry);
        var (window, group) = Groups(entries).Single(found => found.Group.Contains(entry));
        if (IsOver(window))
        {
            entries.Remove(entry);
            return false;
        }

        Merge(record.Key, window, before.FindAll(part => group.Contains(part.Group[0])), entries, entry);

        if (OnRecord(record.Key, window, group, timestamp))
        {
            Fire(record.Key, window, group);
        }

        return true;
    }

    /// <summary>What becomes of the state of windows that are one now: the content follows that of earlier windows, and what is due first is due.</summary>
    private void Merge(int key, TimeWindow window, List<(TimeWindow Window, List<Entry> Group)> parts, List<Entry> entries, Entry added)
    {
        if (parts.Count == 0 || (parts.Count == 1 && parts[0].Window == window))
        {
            return;
        }

        Entry[] content = [.. parts.SelectMany(part => part.Group.OrderBy(entries.IndexOf)), added];
        entries.RemoveAll(content.Contains);
        entries.AddRange(content);
        var due = parts.Where(part => _next.ContainsKey((key, part.Window))).Select(part => _next[(key, part.Window)]).ToList();
        parts.ForEach(part => _next.Remove((key, part.Window)));
        if (due.Count > 0)
        {
            _next[(key, window)] = scenario.Trigger == TriggerKind.CountOrTimeout && scenario.Timeout.IsReset ? due.Max() : due.Min();
        }
    }

    private bool IsOver(TimeWindow window) => !scenario.IsByTheClock && window.MaxTimestamp + scenario.Lateness <= _watermark;

    /// <summary>Windows that do not merge are those of the same span; sessions come from sorting by start and putting together what overlaps or touches.</summary>
    private List<(TimeWindow Window, List<Entry> Group)> Groups(List<Entry> entries)
    {
        var groups = new List<(TimeWindow Window, List<Entry> Group)>();
        foreach (var entry in entries.OrderBy(entry => entry.Window.Start).ThenBy(entry => entry.Window.End))
        {
            if (groups.Count > 0 && (scenario.IsSession ? entry.Window.Start <= groups[^1].Window.End : entry.Window == groups[^1].Window))
            {
                groups[^1].Group.Add(entry);
                groups[^1] = (groups[^1].Window.Cover(entry.Window), groups[^1].Group);
            }
            else
            {
                groups.Add((entry.Window, [entry]));
            }
        }

        return groups;
    }

    private bool OnRecord(int key, TimeWindow window, List<Entry> group, long timestamp)
    {
        switch (scenario.Trigger)
        {
            case TriggerKind.Count:
                return IsFull(group);
            case TriggerKind.Delta:
                int order = group.Max(entry => entry.Order);
                bool hasFired = _lastFired.TryGetValue((key, window), out int last);
                if (!hasFired || order - last > scenario.Number)
                {
                    _lastFired[(key, window)] = order;
                    return hasFired;
                }

                return false;
            case TriggerKind.CountOrTimeout:
                bool isFull = IsFull(group);
                if (isFull || scenario.Timeout.IsReset)
                {
                    _next.Remove((key, window));
                }

                if (!isFull)
                {
                    _next.TryAdd((key, window), _clock + scenario.Timeout.Length);
                }

                return isFull;
            case TriggerKind.Continuous:
                if (window.MaxTimestamp <= _watermark)
                {
                    return true;
                }

                _next.TryAdd((key, window), Math.Min(TimeWindow.StartFor(timestamp, 0, scenario.Number) + scenario.Number, window.MaxTimestamp));
                return false;
            case TriggerKind.ContinuousClock:
                _next.TryAdd((key, window), NextByTheClock(TimeWindow.StartFor(_clock, 0, scenario.Number) + scenario.Number, window, _clock));
                return false;
            default:
                return !scenario.IsByTheClock && window.MaxTimestamp <= _watermark;
        }
    }

    private bool IsFull(List<Entry> group)
    {
        if (group.Count(entry => !entry.IsCounted) < scenario.Number)
        {
            return false;
        }

        group.ForEach(entry => entry.IsCounted = true);
        return true;
    }

    private int OnWatermark(int key, TimeWindow window, long watermark)
    {
        if (scenario.IsByTheClock || scenario.Trigger is not (TriggerKind.End or TriggerKind.Continuous))
        {
            return 0;
        }

        bool ends = window.MaxTimestamp > _watermark && window.MaxTimestamp <= watermark;
        int firings = ends ? 1 : 0;
        while (scenario.Trigger == TriggerKind.Continuous && _next.TryGetValue((key, window), out long next) && next <= watermark && next < window.MaxTimestamp)
        {
            firings++;
            if (watermark == EventTime.MaxWatermark)
            {
                break;
            }

            _next[(key, window)] = Math.Min(next + scenario.Number, window.MaxTimestamp);
        }

        if (ends)
        {
            _next.Remove((key, window));
        }

        return firings;
    }

    /// <summary>At the end of the window too, where that is still to come.</summary>
    private static long NextByTheClock(long time, TimeWindow window, long now) => window.MaxTimestamp > now ? Math.Min(time, window.MaxTimestamp) : time;

    private void Fire(int key, TimeWindow window, List<Entry> group)
    {
        var content = group.Where(entry => !entry.IsPurged).ToList();
        content = [.. content.OrderBy(_keys[key].IndexOf)];
        if (scenario.Keep is { } keep)
        {
            Evict(content, [.. content.TakeLast(keep)]);
        }

        if (scenario.Within is { } within && content.Count > 0)
        {
            long last = content.Max(entry => entry.Timestamp);
            Evict(content, content.FindAll(entry => entry.Timestamp > last - within));
        }

        if (content.Count == 0)
        {
            return;
        }

        Output.Add(new Firing(key, window.Start, window.End, string.Concat(content.OrderBy(entry => entry.Order).Select(entry => entry.Id))));
        if (scenario.IsPurging)
        {
            content.ForEach(entry => entry.IsPurged = true);
        }
    }

    private static void Evict(List<Entry> content, List<Entry> left)
    {
        content.Except(left).ToList().ForEach(entry => entry.IsPurged = true);
        content.RemoveAll(entry => entry.IsPurged);
    }

    private sealed class Entry(string id, long timestamp, TimeWindow window)
    {
        public long Timestamp => timestamp;

        public string Id => id;

        public int Order { get; } = GeneralScenario.OrderOf(id);

        public TimeWindow Window => window;

        public bool IsCounted { get; set; }

        public bool IsPurged { get; set; }
    }
}
