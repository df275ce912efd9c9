using Millrace.Runtime.Exchange;
using Millrace.Runtime.State.Timers;
using Millrace.Runtime.Tasks;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators;

/// <summary>A <see cref="KeyedProcessFunction{TKey, TIn, TOut}"/>: keyed state, timers of both kinds.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal sealed class KeyedProcessOperator<TKey, TIn, TOut>(Func<TIn, TKey> selectKey, KeyedProcessFunction<TKey, TIn, TOut> function)
    : KeyedOperator<TKey, TIn, TOut>(selectKey, function)
    where TKey : notnull
{
    private TimerQueue<TKey, VoidNamespace> _eventTimers = null!;
    private TimerQueue<TKey, VoidNamespace> _processingTimers = null!;
    private KeyedContext _context = null!;

    // The watermark that is being worked off, and the time up to which processing-time timers are.
    private long? _pendingWatermark;
    private long? _pendingProcessingTime;

    public override bool IsUnfinished => _pendingWatermark is not null || _pendingProcessingTime is not null;

    public override long NextProcessingTime => _processingTimers.TryPeek(out long time) ? time : long.MaxValue;

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        _context = new KeyedContext(this);
    }

    public override void Open()
    {
        _eventTimers = State.Timers<VoidNamespace>("event-time timers");
        _processingTimers = State.Timers<VoidNamespace>("processing-time timers");
        base.Open();
    }

    public override void Receive(RecordBatch<TIn> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        try
        {
            var values = batch.Records;
            var batchKeys = HashKeys(values);
            var keys = batchKeys.Keys;
            var hashes = batchKeys.Hashes;
            int ahead = State.PrefetchLength;
            int next = 0;
            Fetch(batchKeys.Run(0, ahead));
            for (int i = 0; i < values.Length; i++)
            {
                if (i == next)
                {
                    next += ahead;
                    Fetch(batchKeys.Run(next, ahead));
                }

                State.SetCurrentKey(in keys[i], hashes[i]);
                Collector.Timestamp = batch.Timestamps[i];
                function.ProcessElement(values[i], _context, Collector);
            }
        }
        catch (Exception cause) when (cause is not (OperatorException or MillraceException))
        {
            throw Context.Failure(cause, "on a record");
        }

        BatchPool<TIn>.Return(batch);
    }

    private void Fetch(BatchKeys run) => State.Prefetch(run.Keys, run.Hashes);

    public override void OnProcessingTime(long now)
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

    /// <summary>Fires what is due, in order of time, until it is done or nobody takes the output.</summary>
    /// <returns>Whether it is done.</returns>
    private bool Fire(TimerQueue<TKey, VoidNamespace> timers, long now, TimeDomain domain)
    {
        try
        {
            while (!Context.Pressure.IsBlocked)
            {
                if (!timers.TryPop(now, out var timer))
                {
                    return true;
                }

                State.SetCurrentKey(timer.Key, timer.Hash);
                Collector.Timestamp = domain == TimeDomain.EventTime ? timer.Time : EventTime.None;
                _context.Domain = domain;
                function.OnTimer(timer.Time, _context, Collector);
            }
        }
        catch (Exception cause) when (cause is not (OperatorException or MillraceException))
        {
            throw Context.Failure(cause, "in a timer");
        }

        return false;
    }

    private sealed class KeyedContext(KeyedProcessOperator<TKey, TIn, TOut> owner) : KeyedTimerContext<TKey>, ITimerService
    {
        public TimeDomain Domain { get; set; }

        public override TimeDomain TimeDomain => Domain;

        public override TKey CurrentKey => owner.State.CurrentKey;

        public override ITimerService Timers => this;

        public override long Timestamp => owner.Collector.Timestamp;

        public override long CurrentWatermark => owner.CurrentWatermark;

        public override long CurrentProcessingTime => owner.Context.ProcessingTime;

        public override void Output<T>(OutputTag<T> tag, T value) => owner.SideOutputs.Emit(tag, value, owner.Collector.Timestamp);

        public void RegisterEventTimeTimer(long timestamp) =>
            owner._eventTimers.Register(in owner.State.CurrentKey, owner.State.CurrentHash, default, timestamp);

        public void DeleteEventTimeTimer(long timestamp) =>
            owner._eventTimers.Delete(in owner.State.CurrentKey, owner.State.CurrentHash, default, timestamp);

        public void RegisterProcessingTimeTimer(long timestamp) =>
            owner._processingTimers.Register(in owner.State.CurrentKey, owner.State.CurrentHash, default, timestamp);

        public void DeleteProcessingTimeTimer(long timestamp) =>
            owner._processingTimers.Delete(in owner.State.CurrentKey, owner.State.CurrentHash, default, timestamp);
    }
}
