using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Millrace.State;

namespace Millrace.Runtime.State.Keyed.Ttl;

/// <summary>The value of the current key, with a time to live.</summary>
internal sealed class TtlValueState<TKey, T>(TtlTable<TKey, TtlValue<T>> table) : ValueState<T>
{
    public override bool Exists => !Unsafe.IsNullRef(in Read());

    [MaybeNull]
    public override T Value
    {
        get => TryGet(out var value) ? value : default;
        set => Write() = value!;
    }

    public override ref T GetOrAdd() => ref Write();

    public override bool TryGet([MaybeNullWhen(false)] out T value)
    {
        ref readonly var found = ref Read();
        bool exists = !Unsafe.IsNullRef(in found);
        value = exists ? found.Value : default;
        return exists;
    }

    public override void Clear() => table.Remove();

    private ref readonly TtlValue<T> Read()
    {
        var moment = table.Use();
        ref readonly var found = ref table.Peek();
        if (Unsafe.IsNullRef(in found))
        {
            return ref found;
        }

        if (found.LastUse <= moment.Horizon)
        {
            if (table.HidesExpired)
            {
                table.Remove();
                return ref Unsafe.NullRef<TtlValue<T>>();
            }
        }
        else if (table.UpdatesOnRead && found.LastUse != moment.Now)
        {
            ref var used = ref table.Find();
            used.LastUse = moment.Now;
            return ref used;
        }

        return ref found;
    }

    private ref T Write()
    {
        var moment = table.Use();
        ref var entry = ref table.GetOrAdd(out bool existed);
        if (existed && table.HidesExpired && entry.LastUse <= moment.Horizon)
        {
            entry.Value = default!;
        }

        entry.LastUse = moment.Now;
        return ref entry.Value;
    }
}
