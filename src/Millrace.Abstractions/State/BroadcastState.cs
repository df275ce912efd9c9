using System.Diagnostics.CodeAnalysis;

namespace Millrace.State;

/// <summary>A broadcast state, for reading: a map of which every subtask of the operator has a copy of its own.</summary>
/// <remarks>Belongs to one subtask: not safe for use by several threads.</remarks>
/// <typeparam name="TMapKey">The type of the map's keys; needs value equality.</typeparam>
/// <typeparam name="TValue">The type of the map's values. They are immutable: what is changed in place is changed in one subtask only.</typeparam>
public abstract class ReadOnlyBroadcastState<TMapKey, TValue>
    where TMapKey : notnull
{
    private protected ReadOnlyBroadcastState()
    {
    }

    /// <summary>How many entries there are.</summary>
    public abstract int Count { get; }

    /// <summary>Reads an entry. Reading one that is not there throws.</summary>
    /// <param name="key">The entry's key.</param>
    /// <exception cref="KeyNotFoundException">There is no such entry.</exception>
    public TValue this[TMapKey key] => TryGet(key, out var value) ? value : throw new KeyNotFoundException($"The broadcast state has no entry '{key}'.");

    /// <summary>Reads an entry.</summary>
    /// <param name="key">The entry's key.</param>
    /// <param name="value">The value, or <see langword="default"/>.</param>
    /// <returns>Whether it is there.</returns>
    public abstract bool TryGet(TMapKey key, [MaybeNullWhen(false)] out TValue value);

    /// <summary>Whether there is an entry.</summary>
    /// <param name="key">The entry's key.</param>
    /// <returns>Whether it is there.</returns>
    public bool Contains(TMapKey key) => TryGet(key, out _);

    /// <summary>The entries, in no particular order, and not in the same one in every subtask. The state must not change while they are enumerated.</summary>
    public abstract IReadOnlyCollection<KeyValuePair<TMapKey, TValue>> Entries { get; }
}

/// <summary>
/// A broadcast state: a map of which every subtask of the operator has a copy of its own. It is changed only where broadcast records are processed, and there in every subtask
/// in the same way, so that the copies are equal: what is done must not depend on the subtask, its keys or the moment.
/// </summary>
/// <remarks>Kept in memory, on every state backend. Every subtask writes its copy into every checkpoint.</remarks>
/// <typeparam name="TMapKey">The type of the map's keys; needs value equality.</typeparam>
/// <typeparam name="TValue">The type of the map's values. They are immutable: what is changed in place is changed in one subtask only.</typeparam>
public abstract class BroadcastState<TMapKey, TValue> : ReadOnlyBroadcastState<TMapKey, TValue>
    where TMapKey : notnull
{
    private protected BroadcastState()
    {
    }

    /// <summary>Writes an entry, new or not.</summary>
    /// <param name="key">The entry's key.</param>
    /// <param name="value">The value.</param>
    public abstract void Put(TMapKey key, TValue value);

    /// <summary>Removes an entry.</summary>
    /// <param name="key">The entry's key.</param>
    /// <returns>Whether it was there.</returns>
    public abstract bool Remove(TMapKey key);

    /// <summary>Removes all entries.</summary>
    public abstract void Clear();
}
