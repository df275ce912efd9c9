namespace Millrace.ProcessTests;

/// <summary>What a job has to write, computed without the engine.</summary>
internal sealed class Oracle
{
    private const long WindowSize = 1_000;
    private const long TotalInterval = 500;

    public Oracle(long events)
    {
        List<Event> all = [.. Enumerable.Range(0, 2).SelectMany(source => Enumerable.Range(0, (int)events).Select(position => Event.At(source, position)))];
        Windows =
        [
            .. all.GroupBy(value => (value.Key, Start: value.Time / WindowSize * WindowSize))
                .Select(window => new WindowSum(window.Key.Key, window.Key.Start, window.Count(), window.Sum(value => (long)value.Value)))
                .OrderBy(row => row.Key).ThenBy(row => row.Start),
        ];
        foreach (var key in all.GroupBy(value => value.Key).OrderBy(key => key.Key))
        {
            long count = 0;
            long sum = 0;
            foreach (var interval in key.GroupBy(value => value.Time / TotalInterval).OrderBy(interval => interval.Key))
            {
                count += interval.Count();
                sum += interval.Sum(value => (long)value.Value);
                Totals.Add(new RunningTotal(key.Key, (interval.Key + 1) * TotalInterval, count, sum));
            }
        }
    }

    public List<WindowSum> Windows { get; }

    public List<RunningTotal> Totals { get; } = [];

    public List<RunningTotal> Latest => [.. Totals.GroupBy(row => row.Key).Select(key => key.Last())];
}
