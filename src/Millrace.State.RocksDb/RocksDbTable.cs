using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Millrace.Serialization;
using Millrace.State.Backends;
using Millrace.State.RocksDb.Cache;
using Millrace.State.RocksDb.Snapshots;

namespace Millrace.State.RocksDb;

/// <summary>A state in a store, behind a write-back cache of objects: what is in the cache is true, what is not there is as the store has it.</summary>
internal sealed partial class RocksDbTable<TKey, TNamespace, TValue> : KeyedStateTable<TKey, TNamespace, TValue>, IRocksDbTable<TKey>
{
    // One empty slot: where there is no group yet, a search finds nothing.
    private static readonly CacheEntry<TKey, TNamespace, TValue>[] NoSlots = new CacheEntry<TKey, TNamespace, TValue>[1];

    // A table of fewer bytes is in the processor's second-level cache anyway: fetching ahead costs more than it gives.
    private const long ProcessorCache = 256 * 1024;

    private readonly StoreSession _session;
    private readonly EntryCodec<TKey, TNamespace, TValue> _codec;
    private readonly TypeSerializer<TValue> _values;
    private readonly StateExpiry<TValue>? _expiry;
    private readonly StableHasher<TKey> _keyHasher;
    private readonly StableHasher<TNamespace>? _namespaceHasher;
    private readonly CacheGroup<TKey, TNamespace, TValue>?[] _groups;

    // The slots of each group once more: one step less from a hash to its entry.
    private readonly CacheEntry<TKey, TNamespace, TValue>[][] _slots;
    private readonly int _firstGroup;
    private readonly int _maxParallelism;

    // Only for reference types: for value types EqualityComparer.Default is inlined.
    private readonly EqualityComparer<TKey>? _keyComparer;
    private readonly EqualityComparer<TNamespace>? _namespaceComparer;

    // The flags of an entry on which nothing is left to do before it is handed out for writing.
    private uint _hot;

    /// <param name="session">Shared with the other tables of the backend.</param>
    /// <param name="state">The state, with what the store has of it.</param>
    /// <param name="descriptor">How it is written.</param>
    /// <param name="keys">Writes keys.</param>
    /// <param name="keyHasher">Hashes keys.</param>
    public RocksDbTable(
        StoreSession session,
        StoredState state,
        StateTableDescriptor<TNamespace, TValue> descriptor,
        TypeSerializer<TKey> keys,
        StableHasher<TKey> keyHasher)
    {
        _session = session;
        _codec = new EntryCodec<TKey, TNamespace, TValue>(state.Id, keys, descriptor.NamespaceSerializer, descriptor.ValueSerializer, state.Header.Kind, descriptor.Expiry);
        _expiry = descriptor.Expiry;
        _values = descriptor.ValueSerializer;
        _keyHasher = keyHasher;
        _namespaceHasher = descriptor.NamespaceHasher;
        _firstGroup = session.Range.Start;
        _maxParallelism = session.MaxParallelism;
        _groups = new CacheGroup<TKey, TNamespace, TValue>?[session.Range.Count];
        _slots = new CacheEntry<TKey, TNamespace, TValue>[session.Range.Count][];
        Array.Fill(_slots, NoSlots);
        _keyComparer = typeof(TKey).IsValueType ? null : EqualityComparer<TKey>.Default;
        _namespaceComparer = typeof(TNamespace).IsValueType ? null : EqualityComparer<TNamespace>.Default;
        State = state;
        session.Budget.Join();
        EpochBegan();
        for (int index = 0; index < state.Counts.Length; index++)
        {
            if (state.Counts[index] > 0)
            {
                var group = GroupAt(index);
                group.Counted(state.Counts[index]);
                group.IsFilterUnknown = true;
                _outside += group.Outside;
            }
        }
    }

    public StoredState State { get; }

    public override long Count => _outside + _present;

    public override bool IsLookUpSlow => _outside > 0;

    public override ref TValue GetOrAdd(scoped in TKey key, ulong hash, scoped in TNamespace ns, out bool existed)
    {
        int index = IndexOf(hash);
        uint stored = Combine(hash, in ns);
        ref var found = ref Search(_slots[index], in key, stored, in ns);
        if (!Unsafe.IsNullRef(ref found) && (found.Flags & EntryFlags.HotMask) == _hot)
        {
            existed = true;
            return ref found.Value;
        }

        return ref GetOrAddSlowly(index, in key, hash, stored, in ns, ref found, out existed);
    }

