using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed.Ttl;

/// <summary>The map of the current key, each entry with a time to live. An empty map has no entry.</summary>
internal sealed class TtlMapState<TKey, TMapKey, TValue>(TtlTable<TKey, StateMap<TMapKey, TtlValue<TValue>>> table) : MapState<TMapKey, TValue>
    where TMapKey : notnull
{
    public override int Count => Entries.Count();

    /// <inheritdoc/>
    /// <remarks>A list of its own, so that what has expired can be removed meanwhile.</remarks>
    public override IEnumerable<KeyValuePair<TMapKey, TValue>> Entries
    {
        get
        {
            var moment = table.Use();
            ref readonly var found = ref table.Peek();
            if (Unsafe.IsNullRef(in found))
            {
                return [];
            }

            var entries = new List<KeyValuePair<TMapKey, TValue>>(found.Count);
            bool changes = false;
            foreach (var (key, entry) in found)
            {
                bool isExpired = entry.LastUse <= moment.Horizon;
                changes |= isExpired ? table.HidesExpired : table.UpdatesOnRead && entry.LastUse != moment.Now;
                if (!isExpired || !table.HidesExpired)
                {
                    entries.Add(new(key, entry.Value));
                }
            }

            if (changes)
            {
                RemoveExpiredAndUse(moment);
            }

            return entries;
        }
    }

    public override TValue this[TMapKey key]
    {
        get => TryGet(key, out var value) ? value : throw new KeyNotFoundException($"The map of the current key has no entry '{key}'.");
        set => GetOrAdd(key) = value;
    }

    public override ref TValue GetOrAdd(TMapKey key)
    {
        // Checked before the table makes room, as in a map without a time to live.
        if (!typeof(TMapKey).IsValueType && key is null)
        {
            throw new ArgumentNullException(nameof(key));
        }

        var moment = table.Use();
        ref var map = ref table.GetOrAdd(out _);

        if (table.IsToBeCleanedUp(map.Count) && Unsafe.IsNullRef(ref map.Find(key)))
        {
            RemoveExpired(ref map, moment.Horizon);
        }

        ref var entry = ref map.GetOrAdd(key, out bool existed);
        if (existed && table.HidesExpired && entry.LastUse <= moment.Horizon)
        {
            entry.Value = default!;
        }

        entry.LastUse = moment.Now;
        return ref entry.Value;
    }

    public override bool TryGet(TMapKey key, [MaybeNullWhen(false)] out TValue value)
    {
        var moment = table.Use();
        value = default;
        ref readonly var map = ref table.Peek();
        if (Unsafe.IsNullRef(in map) || !map.TryGet(key, out var entry))
        {
            return false;
        }

        if (entry.LastUse <= moment.Horizon)
        {
            if (table.HidesExpired)
            {
                RemoveEntry(key);
                return false;
            }
        }
        else if (table.UpdatesOnRead && entry.LastUse != moment.Now)
        {
            table.Find().Find(key).LastUse = moment.Now;
        }

        value = entry.Value;
        return true;
    }

    public override bool Contains(TMapKey key) => TryGet(key, out _);

    public override bool Remove(TMapKey key)
    {
        var moment = table.Use();
        ref readonly var map = ref table.Peek();
        if (Unsafe.IsNullRef(in map) || !map.TryGet(key, out var entry))
        {
            return false;
        }

        RemoveEntry(key);
        return !table.HidesExpired || entry.LastUse > moment.Horizon;
    }

    public override void Clear() => table.Remove();

    private void RemoveEntry(TMapKey key)
    {
        ref var map = ref table.Find();
        map.Remove(key);
        if (map.Count == 0)
        {
            table.Remove();
        }
    }

    private void RemoveExpiredAndUse(Moment moment)
    {
        ref var map = ref table.Find();
        if (table.HidesExpired && !RemoveExpired(ref map, moment.Horizon))
        {
            table.Remove();
            return;
        }

        if (table.UpdatesOnRead)
        {
            foreach (var (key, entry) in map)
            {
                if (entry.LastUse > moment.Horizon)
                {
                    map.Find(key).LastUse = moment.Now;
                }
            }
        }
    }

    /// <returns>Whether any are left.</returns>
    private static bool RemoveExpired(ref StateMap<TMapKey, TtlValue<TValue>> map, long horizon)
    {
        foreach (var (key, entry) in map)
        {
            if (entry.LastUse <= horizon)
            {
                map.Remove(key);
            }
        }

        return map.Count > 0;
    }
}
