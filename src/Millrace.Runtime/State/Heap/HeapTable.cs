using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Heap;

/// <summary>A state in memory: a <see cref="HeapGroup{TKey, TNamespace, TValue}"/> for each key group that ever had an entry.</summary>
internal sealed partial class HeapTable<TKey, TNamespace, TValue> : KeyedStateTable<TKey, TNamespace, TValue>, IHeapState
{
    // One empty slot: where there is no group yet, a search finds nothing.
    private static readonly HeapEntry<TKey, TNamespace, TValue>[] NoSlots = new HeapEntry<TKey, TNamespace, TValue>[1];
    private static readonly ulong[] NoPlaces = new ulong[1];

    // A table of fewer bytes is in the processor's second-level cache anyway: fetching ahead costs more than it gives.
    private const long CachedSize = 256 * 1024;

    // A table of more bytes is not: then it also pays to gather keys for it.
    private const long UncachedSize = 1024 * 1024;

    private readonly HeapGroup<TKey, TNamespace, TValue>?[] _groups;

    // The slots of each group once more, and the places of its index where there is one: one step less from a hash to its entry.
    private readonly HeapEntry<TKey, TNamespace, TValue>[][] _slots;
    private readonly ulong[][] _places;
    private readonly int _firstGroup;
    private readonly int _maxParallelism;
    private readonly SlotHasher<TNamespace> _hasher;

    // Only for reference types: for value types EqualityComparer.Default is inlined.
    private readonly EqualityComparer<TKey>? _keyComparer;
    private readonly EqualityComparer<TNamespace>? _namespaceComparer;
    private readonly HeapTableCodec<TKey, TNamespace, TValue> _codec;
    private readonly StateExpiry<TValue>? _expiry;
    private readonly AsideSegments<TKey, TNamespace, TValue> _aside = new();

    // How many snapshots still read any of the groups: while there is none, nothing need be put aside. A volatile read: what a writer read before
    // it let go must not be seen to happen after our write.
    private int _snapshots;

    public HeapTable(
        StateIdentity identity,
        KeyGroupRange range,
        int maxParallelism,
        HeapTableCodec<TKey, TNamespace, TValue> codec,
        SlotHasher<TNamespace> hasher,
        StateExpiry<TValue>? expiry = null)
    {
        _expiry = expiry;
        Identity = identity;
        _groups = new HeapGroup<TKey, TNamespace, TValue>?[range.Count];
        _slots = new HeapEntry<TKey, TNamespace, TValue>[range.Count][];
        _places = IsDense ? new ulong[range.Count][] : [];
        Clear();
        _firstGroup = range.Start;
        _maxParallelism = maxParallelism;
        _codec = codec;
        _hasher = hasher;
        _keyComparer = typeof(TKey).IsValueType ? null : EqualityComparer<TKey>.Default;
        _namespaceComparer = typeof(TNamespace).IsValueType ? null : EqualityComparer<TNamespace>.Default;
    }

    private static bool IsDense => HeapGroup<TKey, TNamespace, TValue>.IsDense;

    public StateIdentity Identity { get; }

    public override long Count
    {
        get
        {
            long count = 0;
            foreach (var group in _groups)
            {
                count += group?.Count ?? 0;
            }

            return count;
        }
    }

    /// <summary>How many slots there are, full or empty: what the table costs.</summary>
    public long Capacity => _groups.Sum(group => (long)(group?.Slots.Length ?? 0));

    public override ref TValue GetOrAdd(scoped in TKey key, ulong hash, scoped in TNamespace ns, out bool existed)
    {
        int index = IndexOf(hash);
        uint stored = _hasher.Stored(hash, in ns);
        ref var found = ref Search(index, in key, stored, in ns);
        if (Unsafe.IsNullRef(ref found))
        {
            existed = false;
            return ref Add(index, in key, stored, in ns);
        }

        if (Volatile.Read(ref _snapshots) != 0)
        {
            Preserve(index, ref found);
        }

        existed = true;
        return ref found.Value;
    }

    public override ref TValue Find(scoped in TKey key, ulong hash, scoped in TNamespace ns)
    {
        int index = IndexOf(hash);
        uint stored = _hasher.Stored(hash, in ns);
        ref var found = ref Search(index, in key, stored, in ns);
        if (Unsafe.IsNullRef(ref found))
        {
            return ref Unsafe.NullRef<TValue>();
        }

        if (Volatile.Read(ref _snapshots) != 0)
        {
            Preserve(index, ref found);
        }

        return ref found.Value;
    }

    public override ref readonly TValue Peek(scoped in TKey key, ulong hash, scoped in TNamespace ns)
    {
        ref var found = ref Search(IndexOf(hash), in key, _hasher.Stored(hash, in ns), in ns);
        if (Unsafe.IsNullRef(ref found))
        {
            return ref Unsafe.NullRef<TValue>();
        }

        return ref found.Value;
    }

