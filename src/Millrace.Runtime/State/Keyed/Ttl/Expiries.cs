using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed.Ttl;

/// <summary>When a value expires.</summary>
internal sealed class ValueExpiry<T>(StateTtl ttl, TimeProvider clock) : StateExpiry<TtlValue<T>>(ttl, clock)
{
    public override long LastUse(in TtlValue<T> value) => value.LastUse;
}

/// <summary>When a list expires: with its last element.</summary>
internal sealed class ListExpiry<T>(StateTtl ttl, TimeProvider clock) : StateExpiry<StateList<TtlValue<T>>>(ttl, clock)
{
    public override long LastUse(in StateList<TtlValue<T>> value)
    {
        long last = long.MinValue;
        foreach (ref readonly var element in value.AsSpan())
        {
            last = Math.Max(last, element.LastUse);
        }

        return last;
    }

    // From the end, where the youngest is: mostly one look is enough.
    public override bool IsExpired(in StateList<TtlValue<T>> value, long horizon)
    {
        var elements = value.AsSpan();
        for (int index = elements.Length - 1; index >= 0; index--)
        {
            if (elements[index].LastUse > horizon)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>When a map expires: with its last entry.</summary>
internal sealed class MapExpiry<TMapKey, TValue>(StateTtl ttl, TimeProvider clock) : StateExpiry<StateMap<TMapKey, TtlValue<TValue>>>(ttl, clock)
    where TMapKey : notnull
{
    public override long LastUse(in StateMap<TMapKey, TtlValue<TValue>> value)
    {
        long last = long.MinValue;
        foreach (var entry in value)
        {
            last = Math.Max(last, entry.Value.LastUse);
        }

        return last;
    }

    public override bool IsExpired(in StateMap<TMapKey, TtlValue<TValue>> value, long horizon)
    {
        foreach (var entry in value)
        {
            if (entry.Value.LastUse > horizon)
            {
                return false;
            }
        }

        return true;
    }
}
