using Millrace.Runtime.State.Timers;
using Millrace.Runtime.Tasks;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators;

/// <summary>An operator with state by key and timers of both kinds, which are fired in order and stop while nobody takes the output.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class KeyedTimerOperator<TKey, TOut>(StreamFunction? function) : KeyedOperator<TKey, TOut>(function)
    where TKey : notnull
{
    private TimerQueue<TKey, VoidNamespace> _eventTimers = null!;
    private TimerQueue<TKey, VoidNamespace> _processingTimers = null!;

    // The watermark that is being worked off, and the time up to which processing-time timers are.
    private long? _pendingWatermark;
    private long? _pendingProcessingTime;

    public override bool IsUnfinished => _pendingWatermark is not null || _pendingProcessingTime is not null;

    public override long NextProcessingTime => _processingTimers.TryPeek(out long time) ? time : long.MaxValue;

    /// <summary>Timers of the current key.</summary>
    protected ITimerService Timers { get; private set; } = null!;

    /// <summary>Which clock the timer that fires was registered with.</summary>
    protected TimeDomain Domain { get; private set; }

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        Timers = new CurrentKeyTimers(this);
    }

    public override void Open()
    {
        _eventTimers = State.Timers<VoidNamespace>("event-time timers");
        _processingTimers = State.Timers<VoidNamespace>("processing-time timers");
        base.Open();
    }

    protected override void OnProcessingTime(long now)
    {
        _pendingProcessingTime = now;
        Resume();
    }

    public override void Resume()
    {
        if (_pendingProcessingTime is { } now && Fire(_processingTimers, now, TimeDomain.ProcessingTime))
        {
            _pendingProcessingTime = null;
        }

        if (_pendingWatermark is { } watermark && Fire(_eventTimers, watermark, TimeDomain.EventTime))
        {
            _pendingWatermark = null;
            base.OnWatermark(watermark);
        }
    }

    protected override void OnWatermark(long timestamp)
    {
        // Functions that are called now see the new watermark: what they register at or before it is due at once.
        AdvanceWatermark(timestamp);
        _pendingWatermark = timestamp;
        Resume();
    }

    /// <summary>A timer of the current key is due.</summary>
    /// <param name="timestamp">The time it was registered for.</param>
    protected abstract void OnTimer(long timestamp);

    /// <summary>Fires what is due, in order of time, until it is done or nobody takes the output.</summary>
    /// <returns>Whether it is done.</returns>
    private bool Fire(TimerQueue<TKey, VoidNamespace> timers, long now, TimeDomain domain)
    {
        while (!Context.Pressure.IsBlocked)
        {
            if (!timers.TryPop(now, out var timer))
            {
                return true;
            }

            State.SetCurrentKey(timer.Key, timer.Hash);
            Collector.Timestamp = domain == TimeDomain.EventTime ? timer.Time : EventTime.None;
            Domain = domain;
            try
            {
                OnTimer(timer.Time);
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                // The timer is gone: it fires no second time.
                Errors.OnNoRecord(cause, FailureStage.Timer, domain == TimeDomain.EventTime ? timer.Time : EventTime.None, timer.Key, null, "in a timer");
            }
        }

        return false;
    }

    private sealed class CurrentKeyTimers(KeyedTimerOperator<TKey, TOut> owner) : ITimerService
    {
        public long CurrentWatermark => owner.CurrentWatermark;

        public long CurrentProcessingTime => owner.Context.ProcessingTime;

        public void RegisterEventTimeTimer(long timestamp) =>
            owner._eventTimers.Register(in owner.State.CurrentKey, owner.State.CurrentHash, default, timestamp);

        public void DeleteEventTimeTimer(long timestamp) =>
            owner._eventTimers.Delete(in owner.State.CurrentKey, owner.State.CurrentHash, default, timestamp);

        public void RegisterProcessingTimeTimer(long timestamp) =>
            owner._processingTimers.Register(in owner.State.CurrentKey, owner.State.CurrentHash, default, timestamp);

        public void DeleteProcessingTimeTimer(long timestamp) =>
            owner._processingTimers.Delete(in owner.State.CurrentKey, owner.State.CurrentHash, default, timestamp);
    }

    /// <summary>What a keyed function sees besides the record or the timer.</summary>
    protected sealed class TimerContext(KeyedTimerOperator<TKey, TOut> owner) : KeyedTimerContext<TKey>
    {
        public override TimeDomain TimeDomain => owner.Domain;

        public override TKey CurrentKey => owner.State.CurrentKey;

        public override ITimerService Timers => owner.Timers;

        public override long Timestamp => owner.Collector.Timestamp;

        public override long CurrentWatermark => owner.CurrentWatermark;

        public override long CurrentProcessingTime => owner.Context.ProcessingTime;

        public override void Output<T>(OutputTag<T> tag, T value) => owner.SideOutputs.Emit(tag, value, owner.Collector.Timestamp);
    }
}
