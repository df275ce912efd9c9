using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Millrace.State.Backends;

/// <summary>A map that is kept in a state table. The default value is an empty map, which owns no memory.</summary>
/// <typeparam name="TMapKey">The type of the map's keys; needs value equality.</typeparam>
/// <typeparam name="TValue">The type of the map's values.</typeparam>
/// <remarks>A mutable struct: change it through the reference that the table gives, never through a copy.</remarks>
public struct StateMap<TMapKey, TValue>
    where TMapKey : notnull
{
    private Dictionary<TMapKey, TValue>? _entries;

    /// <summary>Creates an empty map.</summary>
    /// <param name="capacity">How many entries it takes without growing.</param>
    public StateMap(int capacity)
    {
        _entries = capacity == 0 ? null : new Dictionary<TMapKey, TValue>(capacity);
    }

    /// <summary>How many entries there are.</summary>
    public readonly int Count => _entries?.Count ?? 0;

    /// <summary>The entries, in no particular order.</summary>
    public readonly IReadOnlyCollection<KeyValuePair<TMapKey, TValue>> Entries => _entries ?? (IReadOnlyCollection<KeyValuePair<TMapKey, TValue>>)[];

    /// <summary>A reference to a value, which is created as <see langword="default"/> where there is none. Good until the map changes.</summary>
    /// <param name="key">The entry's key.</param>
    /// <param name="existed">Whether it was there before the call.</param>
    /// <returns>The place of the value.</returns>
    public ref TValue GetOrAdd(TMapKey key, out bool existed) => ref CollectionsMarshal.GetValueRefOrAddDefault(_entries ??= [], key, out existed)!;

    /// <summary>A reference to a value, or a null reference where there is none. Good until the map changes.</summary>
    /// <param name="key">The entry's key.</param>
    /// <returns>The place of the value; ask <see cref="Unsafe.IsNullRef{T}(ref readonly T)"/> before using it.</returns>
    public readonly ref TValue Find(TMapKey key)
    {
        if (_entries is null)
        {
            return ref Unsafe.NullRef<TValue>();
        }

        return ref CollectionsMarshal.GetValueRefOrNullRef(_entries, key);
    }

    /// <summary>Reads a value.</summary>
    /// <param name="key">The entry's key.</param>
    /// <param name="value">The value, or <see langword="default"/>.</param>
    /// <returns>Whether it is there.</returns>
    public readonly bool TryGet(TMapKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_entries is null)
        {
            value = default;
            return false;
        }

        return _entries.TryGetValue(key, out value);
    }

    /// <summary>Removes an entry.</summary>
    /// <param name="key">The entry's key.</param>
    /// <returns>Whether it was there.</returns>
    public readonly bool Remove(TMapKey key) => _entries is not null && _entries.Remove(key);

    /// <summary>Removes all entries and releases the memory.</summary>
    public void Clear() => _entries = null;

    /// <summary>Enumerates the entries without allocating. The map must not change meanwhile.</summary>
    /// <returns>The enumerator.</returns>
    public readonly Dictionary<TMapKey, TValue>.Enumerator GetEnumerator() => (_entries ?? EmptyEntries).GetEnumerator();

    private static readonly Dictionary<TMapKey, TValue> EmptyEntries = [];
}
