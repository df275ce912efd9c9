namespace Millrace.Runtime.Tasks;

/// <summary>What a subtask spends its time on.</summary>
internal enum TimeUse
{
    /// <summary>Working, or waiting for a thread to work on.</summary>
    Busy,

    /// <summary>Waiting for input.</summary>
    Idle,

    /// <summary>Waiting for somebody to take its output.</summary>
    Backpressured,
}

/// <summary>
/// Divides the time of a subtask into busy, idle and backpressured; the three add up to its life. Switched by the subtask, read by anybody.
/// </summary>
internal sealed class TimeAccount(TimeProvider timeProvider)
{
    private readonly Lock _lock = new();
    private readonly long[] _spent = new long[3];
    private long _since;
    private TimeUse? _use;

    public void Switch(TimeUse? use)
    {
        long now = timeProvider.GetTimestamp();
        lock (_lock)
        {
            if (_use is { } previous)
            {
                _spent[(int)previous] += now - _since;
            }

            _use = use;
            _since = now;
        }
    }

    public TimeSpan Spent(TimeUse use)
    {
        lock (_lock)
        {
            long running = _use == use ? timeProvider.GetTimestamp() - _since : 0;
            return timeProvider.GetElapsedTime(0, _spent[(int)use] + running);
        }
    }
}
