namespace Millrace.Hosting;

/// <summary>
/// Copies of checkpoint files on a worker's own disk: the section <c>Millrace:Cluster:LocalRecovery</c>. Subtasks that come back to a worker which wrote their state read it from there, and not from the checkpoint storage.
/// The checkpoints themselves are where they always are, and a copy that is missing or damaged is no error.
/// </summary>
public sealed class LocalRecoveryOptions
{
    /// <summary>Where copies are kept, each worker in a folder of its own name. It should outlive the process, and be on the disk that the state is on: files of RocksDB are linked then, and take no space twice.</summary>
    /// <value>Default: <see langword="null"/>: no copies are kept.</value>
    public string? Directory { get; set; }

    /// <summary>How many bytes of copies a worker keeps. When there are more, the oldest go. What is being written comes on top.</summary>
    /// <value>Default: 10 GB, which a disk that has nothing set aside for copies can spare. Better is what a worker writes for two checkpoints; with less a part of the state is read from the storage.</value>
    public long MaxSize { get; set; } = 10L << 30;
}