    public override ref TValue Find(scoped in TKey key, ulong hash, scoped in TNamespace ns)
    {
        int index = IndexOf(hash);
        uint stored = Combine(hash, in ns);
        ref var found = ref Search(_slots[index], in key, stored, in ns);
        if (!Unsafe.IsNullRef(ref found) && (found.Flags & EntryFlags.HotMask) == _hot)
        {
            return ref found.Value;
        }

        return ref FindSlowly(index, in key, hash, stored, in ns, ref found);
    }

    public override ref readonly TValue Peek(scoped in TKey key, ulong hash, scoped in TNamespace ns)
    {
        int index = IndexOf(hash);
        uint stored = Combine(hash, in ns);
        ref var found = ref Search(_slots[index], in key, stored, in ns);
        if (!Unsafe.IsNullRef(ref found) && (found.Flags & (EntryFlags.Absent | EntryFlags.Referenced)) == EntryFlags.Referenced)
        {
            return ref found.Value;
        }

        return ref PeekSlowly(index, in key, hash, stored, in ns, ref found);
    }

    public override void Prefetch(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes, in TNamespace ns)
    {
        if (_outside > 0)
        {
            Fetch(keys, hashes, in ns);
        }
        else if (!hashes.IsEmpty && _present * Unsafe.SizeOf<CacheEntry<TKey, TNamespace, TValue>>() > ProcessorCache)
        {
            LoadCacheLines(hashes, in ns);
        }
    }

    public void PrefetchKeys(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes)
    {
        if (typeof(TNamespace) == typeof(VoidNamespace))
        {
            Prefetch(keys, hashes, default!);
        }
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

    /// <summary>The hash bits to keep in a slot: never 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Combine(ulong hash, in TNamespace ns) =>
        typeof(TNamespace) == typeof(VoidNamespace) ? (uint)hash | 0x8000_0000 : (uint)hash ^ (uint)(MixedHashOf(in ns) >> 32) | 0x8000_0000;

    /// <summary>The hash of key and namespace with all its bits, for the filter.</summary>
    private ulong FullHash(ulong hash, in TNamespace ns) => typeof(TNamespace) == typeof(VoidNamespace) ? hash : hash ^ MixedHashOf(in ns);

    // The multiplier is from the golden ratio (Fibonacci hashing): windows differ by multiples of round numbers, which the upper half of the product
    // spreads well.
    private ulong MixedHashOf(in TNamespace ns) =>
        (_namespaceHasher is null ? (ulong)EqualityComparer<TNamespace>.Default.GetHashCode(ns!) : _namespaceHasher.Hash(ns)) * 0x9E37_79B9_7F4A_7C15;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref CacheEntry<TKey, TNamespace, TValue> Search(CacheEntry<TKey, TNamespace, TValue>[] slots, scoped in TKey key, uint stored, scoped in TNamespace ns)
    {
        int mask = slots.Length - 1;
        ref var first = ref MemoryMarshal.GetArrayDataReference(slots);
        int index = (int)stored & mask;
        while (true)
        {
            ref var slot = ref Unsafe.Add(ref first, index);
            if (slot.Stored == stored && KeyEquals(in slot.Key, in key) && NamespaceEquals(in slot.Namespace, in ns))
            {
                return ref slot;
            }

            if (slot.Stored == 0)
            {
                return ref Unsafe.NullRef<CacheEntry<TKey, TNamespace, TValue>>();
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

    /// <summary>All is in the cache: only the processor has to be told.</summary>
    private unsafe void LoadCacheLines(ReadOnlySpan<ulong> hashes, in TNamespace ns)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        foreach (ulong hash in hashes)
        {
            var slots = _slots[IndexOf(hash)];
            int home = (int)Combine(hash, in ns) & (slots.Length - 1);

            // The slots may move meanwhile: then the hint is wasted, and nothing else happens.
            Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(slots), home)));
        }
    }

    private CacheGroup<TKey, TNamespace, TValue> GroupAt(int index)
    {
        if (_groups[index] is not { } group)
        {
            group = new CacheGroup<TKey, TNamespace, TValue>();
            _groups[index] = group;
            _slots[index] = group.Slots;
            Take(SizeOf(group.Slots.Length));
        }

        return group;
    }

    [DoesNotReturn]
    private void ThrowForeignGroup(ulong hash) =>
        throw new ArgumentOutOfRangeException(
            nameof(hash),
            $"State '{State.Header.Name}': the key belongs to key group {KeyGroup.Of(hash, _maxParallelism)}, but this subtask has the groups {_firstGroup} to {_firstGroup + _groups.Length - 1}.");
}
