namespace Millrace.Connectors;

/// <summary>What a file sink does when its folder has files of its naming already.</summary>
public enum WhenFolderHasFiles
{
    /// <summary>The job does not start: error MR7105.</summary>
    Fail,

    /// <summary>New files get the next numbers. The choice for jobs that are started again from a checkpoint or savepoint.</summary>
    Append,

    /// <summary>
    /// The files of the sink's naming are deleted when the job starts; others stay. Only for jobs that begin anew at every start: it deletes what an
    /// earlier start of the same job has written.
    /// </summary>
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

    /// <summary>Whether a file is forced to the disk before it gets its final name, so that it survives a power failure whole.</summary>
    /// <value><see langword="true"/></value>
    public bool FlushToDisk { get; init; } = true;
}
