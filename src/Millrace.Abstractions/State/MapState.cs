using System.Diagnostics.CodeAnalysis;

namespace Millrace.State;

/// <summary>A map per key. The handle always speaks of the key that is being processed.</summary>
/// <typeparam name="TMapKey">The type of the map's keys; needs value equality.</typeparam>
/// <typeparam name="TValue">The type of the map's values.</typeparam>
public abstract class MapState<TMapKey, TValue>
    where TMapKey : notnull
{
    /// <summary>How many entries the current key has.</summary>
    public abstract int Count { get; }

    /// <summary>Reads or writes an entry. Reading one that is not there throws.</summary>
    /// <param name="key">The entry's key.</param>
    /// <exception cref="KeyNotFoundException">There is no such entry.</exception>
    public abstract TValue this[TMapKey key] { get; set; }

    /// <summary>A reference to an entry's value, which is created as <see langword="default"/> where there is none.</summary>
    /// <param name="key">The entry's key.</param>
    /// <returns>The place of the value; good until the next call on any state of the operator.</returns>
    public abstract ref TValue GetOrAdd(TMapKey key);

    /// <summary>Reads an entry.</summary>
    /// <param name="key">The entry's key.</param>
    /// <param name="value">The value, or <see langword="default"/>.</param>
    /// <returns>Whether it is there.</returns>
    public abstract bool TryGet(TMapKey key, [MaybeNullWhen(false)] out TValue value);

    /// <summary>Whether there is an entry.</summary>
    /// <param name="key">The entry's key.</param>
    /// <returns>Whether it is there.</returns>
    public abstract bool Contains(TMapKey key);

    /// <summary>Removes an entry. Nothing is kept for a key whose map is empty.</summary>
    /// <param name="key">The entry's key.</param>
    /// <returns>Whether it was there.</returns>
    public abstract bool Remove(TMapKey key);

    /// <summary>The entries of the current key, in no particular order. The map must not change while they are enumerated.</summary>
    /// <returns>The entries; empty where there are none.</returns>
    public abstract IEnumerable<KeyValuePair<TMapKey, TValue>> Entries { get; }

    /// <summary>Removes the map of the current key.</summary>
    public abstract void Clear();
}
