namespace Millrace.Connectors;

/// <summary>An even pace: record n is due n / rate seconds after the first.</summary>
internal sealed class Pace(TimeProvider timeProvider, double recordsPerSecond)
{
    // A timer finer than this costs more than it gives; records that fall due in between come together.
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    private long _started;
    private bool _isStarted;
    private double _taken;

    // What fell due and was given up, since it was level last.
    private double _missed;

    /// <summary>
    /// By how many records it is behind: those that are due and not taken. What was given up because it is longer ago than a second counts too until it is level again; otherwise one that is held up all the time, and falls behind by
    /// more each second, would look like one that is a second late.
    /// </summary>
    public long Behind => _isStarted ? (long)(Math.Max(0, Due() - _taken) + _missed) : 0;

    private double Elapsed => timeProvider.GetElapsedTime(_started).TotalSeconds;

    /// <summary>Takes up to <paramref name="wanted"/> records that are due.</summary>
    /// <returns>How many are due; when fewer than wanted, <paramref name="untilNext"/> is how long to wait for the next.</returns>
    public long Take(long wanted, out TimeSpan untilNext)
    {
        if (!_isStarted)
        {
            _isStarted = true;
            _started = timeProvider.GetTimestamp();
        }

        double elapsed = Elapsed;
        double dueByNow = Due();
        double backlog = dueByNow - _taken;
        double mostBacklog = Math.Max(1, recordsPerSecond);
        if (backlog > mostBacklog)
        {
            // What was missed longer ago than a second is not made up for: a flood after a pause helps nobody.
            _missed += backlog - mostBacklog;
            _taken = dueByNow - mostBacklog;
            backlog = mostBacklog;
        }

        long granted = Math.Min(wanted, (long)backlog);
        _taken += granted;
        if (backlog - granted < 1)
        {
            _missed = 0;
        }

        var wait = TimeSpan.FromSeconds(Math.Clamp((_taken / recordsPerSecond) - elapsed, 0, 86_400));
        untilNext = wait < ShortestWait ? ShortestWait : wait;
        return granted;
    }

    /// <summary>There was nothing to take: what fell due meanwhile is not behind.</summary>
    public void Excuse()
    {
        if (_isStarted)
        {
            _taken = Math.Max(_taken, Due() - Math.Max(1, recordsPerSecond));
            _missed = 0;
        }
    }

    /// <summary>Gives back what was taken and not needed, or takes what was needed beyond it.</summary>
    /// <param name="count">How many records; negative for more than were taken.</param>
    public void GiveBack(long count) => _taken -= count;

    private double Due() => Math.Floor((Elapsed * recordsPerSecond) + 1e-6) + 1;
}
