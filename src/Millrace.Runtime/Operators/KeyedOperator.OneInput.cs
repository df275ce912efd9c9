using Millrace.Runtime.Exchange;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators;

/// <summary>An operator over a keyed stream.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class KeyedOperator<TKey, TIn, TOut>(Func<TIn, TKey> selectKey, StreamFunction? function)
    : KeyedOperator<TKey, TOut>(function), IReceiver<TIn>
    where TKey : notnull
{
    private InputKeys<TKey, TIn> _keys = null!;

    public abstract void Receive(RecordBatch<TIn> batch);

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        _keys = new InputKeys<TKey, TIn>(selectKey, State, context.OperatorName, Errors);
    }

    /// <summary>
    /// Selects and hashes the keys of a whole batch, so that the places in memory that the records will need are known before they are needed.
    /// </summary>
    /// <returns>Keys and hashes by the index of the record; good until the next call.</returns>
    protected BatchKeys HashKeys(RecordBatch<TIn> batch)
    {
        _keys.Hash(batch);
        return new BatchKeys(_keys.Keys, _keys.Hashes);
    }

    /// <summary>Deals with a record whose key selector has thrown.</summary>
    protected void OnKeyError(Exception cause, TIn record, long timestamp) => _keys.OnError(cause, record, timestamp);

    /// <summary>The key of a record, checked.</summary>
    protected TKey KeyOf(TIn value) => _keys.KeyOf(value);
}
