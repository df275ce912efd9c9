namespace Millrace.State;

/// <summary>What a <see cref="RocksDbStateBackend"/> may use of the machine.</summary>
public sealed class RocksDbOptions
{
    /// <summary>Where the local files are. They are not needed after the process has ended: what lasts is in checkpoints. A fast local disk is best.</summary>
    /// <value>
    /// Default: <see langword="null"/>, the folder <c>millrace</c> in the system's folder for temporary files. Each process has a folder of its own in it,
    /// which is removed when it is not needed any more; what a process that was killed has left behind is removed by the next that uses the same folder.
    /// </value>
    public string? Directory { get; set; }

    /// <summary>How many bytes of memory all states of all subtasks that use the backend may take together: cached objects, cached blocks and write buffers.</summary>
    /// <value>
    /// At least 1 MB. Default: 256 MB. Not counted are buffers for compactions and for checkpoints on their way, a few percent, and while a checkpoint is being written to
    /// the local store a quarter of the object cache more.
    /// </value>
    public long MemoryBudget { get; set; } = 256L << 20;

    /// <summary>The share of <see cref="MemoryBudget"/> that holds entries as objects, ready to use. The rest is RocksDB's.</summary>
    /// <value>
    /// More than 0 and less than 1. Default: 0.5. An entry takes more room as an object than in a block, but is some fifty times as fast to reach there:
    /// raise it where a part of the keys is used far more than the rest.
    /// </value>
    public double ObjectCacheShare { get; set; } = 0.5;

    /// <summary>The share of <see cref="MemoryBudget"/> that RocksDB may use to collect writes before it writes a file. It is taken out of the block cache.</summary>
    /// <value>More than 0; together with <see cref="ObjectCacheShare"/> less than 1. Default: 0.2. Larger buffers mean larger and fewer files, and less rewriting.</value>
    public double WriteBufferShare { get; set; } = 0.2;

    /// <summary>Whether files are compressed, with LZ4.</summary>
    /// <value>
    /// Default: <see langword="false"/>. Compressed files are about half as large, on disk and for a checkpoint to upload, but a read that misses all caches takes about twice as
    /// long: turn it on where the network to the checkpoint storage is what is short.
    /// </value>
    public bool CompressFiles { get; set; }

    internal void Validate()
    {
        if (MemoryBudget < 1 << 20)
        {
            throw new ArgumentOutOfRangeException(nameof(MemoryBudget), MemoryBudget, $"{nameof(RocksDbOptions)}.{nameof(MemoryBudget)} is {MemoryBudget} bytes. Give at least 1 MB.");
        }

        if (!(ObjectCacheShare > 0 && WriteBufferShare > 0 && ObjectCacheShare + WriteBufferShare < 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(ObjectCacheShare),
                ObjectCacheShare,
                $"{nameof(RocksDbOptions)}.{nameof(ObjectCacheShare)} is {ObjectCacheShare} and {nameof(WriteBufferShare)} is {WriteBufferShare}. Both must be more than 0, and their sum less than 1: the rest is the block cache.");
        }
    }
}
