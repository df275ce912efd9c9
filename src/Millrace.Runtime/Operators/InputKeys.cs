using Millrace.Runtime.State.Keyed;

namespace Millrace.Runtime.Operators;

/// <summary>Selects and hashes the keys of one input, a whole batch at a time.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="T">The type of the input.</typeparam>
/// <param name="selectKey">Gives a record's key.</param>
/// <param name="state">Gives hashes.</param>
/// <param name="operatorName">For messages.</param>
internal sealed class InputKeys<TKey, T>(Func<T, TKey> selectKey, KeyedStateStore<TKey> state, string operatorName)
    where TKey : notnull
{
    private TKey[] _keys = [];
    private ulong[] _hashes = [];
    private int _count;

    /// <summary>The keys of the last batch, by the index of the record.</summary>
    public ReadOnlySpan<TKey> Keys => new(_keys, 0, _count);

    /// <summary>Their hashes.</summary>
    public ReadOnlySpan<ulong> Hashes => new(_hashes, 0, _count);

    public void Hash(ReadOnlySpan<T> values)
    {
        if (_keys.Length < values.Length)
        {
            _keys = new TKey[values.Length];
            _hashes = new ulong[values.Length];
        }

        _count = values.Length;
        var keys = _keys.AsSpan(0, values.Length);
        var hashes = _hashes.AsSpan(0, values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            var key = KeyOf(values[i]);
            keys[i] = key;
            hashes[i] = state.HashOf(in key);
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
