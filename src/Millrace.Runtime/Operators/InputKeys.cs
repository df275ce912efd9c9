using Millrace.Runtime.Exchange;
using Millrace.Runtime.State.Keyed;

namespace Millrace.Runtime.Operators;

/// <summary>Selects and hashes the keys of one input, a whole batch at a time.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="T">The type of the input.</typeparam>
/// <param name="selectKey">Gives a record's key.</param>
/// <param name="state">Gives hashes.</param>
/// <param name="operatorName">For messages.</param>
/// <param name="errors">What happens to records that have no key.</param>
/// <param name="input">Which input of the operator it is.</param>
internal sealed class InputKeys<TKey, T>(Func<T, TKey> selectKey, KeyedStateStore<TKey> state, string operatorName, OperatorErrors errors, int input = 0)
    where TKey : notnull
{
    private TKey[] _keys = [];
    private ulong[] _hashes = [];
    private int _count;

    /// <summary>The keys of the last batch, by the index of the record.</summary>
    public ReadOnlySpan<TKey> Keys => new(_keys, 0, _count);

    /// <summary>Their hashes.</summary>
    public ReadOnlySpan<ulong> Hashes => new(_hashes, 0, _count);

    /// <summary>Selects and hashes the keys of a batch. Records that have none, because the key selector throws, are dealt with and are not in the batch any more.</summary>
    public void Hash(RecordBatch<T> batch)
    {
        var values = batch.Records;
        if (_keys.Length < values.Length)
        {
            _keys = new TKey[values.Length];
            _hashes = new ulong[values.Length];
        }

        _count = values.Length;
        var keys = _keys.AsSpan(0, values.Length);
        var hashes = _hashes.AsSpan(0, values.Length);
        int i = 0;
        while (i < _count)
        {
            try
            {
                for (; i < _count; i++)
                {
                    var key = KeyOf(values[i]);
                    keys[i] = key;
                    hashes[i] = state.HashOf(in key);
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                OnError(cause, batch.Values[i], batch.Timestamps[i]);
                batch.RemoveAt(i);
                _count--;
            }
        }
    }

    /// <summary>Hints that the state of some of these keys will soon be needed.</summary>
    /// <param name="start">The first; may be behind the last.</param>
    /// <param name="length">How many at most.</param>
    public void Prefetch(int start, int length)
    {
        length = Math.Clamp(_count - start, 0, length);
        if (length > 0)
        {
            state.Prefetch(Keys.Slice(start, length), Hashes.Slice(start, length));
        }
    }

    /// <summary>Deals with a record whose key selector has thrown.</summary>
    public void OnError(Exception cause, T record, long timestamp) =>
        errors.OnRecord(cause, record, timestamp, null, FailureStage.Key, input, "selecting the key of a record");

    /// <summary>The key of a record, checked.</summary>
    public TKey KeyOf(T value)
    {
        var key = selectKey(value);
        if (key is null)
        {
            throw new InvalidOperationException($"The key selector of {operatorName} returned null. A key must have a value: filter such records out or give them one.");
        }

        return key;
    }
}
