namespace Millrace.Connectors;

/// <summary>
/// When the small files of a <see cref="FileSink{T}"/> are merged: each subtask gathers, bucket by bucket, the files that it has completed, and merges them when there are enough bytes of them or when
/// the first has waited long enough, whichever comes first. They are hidden until then.
/// </summary>
/// <example><code>new FileSinkOptions { Compaction = new FileCompactionOptions { Checkpoints = 30 } }</code></example>
public sealed class FileCompactionOptions
{
    /// <summary>Files of a bucket are merged when they have this many bytes together. The merged file is larger by less than one of them.</summary>
    /// <value>128 MiB, as <see cref="FileSinkOptions.MaxFileSize"/>. At least 1.</value>
    public long FileSize { get; init; } = 128L * 1024 * 1024;

    /// <summary>Files of a bucket are merged at the latest when so many checkpoints, that of the first file among them, have been taken. Records are visible so much later.</summary>
    /// <value>10: a tenth of the files, for a delay that is still one of minutes where checkpoints are. At least 2.</value>
    public int Checkpoints { get; init; } = 10;
}
