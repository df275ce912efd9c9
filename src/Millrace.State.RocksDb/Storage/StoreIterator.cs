using System.Runtime.InteropServices;
using RocksDbSharp;

namespace Millrace.State.RocksDb.Storage;

/// <summary>Walks over a range of a store in the order of the keys, as the store was when the walk began.</summary>
internal sealed unsafe class StoreIterator : IDisposable
{
    private readonly byte[] _end;
    private readonly nint _options;
    private readonly nint _upperBound;
    private nint _iterator;
    private bool _isBeforeFirst = true;

    internal StoreIterator(nint database, byte[] start, byte[] end, nint snapshot, bool fillCache)
    {
        var native = Native.Instance;
        _end = end;
        _options = native.rocksdb_readoptions_create();
        native.rocksdb_readoptions_set_fill_cache(_options, fillCache ? (byte)1 : (byte)0);
        if (snapshot != 0)
        {
            native.rocksdb_readoptions_set_snapshot(_options, snapshot);
        }

        // Only a pointer is kept by RocksDB, so the bound is in memory that does not move.
        _upperBound = Marshal.AllocHGlobal(_end.Length);
        _end.CopyTo(new Span<byte>((void*)_upperBound, _end.Length));
        native.rocksdb_readoptions_set_iterate_upper_bound(_options, (byte*)_upperBound, (nuint)_end.Length);
        _iterator = native.rocksdb_create_iterator(database, _options);
        fixed (byte* first = start)
        {
            native.rocksdb_iter_seek(_iterator, first, (nuint)start.Length);
        }
    }

    /// <summary>Whether there is an entry to speak of.</summary>
    public bool IsValid => !_isBeforeFirst && Native.Instance.rocksdb_iter_valid(_iterator) != 0;

    /// <summary>The key of the entry; good until the next move.</summary>
    public ReadOnlySpan<byte> Key
    {
        get
        {
            nint key = Native.Instance.rocksdb_iter_key(_iterator, out nuint length);
            return new ReadOnlySpan<byte>((void*)key, (int)length);
        }
    }

    /// <summary>The value of the entry; good until the next move.</summary>
    public ReadOnlySpan<byte> Value
    {
        get
        {
            nint value = Native.Instance.rocksdb_iter_value(_iterator, out nuint length);
            return new ReadOnlySpan<byte>((void*)value, (int)length);
        }
    }

    /// <summary>Goes to the next entry.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="RocksDbException">The store cannot be read.</exception>
    public bool MoveNext()
    {
        var native = Native.Instance;
        if (_isBeforeFirst)
        {
            _isBeforeFirst = false;
        }
        else
        {
            native.rocksdb_iter_next(_iterator);
        }

        if (native.rocksdb_iter_valid(_iterator) != 0)
        {
            return true;
        }

        native.rocksdb_iter_get_error(_iterator);
        return false;
    }

    public void Dispose()
    {
        if (_iterator != 0)
        {
            Native.Instance.rocksdb_iter_destroy(_iterator);
            Native.Instance.rocksdb_readoptions_destroy(_options);
            Marshal.FreeHGlobal(_upperBound);
            _iterator = 0;
        }
    }
}
