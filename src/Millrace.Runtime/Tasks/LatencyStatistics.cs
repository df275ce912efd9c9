using HdrHistogram;

namespace Millrace.Runtime.Tasks;

/// <summary>Times of latency markers from their source to one sink subtask. Written by the subtask, read by anybody.</summary>
internal sealed class LatencyStatistics
{
    private const long HighestMicroseconds = 3_600_000_000;
    private readonly Lock _lock = new();
    private LongHistogram? _histogram;

    public void Record(TimeSpan latency)
    {
        lock (_lock)
        {
            // Two significant digits, up to an hour; made only when the first marker comes.
            _histogram ??= new LongHistogram(HighestMicroseconds, 2);
            _histogram.RecordValue(Math.Clamp((long)latency.TotalMicroseconds, 1, HighestMicroseconds));
        }
    }

    /// <summary>How many markers arrived, and the time within which the given share of them did.</summary>
    public (long Count, TimeSpan Value) AtPercentile(double percentile)
    {
        lock (_lock)
        {
            return _histogram is null
                ? (0, TimeSpan.Zero)
                : (_histogram.TotalCount, TimeSpan.FromMicroseconds(_histogram.GetValueAtPercentile(percentile)));
        }
    }
}