    public override bool Remove(scoped in TKey key, ulong hash, scoped in TNamespace ns)
    {
        int index = IndexOf(hash);
        ref var found = ref Search(index, in key, _hasher.Stored(hash, in ns), in ns);
        if (Unsafe.IsNullRef(ref found))
        {
            return false;
        }

        RemoveAt(index, ref found);
        return true;
    }

    public override bool TryTake(scoped in TKey key, ulong hash, scoped in TNamespace ns, [MaybeNullWhen(false)] out TValue value)
    {
        int index = IndexOf(hash);
        ref var found = ref Search(index, in key, _hasher.Stored(hash, in ns), in ns);
        if (Unsafe.IsNullRef(ref found))
        {
            value = default;
            return false;
        }

        // What a snapshot still reads, or has put aside, may be this very value.
        bool isGiven = Volatile.Read(ref _snapshots) == 0;
        value = isGiven ? found.Value : default;
        RemoveAt(index, ref found);
        return isGiven;
    }

    // A frozen group lives on in the snapshot.
    public override void Clear()
    {
        Array.Clear(_groups);
        Array.Fill(_slots, NoSlots);
        Array.Fill(_places, NoPlaces);
    }

    public override bool IsLookUpSlow => SizeBy(0) >= UncachedSize;

    public override void Prefetch(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes, in TNamespace ns)
    {
        if (hashes.IsEmpty || SizeBy(IndexOf(hashes[0])) < CachedSize)
        {
            return;
        }

        if (IsDense)
        {
            PrefetchPlaces(hashes, in ns);
        }

        foreach (ulong hash in hashes)
        {
            int index = IndexOf(hash);
            var slots = _slots[index];
            uint stored = _hasher.Stored(hash, in ns);
            int slot = IsDense ? PlaceIndex.Find(_places[index], stored) : (int)stored & (slots.Length - 1);
            CacheLine.PrefetchAll(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(slots), slot));
        }

