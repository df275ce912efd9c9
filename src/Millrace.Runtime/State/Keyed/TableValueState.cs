using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed;

/// <summary>The value of the current key, in a table of any backend.</summary>
internal sealed class TableValueState<TKey, T>(KeyedStateBackend<TKey> backend, KeyedStateTable<TKey, VoidNamespace, T> table) : ValueState<T>
{
    public override bool Exists => !Unsafe.IsNullRef(in table.Peek(in backend.CurrentKey, backend.CurrentHash, default));

    [MaybeNull]
    public override T Value
    {
        get
        {
            ref readonly var value = ref table.Peek(in backend.CurrentKey, backend.CurrentHash, default);
            return Unsafe.IsNullRef(in value) ? default : value;
        }

        set => table.GetOrAdd(in backend.CurrentKey, backend.CurrentHash, default, out _) = value!;
    }

    public override ref T GetOrAdd() => ref table.GetOrAdd(in backend.CurrentKey, backend.CurrentHash, default, out _);

    public override bool TryGet([MaybeNullWhen(false)] out T value)
    {
        ref readonly var found = ref table.Peek(in backend.CurrentKey, backend.CurrentHash, default);
        bool exists = !Unsafe.IsNullRef(in found);
        value = exists ? found : default;
        return exists;
    }

    public override void Clear() => table.Remove(in backend.CurrentKey, backend.CurrentHash, default);
}
