using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed;

/// <summary>The map of the current key, in a table of any backend. An empty map has no entry.</summary>
internal sealed class TableMapState<TKey, TMapKey, TValue>(KeyedStateBackend<TKey> backend, KeyedStateTable<TKey, VoidNamespace, StateMap<TMapKey, TValue>> table)
    : MapState<TMapKey, TValue>
    where TMapKey : notnull
{
    public override int Count => Peek().Count;

    public override IEnumerable<KeyValuePair<TMapKey, TValue>> Entries => Peek().Entries;

    public override TValue this[TMapKey key]
    {
        get => Peek().TryGet(key, out var value) ? value : throw new KeyNotFoundException($"The map of the current key has no entry '{key}'.");
        set => GetOrAdd(key) = value;
    }

    public override ref TValue GetOrAdd(TMapKey key)
    {
        // Checked before the table makes room: a map that is never filled would stay behind as an empty entry.
        // Not with ThrowIfNull, which boxes keys of value types.
        if (!typeof(TMapKey).IsValueType && key is null)
        {
            throw new ArgumentNullException(nameof(key));
        }

        return ref table.GetOrAdd(in backend.CurrentKey, backend.CurrentHash, default, out _).GetOrAdd(key, out _);
    }

    public override bool TryGet(TMapKey key, [MaybeNullWhen(false)] out TValue value) => Peek().TryGet(key, out value);

    public override bool Contains(TMapKey key) => Peek().TryGet(key, out _);

    public override bool Remove(TMapKey key)
    {
        if (!Contains(key))
        {
            return false;
        }

        ref var map = ref table.Find(in backend.CurrentKey, backend.CurrentHash, default);
        map.Remove(key);
        if (map.Count == 0)
        {
            Clear();
        }

        return true;
    }

    public override void Clear() => table.Remove(in backend.CurrentKey, backend.CurrentHash, default);

    // A copy of the struct, which is one reference: good for reading.
    private StateMap<TMapKey, TValue> Peek()
    {
        ref readonly var map = ref table.Peek(in backend.CurrentKey, backend.CurrentHash, default);
        return Unsafe.IsNullRef(in map) ? default : map;
    }
}