        if (Volatile.Read(ref _snapshots) != 0)
        {
            PrefetchForPreserve(hashes, in ns);
        }
    }

    /// <summary>About how many bytes there are: keys are spread evenly over the groups, so that one tells how large all are.</summary>
    private long SizeBy(int group) => (long)_slots[group].Length * _slots.Length * Unsafe.SizeOf<HeapEntry<TKey, TNamespace, TValue>>();

    private void PrefetchPlaces(ReadOnlySpan<ulong> hashes, in TNamespace ns)
    {
        foreach (ulong hash in hashes)
        {
            var places = _places[IndexOf(hash)];
            int home = (int)_hasher.Stored(hash, in ns) & (places.Length - 1);
            CacheLine.Prefetch(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(places), home));
        }
    }

    private void PrefetchForPreserve(ReadOnlySpan<ulong> hashes, in TNamespace ns)
    {
        foreach (ulong hash in hashes)
        {
            int index = IndexOf(hash);
            uint stored = _hasher.Stored(hash, in ns);
            _groups[index]?.PrefetchForPreserve(IsDense ? PlaceIndex.Find(_places[index], stored) : (int)stored & (_slots[index].Length - 1));
        }
    }

    public override void Prefetch(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes)
    {
        if (_hasher.IsOfKeyAlone)
        {
            Prefetch(keys, hashes, default!);
        }
    }

    public void Prefetch(ReadOnlySpan<ulong> hashes)
    {
        if (typeof(TNamespace) == typeof(VoidNamespace))
        {
            Prefetch([], hashes, default!);
        }
    }

    public override void RemoveExpired(ref TableCursor cursor, int entries, long horizon)
    {
        var expiry = _expiry!;

        // Counted in slots, of which half are full, so that it does not take long where nearly all are empty.
        int left = 2 * entries;
        for (int partition = cursor.Partition, position = cursor.Position; partition < _groups.Length; partition++, position = 0)
        {
            var slots = _slots[partition];
            for (left--; position < slots.Length; left--)
            {
                if (left <= 0)
                {
                    cursor = new TableCursor { Partition = partition, Position = position };
                    return;
                }

                ref readonly var slot = ref slots[position];
                if (slot.IsFull && expiry.IsExpired(in slot.Value, horizon))
                {
                    // Another entry may be there now.
                    var group = _groups[partition]!;
                    group.RemoveAt(position);
                    Put(partition, group);
                    slots = group.Slots;
                }
                else
                {
                    position++;
                }
            }
        }

        cursor = default;
    }

    public override bool MoveNext(ref TableCursor cursor)
    {
        for (int partition = cursor.Partition, position = cursor.Position; partition < _groups.Length; partition++, position = 0)
        {
            var group = _groups[partition];
            if (group is null || group.Count == 0)
            {
                continue;
            }

            var slots = group.Slots;
            for (; position < slots.Length; position++)
            {
                if (slots[position].IsFull)
                {
                    cursor.Partition = partition;
                    cursor.Position = position + 1;
                    return true;
                }
            }
        }

        cursor.Partition = _groups.Length;
        cursor.Position = 0;
        return false;
    }

    public override ref readonly TKey KeyAt(in TableCursor cursor) => ref SlotAt(in cursor).Key;

    public override ref readonly TNamespace NamespaceAt(in TableCursor cursor) => ref SlotAt(in cursor).Namespace;

    public override ref readonly TValue PeekAt(in TableCursor cursor) => ref SlotAt(in cursor).Value;

    public override ref TValue ValueAt(in TableCursor cursor)
    {
        if (Volatile.Read(ref _snapshots) != 0)
        {
            _groups[cursor.Partition]!.Preserve(cursor.Position - 1);
        }

        return ref SlotAt(in cursor).Value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int IndexOf(ulong hash)
    {
        int index = KeyGroup.Of(hash, _maxParallelism) - _firstGroup;
        if ((uint)index >= (uint)_groups.Length)
        {
            ThrowForeignGroup(hash);
        }

        return index;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref HeapEntry<TKey, TNamespace, TValue> Search(int group, scoped in TKey key, uint stored, scoped in TNamespace ns)
    {
        var slots = _slots[group];
        ref var first = ref MemoryMarshal.GetArrayDataReference(slots);
        if (IsDense)
        {
            return ref SearchDense(ref first, _places[group], in key, stored, in ns);
        }

        int mask = slots.Length - 1;
        int index = (int)stored & mask;
        while (true)
        {
            ref var slot = ref Unsafe.Add(ref first, index);
            if (slot.Stored == stored && KeyEquals(in slot.Key, in key) && NamespaceEquals(in slot.Namespace, in ns))
            {
                return ref slot;
            }

            if (!slot.IsFull)
            {
                return ref Unsafe.NullRef<HeapEntry<TKey, TNamespace, TValue>>();
            }

            index = (index + 1) & mask;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref HeapEntry<TKey, TNamespace, TValue> SearchDense(
        ref HeapEntry<TKey, TNamespace, TValue> first, ulong[] places, scoped in TKey key, uint stored, scoped in TNamespace ns)
    {
        int mask = places.Length - 1;
        ref ulong firstPlace = ref MemoryMarshal.GetArrayDataReference(places);
        int index = (int)stored & mask;
        while (true)
        {
            ulong place = Unsafe.Add(ref firstPlace, index);
            if (PlaceIndex.HashOf(place) == stored)
            {
                ref var slot = ref Unsafe.Add(ref first, PlaceIndex.SlotOf(place));
                if (KeyEquals(in slot.Key, in key) && NamespaceEquals(in slot.Namespace, in ns))
                {
                    return ref slot;
                }
            }

            if (place == 0)
            {
                return ref Unsafe.NullRef<HeapEntry<TKey, TNamespace, TValue>>();
            }

            index = (index + 1) & mask;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool KeyEquals(in TKey left, in TKey right) =>
        typeof(TKey).IsValueType ? EqualityComparer<TKey>.Default.Equals(left, right) : _keyComparer!.Equals(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool NamespaceEquals(in TNamespace left, in TNamespace right)
    {
        if (typeof(TNamespace) == typeof(VoidNamespace))
        {
            return true;
        }

        return typeof(TNamespace).IsValueType
            ? EqualityComparer<TNamespace>.Default.Equals(left, right)
            : _namespaceComparer!.Equals(left, right);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ref TValue Add(int index, scoped in TKey key, uint stored, scoped in TNamespace ns)
    {
        var group = _groups[index] ??= new HeapGroup<TKey, TNamespace, TValue>(_codec.Values, _firstGroup + index);
        ref var slot = ref group.Add(stored);
        Put(index, group);
        slot.Key = key;
        slot.Namespace = ns;
        return ref slot.Value;
    }

    private void RemoveAt(int index, ref HeapEntry<TKey, TNamespace, TValue> found)
    {
        var group = _groups[index]!;
        group.RemoveAt(SlotOf(index, ref found));
        Put(index, group);
    }

    /// <summary>Puts aside for snapshots what is in a slot. To be called before it is written.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Preserve(int index, ref HeapEntry<TKey, TNamespace, TValue> found) => _groups[index]!.Preserve(SlotOf(index, ref found));

    private int SlotOf(int index, ref HeapEntry<TKey, TNamespace, TValue> found)
    {
        nint offset = Unsafe.ByteOffset(ref MemoryMarshal.GetArrayDataReference(_slots[index]), ref found);
        return (int)(offset / Unsafe.SizeOf<HeapEntry<TKey, TNamespace, TValue>>());
    }

    private void Put(int index, HeapGroup<TKey, TNamespace, TValue> group)
    {
        _groups[index] = group;
        _slots[index] = group.Slots;
        if (IsDense)
        {
            _places[index] = group.Places;
        }
    }

    private ref HeapEntry<TKey, TNamespace, TValue> SlotAt(in TableCursor cursor) => ref _slots[cursor.Partition][cursor.Position - 1];

    [DoesNotReturn]
    private void ThrowForeignGroup(ulong hash) =>
        throw new ArgumentOutOfRangeException(
            nameof(hash),
            $"State '{Identity.Name}': the key belongs to key group {KeyGroup.Of(hash, _maxParallelism)}, but this subtask has the groups {_firstGroup} to {_firstGroup + _groups.Length - 1}.");
}
