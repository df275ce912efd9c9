namespace Millrace.Runtime.Tasks;

/// <summary>The clock by which durations are told within a process: one that is never set.</summary>
internal static class MonotonicClock
{
    /// <summary>A time in milliseconds, comparable with those of the same provider and with nothing else: neither the time of day nor another process's.</summary>
    public static long GetMilliseconds(this TimeProvider time) => (long)time.GetElapsedTime(0, time.GetTimestamp()).TotalMilliseconds;
}
