using Millrace.Connectors;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Time;

namespace Millrace.Runtime.Sources;

/// <summary>
/// A reader's way out. Every split has watermarks of its own; the subtask's watermark is the least of the splits that are active.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class SplitsOutput<T> : ReaderOutput<T>
{
    private readonly WatermarkStrategy<T> _strategy;
    private readonly BatchCollector<T> _collector;
    private readonly SideOutputs _sideOutputs;
    private readonly OperatorErrors _errors;
    private readonly Func<long> _now;
    private readonly Action _changed;
    private readonly List<SplitOutput> _splits = [];
    private readonly long _idleTimeout;
    private SplitOutput? _main;
    private long? _emptySince;
    private bool _isRestoring;

    /// <param name="strategy">What the user asked for.</param>
    /// <param name="collector">Gathers the records.</param>
    /// <param name="sideOutputs">The source's side outputs.</param>
    /// <param name="errors">What happens to records that the timestamp assigner throws on.</param>
    /// <param name="now">The time by <see cref="Tasks.MonotonicClock"/>.</param>
    /// <param name="changed">Called when <see cref="Watermark"/> or <see cref="IsIdle"/> may have changed.</param>
    public SplitsOutput(WatermarkStrategy<T> strategy, BatchCollector<T> collector, SideOutputs sideOutputs, OperatorErrors errors, Func<long> now, Action changed)
    {
        _strategy = strategy;
        _collector = collector;
        _sideOutputs = sideOutputs;
        _errors = errors;
        _now = now;
        _changed = changed;
        _idleTimeout = strategy.Idleness is { } idleness ? Math.Max(1, (long)idleness.TotalMilliseconds) : long.MaxValue;
    }

    /// <summary>The least watermark of the active splits; the greatest of all where none is active.</summary>
    public long Watermark { get; private set; } = EventTime.MinWatermark;

    /// <summary>Whether all splits are idle; where there are none, whether there have been none for the idle timeout.</summary>
    public bool IsIdle { get; private set; }

    public override void Collect(T value, long timestamp = EventTime.None) => Main().Collect(value, timestamp);

    public override Span<T> GetSpan(int sizeHint, out Span<long> timestamps) => Main().GetSpan(sizeHint, out timestamps);

    public override void Advance(int count) => Main().Advance(count);

    public override void EmitWatermark(long timestamp) => Main().EmitWatermark(timestamp);

    public override void MarkIdle() => Main().MarkIdle();

    public override void Output<TSide>(OutputTag<TSide> tag, TSide value) => _sideOutputs.Emit(tag, value, EventTime.None);

    public override SourceOutput<T> ForSplit(string splitId)
    {
        var found = _splits.Find(split => split.SplitId == splitId) ?? Add(splitId);
        found.IsUsed = true;
        return found;
    }

    /// <summary>
    /// Splits were given to the reader. From now on the watermark waits for them, though their turn may come much later: what another split says
    /// must not make their records late.
    /// </summary>
    public void Announce(IEnumerable<string> splitIds)
    {
        foreach (string splitId in splitIds)
        {
            // A reader that uses no split's output has one watermark for all of them.
            if (_main is null && !_splits.Exists(split => split.SplitId == splitId))
            {
                Add(splitId);
            }
        }
    }

    /// <summary>The splits that the reader had, and how far each had come. All at once: what one of them says holds only beside the others.</summary>
    public void Restore(IReadOnlyList<(string SplitId, long Watermark)> splits)
    {
        _isRestoring = true;
        foreach (var (splitId, watermark) in splits)
        {
            var split = new SplitOutput(splitId, this);
            _splits.Add(split);
            split.Watermarks.EmitWatermark(watermark);
        }

        _isRestoring = false;
        Recompute();
    }

    /// <summary>How far each split has come.</summary>
    public IEnumerable<(string SplitId, long Watermark)> Progress => _splits.Where(split => split != _main).Select(split => (split.SplitId, split.Watermarks.Watermark));

    /// <summary>How far each split has come, and whether it is waited for.</summary>
    public IReadOnlyList<SplitTime> Times => [.. _splits.Select(split => new SplitTime(split.SplitId, split.Watermarks.Watermark, split.Watermarks.IsIdle))];

    /// <summary>Derives all watermarks from what was seen so far.</summary>
    public void EmitNow()
    {
        for (int i = 0; i < _splits.Count; i++)
        {
            _splits[i].Watermarks.EmitNow();
        }
    }

    public override void ReleaseSplit(string splitId)
    {
        if (_splits.Find(split => split.SplitId == splitId) is { } split)
        {
            // What the split promised last still holds for the records that it has emitted.
            split.Watermarks.EmitNow();
            _splits.Remove(split);
            _emptySince = null;
            Recompute();
        }
    }

    /// <summary>The watermark interval has passed.</summary>
    /// <param name="now">The time by <see cref="Tasks.MonotonicClock"/>.</param>
    /// <param name="couldEmit">Whether the reader was free to emit since the last call.</param>
    /// <param name="waits">The splits that wait for others, whatever the reader may do; null for none.</param>
    public void OnInterval(long now, bool couldEmit, AlignedReading? waits = null)
    {
        for (int i = 0; i < _splits.Count; i++)
        {
            _splits[i].Watermarks.OnInterval(now, couldEmit && waits?.IsPaused(_splits[i].SplitId) is not true);
        }

        if (_splits.Count == 0 && !IsIdle && _idleTimeout != long.MaxValue)
        {
            if (!couldEmit || _emptySince is null)
            {
                _emptySince = now;
            }
            else if (now - _emptySince >= _idleTimeout)
            {
                IsIdle = true;
                _changed();
            }
        }
    }

    private SplitOutput Main()
    {
        if (_main is null)
        {
            _splits.RemoveAll(split => !split.IsUsed);
            _main = Add("");
            _main.IsUsed = true;
        }

        return _main;
    }

    private SplitOutput Add(string splitId)
    {
        var split = new SplitOutput(splitId, this);
        _splits.Add(split);
        Recompute();
        return split;
    }

    private void Recompute()
    {
        if (_isRestoring)
        {
            return;
        }

        long least = EventTime.MaxWatermark;
        long greatest = EventTime.MinWatermark;
        bool anyActive = false;
        foreach (var split in _splits)
        {
            greatest = Math.Max(greatest, split.Watermarks.Watermark);
            if (!split.Watermarks.IsIdle)
            {
                anyActive = true;
                least = Math.Min(least, split.Watermarks.Watermark);
            }
        }

        // Where the last split has gone nothing has changed: who was idle stays idle until the next one comes.
        IsIdle = _splits.Count > 0 ? !anyActive : IsIdle;
        Watermark = Math.Max(Watermark, anyActive ? least : greatest);
        _changed();
    }

    private sealed class SplitOutput : SourceOutput<T>
    {
        private readonly SplitsOutput<T> _owner;

        // How many records fit into the memory that was given last; negative where it was not the batch's.
        private int _given;

        public SplitOutput(string splitId, SplitsOutput<T> owner)
        {
            SplitId = splitId;
            _owner = owner;
            Watermarks = new SplitWatermarks<T>(owner._strategy, owner._now(), _ => owner.Recompute());
        }

        public string SplitId { get; }

        public SplitWatermarks<T> Watermarks { get; }

        /// <summary>Whether the reader has asked for it.</summary>
        public bool IsUsed { get; set; }

        public override void Collect(T value, long timestamp = EventTime.None)
        {
            if (_owner._errors.Fails)
            {
                timestamp = Watermarks.Assign(value, timestamp);
            }
            else if (!TryAssign(value, ref timestamp))
            {
                return;
            }

            _owner._collector.Collect(value, timestamp);
            Watermarks.OnEvent(in value, timestamp);
        }

        public override Span<T> GetSpan(int sizeHint, out Span<long> timestamps)
        {
            if (!Watermarks.IsPeriodic || (Watermarks.HasAssigner && !_owner._errors.Fails))
            {
                // Each by itself: there may be a watermark behind it, or it may be left out.
                _given = -1;
                return base.GetSpan(sizeHint, out timestamps);
            }

            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sizeHint);
            var values = _owner._collector.GetSpan(Math.Min(sizeHint, Watermarks.UntilEmit), out timestamps);
            _given = values.Length;
            return values;
        }

        public override void Advance(int count)
        {
            if (_given < 0)
            {
                base.Advance(count);
                return;
            }

            ArgumentOutOfRangeException.ThrowIfNegative(count);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _given);
            if (count == 0)
            {
                return;
            }

            // The same memory once more.
            var values = _owner._collector.GetSpan(count, out var timestamps);
            if (Watermarks.HasAssigner)
            {
                for (int i = 0; i < values.Length; i++)
                {
                    timestamps[i] = Watermarks.Assign(values[i], timestamps[i]);
                }
            }

            _given = 0;
            _owner._collector.Advance(count);
            Watermarks.OnEvents(timestamps);
        }

        private bool TryAssign(T value, ref long timestamp)
        {
            try
            {
                timestamp = Watermarks.Assign(value, timestamp);
                return true;
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                _owner._errors.OnRecord(
                    cause, value, timestamp, null, FailureStage.Timestamp, 0, "assigning a timestamp", SplitId.Length == 0 ? null : $"split {SplitId}");
                return false;
            }
        }

        public override void EmitWatermark(long timestamp) => Watermarks.EmitWatermark(timestamp);

        public override void MarkIdle() => Watermarks.MarkIdle();

        public override void Output<TSide>(OutputTag<TSide> tag, TSide value) => _owner._sideOutputs.Emit(tag, value, EventTime.None);
    }
}
