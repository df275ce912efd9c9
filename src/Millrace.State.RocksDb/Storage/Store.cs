using System.Buffers;
using System.Diagnostics;
using RocksDbSharp;

namespace Millrace.State.RocksDb.Storage;

/// <summary>A RocksDB database without a write-ahead log. Reads and writes may come from several threads.</summary>
/// <remarks>Closed when the last of its users has let go, because a snapshot may still be written when the subtask has ended.</remarks>
internal sealed unsafe class Store
{
    private readonly StoreOptions _options;
    private readonly nint _read;
    private readonly nint _write;
    private readonly nint _columnFamily;
    private readonly Action _closed;
    private nint _database;
    private int _users = 1;

    /// <param name="options">Belongs to the store from here on.</param>
    /// <param name="directory">Where the files are; created where there are none.</param>
    /// <param name="closed">Called when the database has been closed.</param>
    /// <exception cref="RocksDbException">The files are damaged.</exception>
    public Store(StoreOptions options, string directory, Action closed)
    {
        Directory = directory;
        _options = options;
        _closed = closed;
        var native = Native.Instance;
        try
        {
            _database = native.rocksdb_open(options.Handle, directory);
        }
        catch
        {
            // Nobody gets the store, so nobody else can.
            options.Dispose();
            throw;
        }

        _columnFamily = native.rocksdb_get_default_column_family_handle(_database);
        _read = native.rocksdb_readoptions_create();
        _write = native.rocksdb_writeoptions_create();
        native.rocksdb_writeoptions_disable_WAL(_write, 1);
    }

    public string Directory { get; }

    /// <summary>What may be dropped when files are rewritten.</summary>
    public ExpiryFilter Expiry => _options.Expiry;

    /// <summary>Keeps the store open until <see cref="Release"/>.</summary>
    public void Retain()
    {
        int users = Interlocked.Increment(ref _users);
        Debug.Assert(users > 1, "a closed store was retained");
    }

