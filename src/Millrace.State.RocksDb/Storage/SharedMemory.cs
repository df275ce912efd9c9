using RocksDbSharp;

namespace Millrace.State.RocksDb.Storage;

/// <summary>The native memory that all stores of a process share: one block cache, and write buffers that are charged to it.</summary>
internal sealed class SharedMemory : IDisposable
{
    private nint _cache;
    private nint _writeBuffers;

    public SharedMemory(long cacheBytes, long writeBufferBytes)
    {
        _cache = Native.Instance.rocksdb_cache_create_lru((nuint)cacheBytes);
        _writeBuffers = Native.Instance.rocksdb_write_buffer_manager_create_with_cache((nuint)writeBufferBytes, _cache, 0);
        WriteBufferBytes = writeBufferBytes;
    }

    public nint Cache => _cache;

    public nint WriteBuffers => _writeBuffers;

    /// <summary>How many bytes of write buffers there may be, over all stores.</summary>
    public long WriteBufferBytes { get; }

    /// <summary>How many bytes the cache holds, write buffers included.</summary>
    public long Usage => (long)Native.Instance.rocksdb_cache_get_usage(_cache);

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
