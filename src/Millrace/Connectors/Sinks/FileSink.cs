namespace Millrace.Connectors;

/// <summary>Writes files into a folder; a file appears under its name only when it is complete.</summary>
/// <remarks>
/// <para>
/// Every subtask writes files of its own, <c>part-&lt;subtask&gt;-&lt;number&gt;.&lt;extension&gt;</c>. One that is being written is hidden:
/// <c>.part-…inprogress</c>, and <c>.part-…pending</c> when it is complete and waits for the commit, which renames it. A subtask without records makes no
/// file.
/// </para>
/// <para>
/// With checkpoints each subtask completes its files at every checkpoint, and the sink is exactly-once: what a dead attempt has left is removed by the next
/// one, except for what the restored checkpoint holds. Without, files are completed by size and age as the
/// options say and committed about once a second and at the end; a run that fails leaves the files that were committed.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// var sink = new FileSink&lt;Alert&gt;("out/alerts", JsonFormat.Lines&lt;Alert&gt;());
/// var csv = new FileSink&lt;Alert&gt;("out/alerts", CsvFormat.Of&lt;Alert&gt;(), new FileSinkOptions { WhenFolderHasFiles = WhenFolderHasFiles.Append });
/// var hourly = new FileSink&lt;Alert&gt;("out/alerts", JsonFormat.Lines&lt;Alert&gt;()) { Buckets = BucketAssigner.ByEventTime&lt;Alert&gt;("yyyy-MM-dd/HH") };
/// </code>
/// </example>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class FileSink<T> : CommittingSink<T, PendingFile>
{
    private readonly FileFormat<T> _format;
    private readonly FileSinkOptions _options;
    private readonly string _path;
    private readonly FileSinkCounts _counts = new();
    private FileSinkFolder? _folder;

    /// <summary>Creates a sink.</summary>
    /// <param name="folder">The folder; it is made when it does not exist.</param>
    /// <param name="format">How records stand in the files; must be one that can be written.</param>
    /// <param name="options">Options; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The folder or the prefix is no good name.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public FileSink(string folder, FileFormat<T> format, FileSinkOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentNullException.ThrowIfNull(format);
        _format = format;
        _options = options ?? new FileSinkOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MaxFileSize, 1, $"{nameof(options)}.{nameof(FileSinkOptions.MaxFileSize)}");
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(
            _options.RolloverInterval, TimeSpan.Zero, $"{nameof(options)}.{nameof(FileSinkOptions.RolloverInterval)}");
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(
            _options.InactivityInterval, TimeSpan.Zero, $"{nameof(options)}.{nameof(FileSinkOptions.InactivityInterval)}");
        if (_options.Compaction is { } compaction)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(compaction.FileSize, 1, $"{nameof(options)}.{nameof(FileSinkOptions.Compaction)}.{nameof(FileCompactionOptions.FileSize)}");
            ArgumentOutOfRangeException.ThrowIfLessThan(compaction.Checkpoints, 2, $"{nameof(options)}.{nameof(FileSinkOptions.Compaction)}.{nameof(FileCompactionOptions.Checkpoints)}");
        }

        string prefix = _options.Prefix;
        if (prefix.Length == 0 || !char.IsAsciiLetterOrDigit(prefix[0]) || !prefix.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            throw new ArgumentException(
                $"{nameof(FileSinkOptions.Prefix)} is '{prefix}': it must begin with a letter or digit and have only letters, digits, '-' and '_'.",
                nameof(options));
        }

        _path = Path.GetFullPath(folder);
    }

    /// <summary>Divides the records over folders within the sink's folder, for example one for each hour.</summary>
    /// <value><see langword="null"/>: all files are in the sink's folder itself.</value>
    public BucketAssigner<T>? Buckets { get; init; }

    /// <summary>How many small files have been merged so far, by all subtasks in this process. See <see cref="FileSinkOptions.Compaction"/>.</summary>
    public long MergedFiles => _counts.Merged;

    /// <summary>How many files were complete and hidden at the last checkpoint, waiting to be merged, of all subtasks in this process.</summary>
    public int FilesToMerge => _counts.Waiting;

    // Made when it is asked for: whether there are buckets is not known to the constructor.
    private FileSinkFolder Folder => _folder ?? Interlocked.CompareExchange(ref _folder, new FileSinkFolder(_path, _options.Prefix, _format.Extension, Buckets is not null), null) ?? _folder;

    /// <summary>Checks that the format can be written and that the folder has no files where it must have none.</summary>
    /// <exception cref="ConnectorException">MR7103: the format can only be read. MR7105: the folder has files.</exception>
    public override void Validate()
    {
        ValidateFormat();
        if (_options.WhenFolderHasFiles == WhenFolderHasFiles.Fail)
        {
            Folder.ThrowIfNotEmpty();
        }
    }

    internal override void Validate(ExecutionOptions options)
    {
        if (options.Checkpoints.IsEnabled)
        {
            // Whether the job begins anew or goes on from a checkpoint, to which the files belong, is known only when its writers are made.
            ValidateFormat();
        }
        else
        {
            Validate();
        }
    }

    /// <inheritdoc/>
    public override CommittingSinkWriter<T, PendingFile> CreateWriter(SinkWriterContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var numbers = new FileNumbers(context, Folder.Prepare(context, _options.WhenFolderHasFiles));

        // Also where nothing is to be merged any more: what the job that did has left is to be committed.
        var compactor = context.CheckpointingEnabled ? new FileCompactor<T>(context, _format, _options, Folder, numbers, _counts) : null;
        return new FileSinkWriter<T>(context, _format, _options, Folder, numbers, compactor, Buckets);
    }

    /// <inheritdoc/>
    public override Committer<PendingFile> CreateCommitter(SinkWriterContext context) => new FileCommitter(_options.FlushToDisk);

    private void ValidateFormat()
    {
        try
        {
            _format.CreateEncoder().Dispose();
        }
        catch (NotSupportedException error)
        {
            throw new ConnectorException(FileErrors.Options, error.Message, innerException: error);
        }
    }
}
