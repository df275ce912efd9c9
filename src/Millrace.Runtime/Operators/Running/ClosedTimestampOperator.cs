using Millrace.Runtime.Exchange;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators.Running;

/// <summary>
/// A running aggregate with consistent output: keeps by key and timestamp what has come, until the watermark has reached the timestamp; then takes it into the value of the key, in the order
/// of timestamps, and emits the value once.
/// </summary>
/// <remarks>
/// Invariant: what is emitted with a timestamp is the value of all records of the key up to it that were not late, and of none behind it. It is emitted before the watermark that closes the
/// timestamp is handed on, so the same holds for operators behind this one.
/// </remarks>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class ClosedTimestampOperator<TKey, TIn, TOut>(Func<TIn, TKey> selectKey, StreamFunction? function)
    : KeyedTimerOperator<TKey, TOut>(function), IReceiver<TIn>
    where TKey : notnull
{
    private InputKeys<TKey, TIn> _keys = null!;
    private ClosedTimestamps _closed = null!;

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        _keys = new InputKeys<TKey, TIn>(selectKey, State, context.OperatorName, Errors);
        _closed = new ClosedTimestamps(GroupValues, KeyGroupRange, context);
    }

    public override void Open()
    {
        _closed.Restore();
        base.Open();
    }

    public void Receive(RecordBatch<TIn> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        _keys.Hash(batch);
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
                    if (_closed.Admits(hashes[i], batch.Timestamps[i], CurrentWatermark))
                    {
                        State.SetCurrentKey(in keys[i], hashes[i]);
                        Add(values[i], batch.Timestamps[i]);
                    }
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

    /// <summary>Keeps a record of the current key until its timestamp is closed, and registers a timer for that.</summary>
    protected abstract void Add(TIn value, long timestamp);

    protected override void UpdateGroupValues() => _closed.Update(CurrentWatermark);
}