    /// <summary>Lets go; the last to do so closes the store.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            Close();
        }
    }

    /// <summary>Closes the store, whoever has not let go yet: nobody of them runs any more.</summary>
    public void Abandon()
    {
        if (Interlocked.Exchange(ref _users, 0) > 0)
        {
            Close();
        }
    }

    /// <summary>Looks a key up. What is found has to be disposed of.</summary>
    public PinnedValue Get(ReadOnlySpan<byte> key)
    {
        fixed (byte* bytes = key)
        {
            return new PinnedValue(Native.Instance.rocksdb_get_pinned(_database, _read, bytes, (nuint)key.Length));
        }
    }

    /// <summary>Looks many keys up at once.</summary>
    /// <param name="keys">The bytes of all keys, one behind the other.</param>
    /// <param name="ends">Where each key ends.</param>
    /// <param name="values">Takes what was found, to be disposed of.</param>
    public void MultiGet(ReadOnlySpan<byte> keys, ReadOnlySpan<int> ends, Span<PinnedValue> values)
    {
        int count = ends.Length;
        nint[] pointers = ArrayPool<nint>.Shared.Rent(3 * count);
        nint[] errors = ArrayPool<nint>.Shared.Rent(count);
        Array.Clear(errors, 0, count);
        try
        {
            fixed (byte* bytes = keys)
            fixed (nint* pointer = pointers)
            {
                nint* lengths = pointer + count;
                nint* found = lengths + count;
                int start = 0;
                for (int i = 0; i < count; i++)
                {
                    pointer[i] = (nint)(bytes + start);
                    lengths[i] = ends[i] - start;
                    start = ends[i];
                }

                Native.Instance.rocksdb_batched_multi_get_cf(_database, _read, _columnFamily, (nuint)count, (nint)pointer, (nint)lengths, (nint)found, errors, 0);
                for (int i = 0; i < count; i++)
                {
                    values[i] = new PinnedValue(found[i]);
                }
            }

            ThrowIfAny(errors.AsSpan(0, count), values);
        }
        finally
        {
            ArrayPool<nint>.Shared.Return(pointers);
            ArrayPool<nint>.Shared.Return(errors);
        }
    }

    /// <summary>Applies a batch.</summary>
    public void Write(StoreBatch batch)
    {
        if (batch.Count == 0)
        {
            return;
        }

        var bytes = batch.Finish();
        nint native;
        fixed (byte* data = bytes)
        {
            native = Native.Instance.rocksdb_writebatch_create_from(data, (nuint)bytes.Length);
        }

        try
        {
            Native.Instance.rocksdb_write(_database, _write, native);
        }
        finally
        {
            Native.Instance.rocksdb_writebatch_destroy(native);
        }
    }

    /// <summary>Deletes all keys from <paramref name="start"/> on that come before <paramref name="end"/>.</summary>
    public void DeleteRange(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        fixed (byte* first = start)
        fixed (byte* last = end)
        {
            Native.Instance.rocksdb_delete_range_cf(_database, _write, _columnFamily, first, (nuint)start.Length, last, (nuint)end.Length);
        }
    }

    /// <summary>Walks over a range.</summary>
    /// <param name="start">The first key.</param>
    /// <param name="end">The key behind the last.</param>
    /// <param name="snapshot">What <see cref="CreateSnapshot"/> gave, or 0 for the present.</param>
    /// <param name="fillCache">Whether what is read displaces what is in the block cache.</param>
    public StoreIterator Iterate(byte[] start, byte[] end, nint snapshot = 0, bool fillCache = false) => new(_database, start, end, snapshot, fillCache);

    /// <summary>Keeps the store readable as it is now.</summary>
    public nint CreateSnapshot() => Native.Instance.rocksdb_create_snapshot(_database);

    public void ReleaseSnapshot(nint snapshot) => Native.Instance.rocksdb_release_snapshot(_database, snapshot);

    /// <summary>Writes what is in memory into files, and links all files into a new folder: a store of its own that does not change any more.</summary>
    public void Checkpoint(string directory)
    {
        nint checkpoint = Native.Instance.rocksdb_checkpoint_object_create(_database);
        try
        {
            Native.Instance.rocksdb_checkpoint_create(checkpoint, directory, 0);
        }
        finally
        {
            Native.Instance.rocksdb_checkpoint_object_destroy(checkpoint);
        }
    }

    /// <summary>Rewrites all files, so that what was deleted is gone.</summary>
    public void Compact() => Native.Instance.rocksdb_compact_range(_database, (byte*)null, (nuint)0, null, (nuint)0);

    /// <summary>Writes what is in memory into a file.</summary>
    public void Flush()
    {
        nint options = Native.Instance.rocksdb_flushoptions_create();
        try
        {
            Native.Instance.rocksdb_flush(_database, options);
        }
        finally
        {
            Native.Instance.rocksdb_flushoptions_destroy(options);
        }
    }

    private void Close()
    {
        var native = Native.Instance;
        native.rocksdb_cancel_all_background_work(_database, 1);
        native.rocksdb_column_family_handle_destroy(_columnFamily);
        native.rocksdb_close(_database);
        native.rocksdb_readoptions_destroy(_read);
        native.rocksdb_writeoptions_destroy(_write);
        _database = 0;
        _options.Dispose();
        _closed();
    }

    private static void ThrowIfAny(Span<nint> errors, Span<PinnedValue> values)
    {
        RocksDbException? first = null;
        foreach (nint error in errors)
        {
            // The exception takes over the message's memory.
            first = error == 0 ? first : new RocksDbException(error);
        }

        if (first is null)
        {
            return;
        }

        foreach (var value in values[..errors.Length])
        {
            value.Dispose();
        }

        throw first;
    }
}

/// <summary>A value in RocksDB's own memory.</summary>
internal readonly unsafe struct PinnedValue(nint slice) : IDisposable
{
    public bool IsFound => slice != 0;

    /// <summary>The bytes; good until it is disposed of.</summary>
    public ReadOnlySpan<byte> Bytes
    {
        get
        {
            nint bytes = Native.Instance.rocksdb_pinnableslice_value(slice, out nuint length);
            return new ReadOnlySpan<byte>((void*)bytes, (int)length);
        }
    }

    public void Dispose()
    {
        if (slice != 0)
        {
            Native.Instance.rocksdb_pinnableslice_destroy(slice);
        }
    }
}
