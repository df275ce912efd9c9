using Millrace.Runtime.Exchange;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators;

/// <summary>A <see cref="KeyedProcessFunction{TKey, TIn, TOut}"/>: keyed state, timers of both kinds.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal sealed class KeyedProcessOperator<TKey, TIn, TOut>(Func<TIn, TKey> selectKey, KeyedProcessFunction<TKey, TIn, TOut> function)
    : KeyedTimerOperator<TKey, TOut>(function), IReceiver<TIn>
    where TKey : notnull
{
    private InputKeys<TKey, TIn> _keys = null!;
    private TimerContext _context = null!;

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        _keys = new InputKeys<TKey, TIn>(selectKey, State, context.OperatorName, Errors);
        _context = new TimerContext(this);
    }

    public void Receive(RecordBatch<TIn> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        _keys.Hash(batch);
        int ahead = State.PrefetchLength;
        int next = 0;
        _keys.Prefetch(0, ahead);
        int i = 0;
        while (i < batch.Count)
        {
            try
            {
                var values = batch.Records;
                var keys = _keys.Keys;
                var hashes = _keys.Hashes;
                for (; i < values.Length; i++)
                {
                    if (i == next)
                    {
                        next += ahead;
                        _keys.Prefetch(next, ahead);
                    }

                    State.SetCurrentKey(in keys[i], hashes[i]);
                    Collector.Timestamp = batch.Timestamps[i];
                    function.ProcessElement(values[i], _context, Collector);
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnRecord(cause, batch.Values[i], batch.Timestamps[i], _keys.Keys[i]);
                i++;
            }
        }

        BatchPool<TIn>.Return(batch);
    }

    protected override void OnTimer(long timestamp) => function.OnTimer(timestamp, _context, Collector);
}
