namespace Millrace.Connectors;

/// <summary>Options of <see cref="FileSource{T}"/>.</summary>
public sealed class FileSourceOptions
{
    /// <summary>What to do with a row that is no record.</summary>
    /// <value><see cref="OnMalformed.Fail"/>: data that is silently left out is the worse surprise.</value>
    public OnMalformed OnMalformed { get; init; } = OnMalformed.Fail;

    /// <summary>How many bytes a row may have; a longer one is malformed. Bounds the memory that a damaged file can take.</summary>
    /// <value>16 MiB. At least 1.</value>
    public int MaxRecordBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// How many records are read in a second, by all subtasks together; each has an even share, whether it has a file or not. A source that was held up
    /// catches up on at most one second. For demonstrations and tests, and to spare what comes behind.
    /// </summary>
    /// <value><see langword="null"/>: as many as there are. A finite number greater than 0.</value>
    public double? RecordsPerSecond { get; init; }

    /// <summary>
    /// How often the folder is looked through for new files. The source is then unbounded: it reads what is there and goes on with what comes, each file once, known by its full path. A file
    /// must be complete when it appears: write it under a name that begins with <c>.</c> or <c>_</c>, or elsewhere on the same disk, and rename it. The paths of all files that were found are
    /// in every checkpoint.
    /// </summary>
    /// <value><see langword="null"/>: the files that are there when the job starts. Longer than zero; seconds rather than milliseconds, as each time the whole folder is listed.</value>
    public TimeSpan? MonitorInterval { get; init; }

    /// <summary>How the files are compressed. A compressed file is read by one subtask, as any file; going on within one decompresses again what is before.</summary>
    /// <value><see cref="FileCompression.Auto"/>: by the first bytes of each file.</value>
    public FileCompression Compression { get; init; }

    /// <summary>How many bytes are read from the disk at once; tests use tiny ones to meet every boundary.</summary>
    internal int BufferSize { get; init; } = 256 * 1024;
}
