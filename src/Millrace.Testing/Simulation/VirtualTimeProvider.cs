namespace Millrace.Testing.Simulation;

/// <summary>
/// A clock that moves only when it is told to, and by a few microseconds, decided by the seed, whenever it is read: work takes time.
/// </summary>
internal sealed class VirtualTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<VirtualTimer, (long Due, long Order)> _timers = new();
    private readonly Random? _jitter;
    private long _now;
    private long _order;

    /// <param name="start">The moment that the clock begins with.</param>
    /// <param name="jitter">Decides how long work takes; <see langword="null"/> for no time at all.</param>
    public VirtualTimeProvider(DateTimeOffset start, Random? jitter = null)
    {
        _now = start.UtcTicks;
        _jitter = jitter;
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return new DateTimeOffset(_now, TimeSpan.Zero);
        }
    }

    public override long GetTimestamp()
    {
        lock (_lock)
        {
            if (_jitter is not null)
            {
                _now += _jitter.Next(1, 50) * TimeSpan.TicksPerMicrosecond;
            }

            return _now;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock on, firing what falls due on the way at its own time.</summary>
    public void Advance(TimeSpan span)
    {
        long target;
        lock (_lock)
        {
            target = _now + span.Ticks;
        }

        while (FireNext(target))
        {
        }

        lock (_lock)
        {
            _now = Math.Max(_now, target);
        }
    }

    /// <summary>Fires all timers that are due now.</summary>
    public bool FireDue()
    {
        long now;
        lock (_lock)
        {
            now = _now;
        }

        bool any = false;
        while (FireNext(now))
        {
            any = true;
        }

        return any;
    }

    /// <summary>Moves the clock to the next timer and fires it.</summary>
    /// <returns>Whether there was one.</returns>
    public bool AdvanceToNextTimer() => FireNext(long.MaxValue);

    private bool FireNext(long until)
    {
        VirtualTimer timer;
        lock (_lock)
        {
            while (true)
            {
                if (!_timers.TryPeek(out timer!, out var place) || place.Due > until)
                {
                    return false;
                }

                _timers.Dequeue();
                if (timer.Due == place.Due && timer.Order == place.Order)
                {
                    break;
                }
            }

            _now = Math.Max(_now, timer.Due);
            timer.Due = long.MaxValue;
            if (timer.Period > TimeSpan.Zero)
            {
                Schedule(timer, timer.Period);
            }
        }

        timer.Fire();
        return true;
    }

    private void Schedule(VirtualTimer timer, TimeSpan dueTime)
    {
        timer.Due = _now + dueTime.Ticks;
        timer.Order = _order++;
        _timers.Enqueue(timer, (timer.Due, timer.Order));
    }

    private sealed class VirtualTimer(VirtualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        public long Due { get; set; } = long.MaxValue;

        public long Order { get; set; }

        public TimeSpan Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._lock)
            {
                Period = period;
                Due = long.MaxValue;
                if (dueTime >= TimeSpan.Zero)
                {
                    owner.Schedule(this, dueTime);
                }

                return true;
            }
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
