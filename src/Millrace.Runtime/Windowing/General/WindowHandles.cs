using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Millrace.Runtime.State.Keyed;
using Millrace.State;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing.General;

/// <summary>The value of the current key and window.</summary>
internal sealed class WindowValueState<TKey, TWindow, T>(WindowStates<TKey, TWindow> scope, KeyedStateTable<TKey, TWindow, T> table) : ValueState<T>
    where TWindow : struct, IWindow<TWindow>
{
    public override bool Exists => !Unsafe.IsNullRef(in Peek());

    [MaybeNull]
    public override T Value
    {
        get
        {
            ref readonly var value = ref Peek();
            return Unsafe.IsNullRef(in value) ? default : value;
        }

        set => GetOrAdd() = value!;
    }

    public override ref T GetOrAdd() => ref table.GetOrAdd(in scope.Store.CurrentKey, scope.Store.CurrentHash, scope.Window, out _);

    public override bool TryGet([MaybeNullWhen(false)] out T value)
    {
        ref readonly var found = ref Peek();
        bool exists = !Unsafe.IsNullRef(in found);
        value = exists ? found : default;
        return exists;
    }

    public override void Clear() => table.Remove(in scope.Store.CurrentKey, scope.Store.CurrentHash, scope.Window);

    private ref readonly T Peek() => ref table.Peek(in scope.Store.CurrentKey, scope.Store.CurrentHash, scope.Window);
}

/// <summary>The list of the current key and window. An empty list has no entry.</summary>
internal sealed class WindowListState<TKey, TWindow, T>(WindowStates<TKey, TWindow> scope, KeyedStateTable<TKey, TWindow, StateList<T>> table) : ListState<T>
    where TWindow : struct, IWindow<TWindow>
{
    private readonly ListMemory<T> _memory = new();

    public override int Count => AsSpan().Length;

    public override void Add(T value) => _memory.Add(ref List(), value);

    public override void AddRange(ReadOnlySpan<T> values)
    {
        if (!values.IsEmpty)
        {
            _memory.AddRange(ref List(), values);
        }
    }

    public override ReadOnlySpan<T> AsSpan()
    {
        ref readonly var list = ref table.Peek(in scope.Store.CurrentKey, scope.Store.CurrentHash, scope.Window);
        return Unsafe.IsNullRef(in list) ? [] : list.AsSpan();
    }

    public override void Update(ReadOnlySpan<T> values)
    {
        if (values.IsEmpty)
        {
            Clear();
        }
        else
        {
            List().Replace(values);
        }
    }

    public override void Clear() => _memory.Remove(table, in scope.Store.CurrentKey, scope.Store.CurrentHash, scope.Window);

    private ref StateList<T> List() => ref table.GetOrAdd(in scope.Store.CurrentKey, scope.Store.CurrentHash, scope.Window, out _);
}

/// <summary>The map of the current key and window. An empty map has no entry.</summary>
internal sealed class WindowMapState<TKey, TWindow, TMapKey, TValue>(WindowStates<TKey, TWindow> scope, KeyedStateTable<TKey, TWindow, StateMap<TMapKey, TValue>> table)
    : MapState<TMapKey, TValue>
    where TWindow : struct, IWindow<TWindow>
    where TMapKey : notnull
{
    public override int Count => Peek().Count;

    public override IEnumerable<KeyValuePair<TMapKey, TValue>> Entries => Peek().Entries;

    public override TValue this[TMapKey key]
    {
        get => Peek().TryGet(key, out var value) ? value : throw new KeyNotFoundException($"The map of the current window has no entry '{key}'.");
        set => GetOrAdd(key) = value;
    }

    public override ref TValue GetOrAdd(TMapKey key)
    {
        // Checked before the table makes room: a map that is never filled would stay behind as an empty entry. Not with ThrowIfNull, which boxes keys of value types.
        if (!typeof(TMapKey).IsValueType && key is null)
        {
            throw new ArgumentNullException(nameof(key));
        }

        return ref table.GetOrAdd(in scope.Store.CurrentKey, scope.Store.CurrentHash, scope.Window, out _).GetOrAdd(key, out _);
    }

    public override bool TryGet(TMapKey key, [MaybeNullWhen(false)] out TValue value) => Peek().TryGet(key, out value);

    public override bool Contains(TMapKey key) => Peek().TryGet(key, out _);

    public override bool Remove(TMapKey key)
    {
        if (!Contains(key))
        {
            return false;
        }

        ref var map = ref table.Find(in scope.Store.CurrentKey, scope.Store.CurrentHash, scope.Window);
        map.Remove(key);
        if (map.Count == 0)
        {
            Clear();
        }

        return true;
    }

    public override void Clear() => table.Remove(in scope.Store.CurrentKey, scope.Store.CurrentHash, scope.Window);

    // A copy of the struct, which is one reference: good for reading.
    private StateMap<TMapKey, TValue> Peek()
    {
        ref readonly var map = ref table.Peek(in scope.Store.CurrentKey, scope.Store.CurrentHash, scope.Window);
        return Unsafe.IsNullRef(in map) ? default : map;
    }
}
