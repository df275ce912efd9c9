namespace Millrace.Runtime.Sources;

/// <summary>
/// Timestamps and watermark of one split (or, inside a stream, of one input): applies the assigner, feeds the generator, notices idleness.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class SplitWatermarks<T> : IWatermarkOutput
{
    private readonly Func<T, long>? _assigner;
    private readonly WatermarkGenerator<T> _generator;
    private readonly bool _periodic;
    private readonly int _emitEvery;
    private readonly long _idleTimeout;
    private readonly Action<SplitWatermarks<T>> _changed;
    private long _greatest = EventTime.None;
    private int _sinceEmit;
    private long _activeAt;
    private bool _sawRecord;

    /// <param name="strategy">What the user asked for.</param>
    /// <param name="now">The time by <see cref="Tasks.MonotonicClock"/>: idleness counts from here.</param>
    /// <param name="changed">Called when <see cref="Watermark"/> or <see cref="IsIdle"/> has changed.</param>
    public SplitWatermarks(WatermarkStrategy<T> strategy, long now, Action<SplitWatermarks<T>> changed)
    {
        _assigner = strategy.TimestampAssigner;
        _generator = strategy.CreateGenerator();
        _periodic = _generator.IsPeriodic;
        _emitEvery = strategy.EmitEvery;
        _idleTimeout = strategy.Idleness is { } idleness ? Math.Max(1, (long)idleness.TotalMilliseconds) : long.MaxValue;
        _activeAt = now;
        _changed = changed;
    }

    public long Watermark { get; private set; } = EventTime.MinWatermark;

    public bool IsIdle { get; private set; }

    /// <summary>Whether many records can be seen at once: the generator does not want to see each.</summary>
    public bool IsPeriodic => _periodic;

    /// <summary>Whether records get a timestamp that is not the source's.</summary>
    public bool HasAssigner => _assigner is not null;

    /// <summary>How many more records may come before a watermark is due.</summary>
    public int UntilEmit => _emitEvery > 0 ? _emitEvery - _sinceEmit : int.MaxValue;

    /// <summary>The record's event time.</summary>
    public long Assign(T value, long timestamp) => _assigner is null ? timestamp : _assigner(value);

    /// <summary>
    /// Sees a record that has been collected with the given timestamp. Whoever hears of a change flushes the records first: a watermark follows
    /// the record that caused it.
    /// </summary>
    public void OnEvent(in T value, long timestamp)
    {
        // Before the generator is asked: it may find that the split is idle again.
        if (!_sawRecord)
        {
            BecomeActive();
        }

        if (_periodic)
        {
            if (timestamp > _greatest)
            {
                _greatest = timestamp;
            }
        }
        else
        {
            _generator.OnEvent(in value, timestamp, this);
        }

        if (_emitEvery > 0 && ++_sinceEmit >= _emitEvery)
        {
            EmitNow();
        }
    }

    /// <summary>As <see cref="OnEvent"/> for each of several records, at most <see cref="UntilEmit"/>, where <see cref="IsPeriodic"/>.</summary>
    public void OnEvents(ReadOnlySpan<long> timestamps)
    {
        if (timestamps.IsEmpty)
        {
            return;
        }

        if (!_sawRecord)
        {
            BecomeActive();
        }

        long greatest = _greatest;
        foreach (long timestamp in timestamps)
        {
            greatest = Math.Max(greatest, timestamp);
        }

        _greatest = greatest;
        if (_emitEvery > 0 && (_sinceEmit += timestamps.Length) >= _emitEvery)
        {
            EmitNow();
        }
    }

    /// <summary>Derives the watermark from what was seen.</summary>
    public void EmitNow()
    {
        _sinceEmit = 0;
        if (_periodic && _greatest != EventTime.None)
        {
            _generator.OnBatch([_greatest]);
        }

        _generator.OnPeriodicEmit(this);
    }

    /// <summary>The watermark interval has passed.</summary>
    /// <param name="now">The time by <see cref="Tasks.MonotonicClock"/>.</param>
    /// <param name="couldEmit">Whether the split was free to emit since the last call: time under backpressure is not idle time.</param>
    public void OnInterval(long now, bool couldEmit)
    {
        EmitNow();
        if (_sawRecord || !couldEmit)
        {
            _activeAt = now;
        }
        else if (!IsIdle && _idleTimeout != long.MaxValue && now - _activeAt >= _idleTimeout)
        {
            MarkIdle();
        }

        _sawRecord = false;
    }

    public void EmitWatermark(long timestamp)
    {
        if (timestamp > Watermark)
        {
            Watermark = timestamp;
            _changed(this);
        }
    }

    public void MarkIdle()
    {
        // Until the next record, also when one has come since the last interval.
        _sawRecord = false;
        if (!IsIdle)
        {
            IsIdle = true;
            _changed(this);
        }
    }

    private void BecomeActive()
    {
        _sawRecord = true;
        if (IsIdle)
        {
            IsIdle = false;
            _changed(this);
        }
    }
}
