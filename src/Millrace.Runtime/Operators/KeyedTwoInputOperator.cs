using Millrace.Runtime.Exchange;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators;

/// <summary>
/// An operator with two inputs, state by key and timers. Both inputs are of one key space, or the second has no keys: then no key is current while its records
/// are processed.
/// </summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TFirst">The type of the first input.</typeparam>
/// <typeparam name="TSecond">The type of the second input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class KeyedTwoInputOperator<TKey, TFirst, TSecond, TOut>(
    Func<TFirst, TKey> selectFirst, Func<TSecond, TKey>? selectSecond, StreamFunction? function)
    : KeyedTimerOperator<TKey, TOut>(function), ITwoInputOperator
    where TKey : notnull
{
    private InputKeys<TKey, TFirst> _firstKeys = null!;
    private InputKeys<TKey, TSecond>? _secondKeys;

    public IReceiver<T> InputOf<T>(int input) => input == 0 ? (IReceiver<T>)(object)new RecordInput<TFirst>(ReceiveFirst) : (IReceiver<T>)(object)new RecordInput<TSecond>(ReceiveSecond);

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        _firstKeys = new InputKeys<TKey, TFirst>(selectFirst, State, context.OperatorName, Errors);
        _secondKeys = selectSecond is null ? null : new InputKeys<TKey, TSecond>(selectSecond, State, context.OperatorName, Errors, 1);
    }

    protected abstract void ProcessFirst(TFirst value);

    protected abstract void ProcessSecond(TSecond value);

    private void ReceiveFirst(RecordBatch<TFirst> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        _firstKeys.Hash(batch);
        int ahead = State.PrefetchLength;
        int next = 0;
        _firstKeys.Prefetch(0, ahead);
        int i = 0;
        while (i < batch.Count)
        {
            try
            {
                var values = batch.Records;
                var keys = _firstKeys.Keys;
                var hashes = _firstKeys.Hashes;
                for (; i < values.Length; i++)
                {
                    if (i == next)
                    {
                        next += ahead;
                        _firstKeys.Prefetch(next, ahead);
                    }

                    State.SetCurrentKey(in keys[i], hashes[i]);
                    Collector.Timestamp = batch.Timestamps[i];
                    ProcessFirst(values[i]);
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnRecord(cause, batch.Values[i], batch.Timestamps[i], _firstKeys.Keys[i], during: "on a record of the first input");
                i++;
            }
        }

        BatchPool<TFirst>.Return(batch);
    }

    private void ReceiveSecond(RecordBatch<TSecond> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        if (_secondKeys is null)
        {
            ProcessUnkeyed(batch);
        }
        else
        {
            ProcessKeyed(batch, _secondKeys);
        }

        BatchPool<TSecond>.Return(batch);
    }

    private void ProcessKeyed(RecordBatch<TSecond> batch, InputKeys<TKey, TSecond> inputKeys)
    {
        inputKeys.Hash(batch);
        int ahead = State.PrefetchLength;
        int next = 0;
        inputKeys.Prefetch(0, ahead);
        int i = 0;
        while (i < batch.Count)
        {
            try
            {
                var values = batch.Records;
                var keys = inputKeys.Keys;
                var hashes = inputKeys.Hashes;
                for (; i < values.Length; i++)
                {
                    if (i == next)
                    {
                        next += ahead;
                        inputKeys.Prefetch(next, ahead);
                    }

                    State.SetCurrentKey(in keys[i], hashes[i]);
                    Collector.Timestamp = batch.Timestamps[i];
                    ProcessSecond(values[i]);
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                OnSecondError(cause, batch, i, inputKeys.Keys[i]);
                i++;
            }
        }
    }

    private void ProcessUnkeyed(RecordBatch<TSecond> batch)
    {
        int i = 0;
        while (i < batch.Count)
        {
            try
            {
                var values = batch.Records;
                for (; i < values.Length; i++)
                {
                    State.ClearCurrentKey();
                    Collector.Timestamp = batch.Timestamps[i];
                    ProcessSecond(values[i]);
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                OnSecondError(cause, batch, i, null);
                i++;
            }
        }
    }

    private void OnSecondError(Exception cause, RecordBatch<TSecond> batch, int index, object? key) =>
        Errors.OnRecord(cause, batch.Values[index], batch.Timestamps[index], key, input: 1, during: "on a record of the second input");
}
