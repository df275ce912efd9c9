using System.Diagnostics;
using HdrHistogram;
using Millrace.Nexmark.Generator;

namespace Millrace.Nexmark.Running;

/// <summary>
/// How long it takes from when an event is due at the source to when its result is at the sink. At a fixed pace an event is due when its event time says, counted from the start: a source that
/// falls behind shows. The first second is left out.
/// </summary>
/// <param name="baseTime">The event time of the start.</param>
/// <param name="clock">When it was by the clock.</param>
internal sealed class Latencies(long baseTime, PaceClock clock)
{
    private const long HighestMicroseconds = 600_000_000;
    private const long WarmupMilliseconds = 1000;

    private readonly Lock _gate = new();
    private readonly List<LongHistogram> _histograms = [];

    /// <summary>A histogram of a subtask's own.</summary>
    public LongHistogram OfSubtask()
    {
        var histogram = new LongHistogram(HighestMicroseconds, 3);
        lock (_gate)
        {
            _histograms.Add(histogram);
        }

        return histogram;
    }

    public void Record(LongHistogram histogram, ReadOnlySpan<long> timestamps)
    {
        long now = (long)Stopwatch.GetElapsedTime(clock.Start).TotalMicroseconds;
        foreach (long timestamp in timestamps)
        {
            long due = timestamp - baseTime;
            if (due >= WarmupMilliseconds)
            {
                histogram.RecordValue(Math.Clamp(now - (due * 1000), 0, HighestMicroseconds));
            }
        }
    }

    /// <summary>Of all subtasks together; null where nothing was recorded.</summary>
    public HistogramBase? All()
    {
        lock (_gate)
        {
            var all = new LongHistogram(HighestMicroseconds, 3);
            _histograms.ForEach(all.Add);
            return all.TotalCount == 0 ? null : all;
        }
    }
}
