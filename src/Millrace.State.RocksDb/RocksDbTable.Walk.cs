using System.Runtime.CompilerServices;
using Millrace.State.Backends;
using Millrace.State.RocksDb.Cache;
using Millrace.State.RocksDb.Storage;

namespace Millrace.State.RocksDb;

/// <content>Enumeration: over the store, which is made to agree with the cache first.</content>
internal sealed partial class RocksDbTable<TKey, TNamespace, TValue>
{
    private const int Ended = -1;

    private readonly List<Walk?> _walks = [];

    public override bool MoveNext(ref TableCursor cursor)
    {
        if (cursor.Partition == Ended)
        {
            return false;
        }

        if (cursor.Partition == 0)
        {
            cursor.Partition = Begin();
        }

        var walk = WalkOf(in cursor);
        while (MoveNext(walk))
        {
            ref var there = ref Cached(walk);
            if (Unsafe.IsNullRef(in there) || (there.Flags & EntryFlags.Absent) == 0)
            {
                return true;
            }
        }

        walk.Close();
        _walks[cursor.Partition - 1] = null;
        cursor.Partition = Ended;
        return false;
    }

    public override ref readonly TKey KeyAt(in TableCursor cursor) => ref WalkOf(in cursor).Key;

    public override ref readonly TNamespace NamespaceAt(in TableCursor cursor) => ref WalkOf(in cursor).Namespace;

    public override ref readonly TValue PeekAt(in TableCursor cursor)
    {
        var walk = WalkOf(in cursor);
        ref var there = ref Cached(walk);
        if (!Unsafe.IsNullRef(in there))
        {
            return ref there.Value;
        }

        // Not put into the cache: a walk over a large state would leave nothing else in it.
        return ref walk.Value;
    }

    public override ref TValue ValueAt(in TableCursor cursor)
    {
        var walk = WalkOf(in cursor);
        ref var found = ref Find(in walk.Key, _keyHasher.Hash(walk.Key), in walk.Namespace);
        if (Unsafe.IsNullRef(ref found))
        {
            // Removed since; what is written here has nowhere to go.
            return ref walk.Value;
        }

        return ref found!;
    }

    /// <summary>Walks that were given up hold files of the store that it could delete. They go on where they were when they are asked to.</summary>
    private void CloseWalks()
    {
        foreach (var walk in _walks)
        {
            walk?.Close();
        }
    }

    private int Begin()
    {
        _session.AwaitCanWrite();
        WriteDirty();
        var walk = new Walk();
        int free = _walks.IndexOf(null);
        if (free < 0)
        {
            free = _walks.Count;
            _walks.Add(null);
        }

        _walks[free] = walk;
        return free + 1;
    }

    private bool MoveNext(Walk walk)
    {
        if (walk.Iterator is null)
        {
            var (start, end) = StoreKey.BoundsOf(_codec.State, _session.Range);
            walk.Iterator = _session.Store.Iterate(walk.Next ?? start, end);
        }

        if (!walk.Iterator.MoveNext())
        {
            return false;
        }

        _codec.ReadKey(walk.Iterator.Key, out walk.Key, out walk.Namespace);
        walk.Hash = _keyHasher.Hash(walk.Key);
        walk.Value = _codec.ReadValue(walk.Iterator.Value);
        return true;
    }

    private ref CacheEntry<TKey, TNamespace, TValue> Cached(Walk walk) =>
        ref Search(_slots[IndexOf(walk.Hash)], in walk.Key, Combine(walk.Hash, in walk.Namespace), in walk.Namespace);

    private Walk WalkOf(in TableCursor cursor) => _walks[cursor.Partition - 1]!;

    /// <summary>An enumeration that is going on, and the entry that it has come to.</summary>
    private sealed class Walk
    {
        public TKey Key = default!;
        public TNamespace Namespace = default!;
        public TValue Value = default!;

        public ulong Hash { get; set; }

        public StoreIterator? Iterator { get; set; }

        /// <summary>Where to go on when the iterator has been closed: the first key that can come after the last entry.</summary>
        public byte[]? Next { get; private set; }

        public void Close()
        {
            if (Iterator is not null)
            {
                Next = Iterator.IsValid ? [.. Iterator.Key, 0] : Next;
                Iterator.Dispose();
                Iterator = null;
            }
        }
    }
}
