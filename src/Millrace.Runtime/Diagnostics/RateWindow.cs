namespace Millrace.Runtime.Diagnostics;

/// <summary>
/// How fast a count grows, over the last minute, as with the meters of Apache Flink. Nothing counts in the background: each look leaves a sample, at most one a second, and is compared with the
/// oldest sample of the last minute. So several listeners may look as often as they like without disturbing each other. Where nobody has looked for longer than a minute, the rate is that since
/// then; at the first look it is that since the beginning. Safe for use by several threads.
/// </summary>
internal sealed class RateWindow
{
    private const long Window = 60_000;
    private const long BetweenSamples = 1_000;

    private readonly Lock _lock = new();
    private readonly Queue<(long Time, double Value)> _samples = [];
    private long _last;

    /// <param name="now">The time of the look, in milliseconds of a clock that never goes back.</param>
    /// <param name="beganAt">When the count was 0.</param>
    /// <param name="value">The count.</param>
    /// <returns>Its growth per second; 0 where no time has passed.</returns>
    public double PerSecond(long now, long beganAt, double value)
    {
        lock (_lock)
        {
            if (_samples.Count == 0)
            {
                Add(beganAt, 0);
            }

            // One that is older stays where the next would leave nothing to compare with.
            while (_samples.Count > 1 && now - _samples.Peek().Time > Window)
            {
                _samples.Dequeue();
            }

            var oldest = _samples.Peek();
            if (now - _last >= BetweenSamples)
            {
                Add(now, value);
            }

            long elapsed = now - oldest.Time;
            return elapsed <= 0 ? 0 : Math.Max(0, value - oldest.Value) * 1_000 / elapsed;
        }
    }

    private void Add(long time, double value)
    {
        _samples.Enqueue((time, value));
        _last = time;
    }
}
