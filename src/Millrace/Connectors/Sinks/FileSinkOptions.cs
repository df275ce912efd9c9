namespace Millrace.Connectors;

/// <summary>
/// What a file sink does when its folder has files of its naming already and the job begins anew. A job that goes on from a checkpoint or savepoint always
/// keeps them and takes the next numbers.
/// </summary>
public enum WhenFolderHasFiles
{
    /// <summary>A job that begins anew fails with error MR7105; without checkpoints it does not even start.</summary>
    Fail,

    /// <summary>New files get the next numbers.</summary>
    Append,

    /// <summary>The files of the sink's naming are deleted when a job begins anew; others stay.</summary>
    Overwrite,
}

/// <summary>Options of <see cref="FileSink{T}"/>.</summary>
public sealed class FileSinkOptions
{
    /// <summary>What to do when the folder has files of the sink's naming already.</summary>
    /// <value><see cref="WhenFolderHasFiles.Fail"/>: neither mixes two runs nor deletes anything.</value>
    public WhenFolderHasFiles WhenFolderHasFiles { get; init; } = WhenFolderHasFiles.Fail;

    /// <summary>How files are named: <c>prefix-subtask-number.extension</c>. Two sinks with one folder need two prefixes.</summary>
    /// <value><c>part</c>. Letters, digits, <c>-</c> and <c>_</c>; begins with a letter or digit.</value>
    public string Prefix { get; init; } = "part";

    /// <summary>A file is complete when it has this many bytes. It may be a little larger.</summary>
    /// <value>128 MiB, the block size of most analytical stores. At least 1.</value>
    public long MaxFileSize { get; init; } = 128L * 1024 * 1024;

    /// <summary>A file is complete when it is this old.</summary>
    /// <value>1 minute. Longer than zero.</value>
    public TimeSpan RolloverInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A file is complete when nothing was written to it for this long.</summary>
    /// <value>1 minute. Longer than zero.</value>
    public TimeSpan InactivityInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Has the small files that checkpoints make merged before anybody sees them. Only with checkpoints: without, files are as large and as old as the options above say.
    /// </summary>
    /// <value><see langword="null"/>: each file appears with its checkpoint, as it is.</value>
    public FileCompactionOptions? Compaction { get; init; }

    /// <summary>
    /// Whether a file, and its name, is forced to the disk before it becomes part of a checkpoint and again when it gets its final name. Without it a power
    /// failure, though not the end of the process, may lose what checkpoints promise.
    /// </summary>
    /// <value><see langword="true"/></value>
    public bool FlushToDisk { get; init; } = true;
}
