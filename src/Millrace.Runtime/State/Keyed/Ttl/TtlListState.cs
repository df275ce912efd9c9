using System.Numerics;
using System.Runtime.CompilerServices;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed.Ttl;

/// <summary>The list of the current key, each element with a time to live. An empty list has no entry.</summary>
internal sealed class TtlListState<TKey, T>(TtlTable<TKey, StateList<TtlValue<T>>> table) : ListState<T>
{
    // What was read last, without the times.
    private T[] _read = [];

    public override int Count => AsSpan().Length;

    public override void Add(T value) => AddRange([value]);

    public override void AddRange(ReadOnlySpan<T> values)
    {
        if (values.IsEmpty)
        {
            return;
        }

        var moment = table.Use();
        ref var list = ref table.GetOrAdd(out _);

        if (table.IsToBeCleanedUp(list.Count))
        {
            RemoveExpired(ref list, moment.Horizon);
        }

        foreach (var value in values)
        {
            list.Add(new TtlValue<T>(value, moment.Now));
        }
    }

    public override ReadOnlySpan<T> AsSpan()
    {
        var moment = table.Use();
        ref readonly var found = ref table.Peek();
        if (Unsafe.IsNullRef(in found))
        {
            return [];
        }

        if (!IsAsItShouldBe(found.AsSpan(), moment))
        {
            ref var list = ref table.Find();
            if (table.HidesExpired && !RemoveExpired(ref list, moment.Horizon))
            {
                table.Remove();
                return [];
            }

            Use(list.AsSpan(), moment);
            found = ref list;
        }

        var elements = found.AsSpan();
        if (_read.Length < elements.Length)
        {
            _read = new T[BitOperations.RoundUpToPowerOf2((uint)elements.Length)];
        }

        for (int index = 0; index < elements.Length; index++)
        {
            _read[index] = elements[index].Value;
        }

        return _read.AsSpan(0, elements.Length);
    }

    public override void Update(ReadOnlySpan<T> values)
    {
        var moment = table.Use();
        if (values.IsEmpty)
        {
            table.Remove();
            return;
        }

        var elements = new TtlValue<T>[values.Length];
        for (int index = 0; index < elements.Length; index++)
        {
            elements[index] = new TtlValue<T>(values[index], moment.Now);
        }

        table.GetOrAdd(out _) = StateList<TtlValue<T>>.Over(elements);
    }

    public override void Clear() => table.Remove();

    /// <summary>Whether reading changes nothing.</summary>
    private bool IsAsItShouldBe(ReadOnlySpan<TtlValue<T>> elements, Moment moment)
    {
        foreach (ref readonly var element in elements)
        {
            if (element.LastUse <= moment.Horizon ? table.HidesExpired : table.UpdatesOnRead && element.LastUse != moment.Now)
            {
                return false;
            }
        }

        return true;
    }

    private void Use(Span<TtlValue<T>> elements, Moment moment)
    {
        if (!table.UpdatesOnRead)
        {
            return;
        }

        foreach (ref var element in elements)
        {
            if (element.LastUse > moment.Horizon)
            {
                element.LastUse = moment.Now;
            }
        }
    }

    /// <returns>Whether any are left.</returns>
    private static bool RemoveExpired(ref StateList<TtlValue<T>> list, long horizon)
    {
        var elements = list.AsSpan();
        int kept = 0;
        for (int index = 0; index < elements.Length; index++)
        {
            if (elements[index].LastUse > horizon)
            {
                elements[kept++] = elements[index];
            }
        }

        if (kept < elements.Length)
        {
            list.Replace(elements[..kept]);
        }

        return kept > 0;
    }
}
