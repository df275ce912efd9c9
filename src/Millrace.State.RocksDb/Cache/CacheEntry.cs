using System.Runtime.InteropServices;

namespace Millrace.State.RocksDb.Cache;

/// <summary>A slot of a <see cref="CacheGroup{TKey, TNamespace, TValue}"/>.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct CacheEntry<TKey, TNamespace, TValue>
{
    /// <summary>The hash of key and namespace with the top bit set; 0 in an empty slot. Its low bits are the slot where the entry wants to be.</summary>
    public uint Stored;

    /// <summary>What is known of the entry: see <see cref="EntryFlags"/>.</summary>
    public uint Flags;

    public TKey Key;

    public TNamespace Namespace;

    public TValue Value;
}

/// <summary>
/// What is known of a cached entry: three bits, and in the others the epoch in which it was changed last. An epoch ends when the state is frozen. An
/// entry is <em>dirty</em> – the store does not have it – when its epoch is later than the last one that was written; so writing an epoch makes all its entries clean at once.
/// </summary>
internal static class EntryFlags
{
    /// <summary>There is no such entry: it was removed, or looked for in vain.</summary>
    public const uint Absent = 0x8000_0000;

    /// <summary>It was used since the eviction last came past.</summary>
    public const uint Referenced = 0x4000_0000;

    /// <summary>The store has, or is about to have, something under this key: removing it takes a deletion there.</summary>
    public const uint InStore = 0x2000_0000;

    public const uint EpochMask = 0x1FFF_FFFF;

    /// <summary>The bits that are just so in an entry that was changed in this epoch and used since: where nothing is left to do.</summary>
    public const uint HotMask = Absent | Referenced | EpochMask;
}
