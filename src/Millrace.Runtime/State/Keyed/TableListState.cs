using System.Runtime.CompilerServices;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed;

/// <summary>The list of the current key, in a table of any backend. An empty list has no entry.</summary>
internal sealed class TableListState<TKey, T>(KeyedStateBackend<TKey> backend, KeyedStateTable<TKey, VoidNamespace, StateList<T>> table) : ListState<T>
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
        ref readonly var list = ref table.Peek(in backend.CurrentKey, backend.CurrentHash, default);
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

    public override void Clear() => _memory.Remove(table, in backend.CurrentKey, backend.CurrentHash, default);

    private ref StateList<T> List() => ref table.GetOrAdd(in backend.CurrentKey, backend.CurrentHash, default, out _);
}
