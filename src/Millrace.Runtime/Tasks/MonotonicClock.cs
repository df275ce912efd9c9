namespace Millrace.Runtime.Tasks;

/// <summary>The clock by which durations are told within a process: one that is never set.</summary>
internal static class MonotonicClock
{
    /// <summary>A time in milliseconds, comparable with those of the same provider and with nothing else: neither the time of day nor another process's.</summary>
    public static long GetMilliseconds(this TimeProvider time)
    {
        // In whole numbers: where timestamps are ticks since year 1, as in tests, a double would be off by a millisecond now and then.
        var (seconds, rest) = Math.DivRem(time.GetTimestamp(), time.TimestampFrequency);
        return (seconds * 1_000) + (rest * 1_000 / time.TimestampFrequency);
    }
}
