using RocksDbSharp;

namespace Millrace.State.RocksDb.Storage;

/// <summary>What all stores of a process share: native memory, which is one block cache and write buffers that are charged to it, and how files are written.</summary>
internal sealed class SharedMemory : IDisposable
{
    // As many parts as are enough for the few threads that use the cache: in small parts a large block displaces everything else.
    private const int ShardBits = 2;

    private nint _cache;
    private nint _writeBuffers;

    public SharedMemory(long cacheBytes, long writeBufferBytes, bool compressesFiles = false)
    {
        CompressesFiles = compressesFiles;
        nint options = Native.Instance.rocksdb_lru_cache_options_create();
        Native.Instance.rocksdb_lru_cache_options_set_capacity(options, (nuint)cacheBytes);
        Native.Instance.rocksdb_lru_cache_options_set_num_shard_bits(options, ShardBits);
        _cache = Native.Instance.rocksdb_cache_create_lru_opts(options);
        Native.Instance.rocksdb_lru_cache_options_destroy(options);
        _writeBuffers = Native.Instance.rocksdb_write_buffer_manager_create_with_cache((nuint)writeBufferBytes, _cache, 0);
        WriteBufferBytes = writeBufferBytes;
    }

    public nint Cache => _cache;

    public nint WriteBuffers => _writeBuffers;

    /// <summary>Whether the stores write compressed files.</summary>
    public bool CompressesFiles { get; }

    /// <summary>How many bytes of write buffers there may be, over all stores.</summary>
    public long WriteBufferBytes { get; }

    /// <summary>How many bytes the cache holds, write buffers included.</summary>
    public long Usage => (long)Native.Instance.rocksdb_cache_get_usage(_cache);

    /// <summary>How many bytes of the cache are in use just now and cannot leave it.</summary>
    public long PinnedUsage => (long)Native.Instance.rocksdb_cache_get_pinned_usage(_cache);

    public void Dispose()
    {
        if (_cache != 0)
        {
            Native.Instance.rocksdb_write_buffer_manager_destroy(_writeBuffers);
            Native.Instance.rocksdb_cache_destroy(_cache);
            _writeBuffers = 0;
            _cache = 0;
        }
    }
}
