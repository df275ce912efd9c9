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
        _firstKeys = new InputKeys<TKey, TFirst>(selectFirst, State, context.OperatorName);
        _secondKeys = selectSecond is null ? null : new InputKeys<TKey, TSecond>(selectSecond, State, context.OperatorName);
    }

    protected abstract void ProcessFirst(TFirst value);

    protected abstract void ProcessSecond(TSecond value);

    private void ReceiveFirst(RecordBatch<TFirst> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        try
        {
            var values = batch.Records;
            _firstKeys.Hash(values);
            var keys = _firstKeys.Keys;
            var hashes = _firstKeys.Hashes;
            int ahead = State.PrefetchLength;
            int next = 0;
            _firstKeys.Prefetch(0, ahead);
            for (int i = 0; i < values.Length; i++)
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
        catch (Exception cause) when (cause is not (OperatorException or MillraceException))
        {
            throw Context.Failure(cause, "on a record of the first input");
        }

        BatchPool<TFirst>.Return(batch);
    }

    private void ReceiveSecond(RecordBatch<TSecond> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        try
        {
            if (_secondKeys is null)
            {
                ProcessUnkeyed(batch);
            }
            else
            {
                ProcessKeyed(batch, _secondKeys);
            }
        }
        catch (Exception cause) when (cause is not (OperatorException or MillraceException))
        {
            throw Context.Failure(cause, "on a record of the second input");
        }

        BatchPool<TSecond>.Return(batch);
    }

    private void ProcessKeyed(RecordBatch<TSecond> batch, InputKeys<TKey, TSecond> inputKeys)
    {
        var values = batch.Records;
        inputKeys.Hash(values);
        var keys = inputKeys.Keys;
        var hashes = inputKeys.Hashes;
        int ahead = State.PrefetchLength;
        int next = 0;
        inputKeys.Prefetch(0, ahead);
        for (int i = 0; i < values.Length; i++)
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

    private void ProcessUnkeyed(RecordBatch<TSecond> batch)
    {
        var values = batch.Records;
        for (int i = 0; i < values.Length; i++)
        {
            State.ClearCurrentKey();
            Collector.Timestamp = batch.Timestamps[i];
            ProcessSecond(values[i]);
        }
    }
}
