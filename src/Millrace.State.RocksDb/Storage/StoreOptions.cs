using RocksDbSharp;

namespace Millrace.State.RocksDb.Storage;

/// <summary>How a store is opened. Owns the native options, which must outlive the store.</summary>
internal sealed class StoreOptions : IDisposable
{
    private const long MaxWriteBuffer = 64L << 20;
    private const long MinWriteBuffer = 1L << 20;

    private nint _options;

    public StoreOptions(SharedMemory memory)
    {
        var native = Native.Instance;
        nint table = native.rocksdb_block_based_options_create();
        native.rocksdb_block_based_options_set_block_cache(table, memory.Cache);

        // Index and filter blocks are in the cache as well: outside of it they would grow with the state, beyond the budget.
        native.rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
        native.rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(table, 1);
        native.rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1);
        native.rocksdb_block_based_options_set_block_size(table, (nuint)4096);

        // In pieces, of which only those that are used are in the cache; whole, the filter of a file has a megabyte or two.
        native.rocksdb_block_based_options_set_index_type(table, BlockBasedTableIndexType.TwoLevelIndex);
        native.rocksdb_block_based_options_set_partition_filters(table, 1);
        native.rocksdb_block_based_options_set_metadata_block_size(table, 4096);
        native.rocksdb_block_based_options_set_pin_top_level_index_and_filter(table, 1);
        native.rocksdb_block_based_options_set_format_version(table, 5);
        native.rocksdb_block_based_options_set_filter_policy(table, native.rocksdb_filterpolicy_create_bloom_full(10));

        _options = native.rocksdb_options_create();
        native.rocksdb_options_set_create_if_missing(_options, 1);
        native.rocksdb_options_set_block_based_table_factory(_options, table);
        native.rocksdb_block_based_options_destroy(table);
        native.rocksdb_options_set_write_buffer_manager(_options, memory.WriteBuffers);
        native.rocksdb_options_set_write_buffer_size(_options, (nuint)Math.Clamp(memory.WriteBufferBytes / 2, MinWriteBuffer, MaxWriteBuffer));
        native.rocksdb_options_set_max_write_buffer_number(_options, 3);
        native.rocksdb_options_set_max_background_jobs(_options, 2);

        // One writer a store: what makes several writers concurrent only costs.
        native.rocksdb_options_set_allow_concurrent_memtable_write(_options, 0);
        native.rocksdb_options_set_enable_write_thread_adaptive_yield(_options, 0);

        native.rocksdb_options_set_compression(_options, memory.CompressesFiles ? Compression.Lz4 : Compression.No);
        native.rocksdb_options_set_stats_dump_period_sec(_options, 0);
        native.rocksdb_options_set_keep_log_file_num(_options, (nuint)1);
        native.rocksdb_options_set_info_log_level(_options, (int)InfoLogLevel.Warn);

        // With it, RocksDB also rewrites files that are 30 days old, so that what has expired does not stay where nothing is ever written again.
        native.rocksdb_options_set_compaction_filter_factory(_options, Expiry.Factory);
    }

    public nint Handle => _options;

    /// <summary>What may be dropped.</summary>
    public ExpiryFilter Expiry { get; } = new();

    public void Dispose()
    {
        if (_options != 0)
        {
            Native.Instance.rocksdb_options_destroy(_options);
            _options = 0;
        }
    }
}
