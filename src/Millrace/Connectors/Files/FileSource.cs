namespace Millrace.Connectors;

/// <summary>Creates <see cref="FileSource{T}"/>s.</summary>
public static class FileSource
{
    /// <summary>A source that takes the format of each file from its extension.</summary>
    /// <remarks>
    /// <c>.jsonl</c> and <c>.ndjson</c> are JSON lines; <c>.csv</c> is CSV with a header; <c>.json</c> is one JSON array when its first byte that is not
    /// blank is <c>[</c>, and JSON lines otherwise; <c>.txt</c> and <c>.log</c> are text, where records are strings. Behind each of them <c>.gz</c> or <c>.zst</c> may stand.
    /// </remarks>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="path">A file, a folder, or a pattern with <c>*</c> and <c>**</c>.</param>
    /// <param name="options">Options; <see langword="null"/> for the defaults.</param>
    /// <returns>The source.</returns>
    /// <example>
    /// <code>
    /// var flights = FileSource.Auto&lt;Flight&gt;("data/flights-20k.json");
    /// </code>
    /// </example>
    public static FileSource<T> Auto<T>(string path, FileSourceOptions? options = null) => new(path, new AutoFormat<T>(), options);
}

/// <summary>Reads files: one, all of a folder, or those that match a pattern. Bounded, unless <see cref="FileSourceOptions.MonitorInterval"/> is set.</summary>
/// <remarks>
/// A folder is read with its folders; names that begin with <c>.</c> or <c>_</c> are left out. Files are handed out in ordinal order, one at a time, to
/// whichever subtask is free; one file is read by one subtask, and its records keep their order. A snapshot holds for every file the byte behind the last
/// record, so that the source is exactly-once with checkpoints as long as the files do not change. The path must lead to the same files on every machine.
/// </remarks>
/// <example>
/// <code>
/// var flights = new FileSource&lt;Flight&gt;("data/flights", JsonFormat.Lines&lt;Flight&gt;());
/// var airports = new FileSource&lt;Airport&gt;("data/*.csv", CsvFormat.Of&lt;Airport&gt;(), new FileSourceOptions { OnMalformed = OnMalformed.Skip });
/// </code>
/// </example>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class FileSource<T> : Source<T, FileSplit, FileEnumeratorState>
{
    private readonly string _path;
    private readonly FileFormat<T> _format;
    private readonly FileSourceOptions _options;

    /// <summary>Creates a source.</summary>
    /// <param name="path">A file, a folder, or a pattern: <c>*</c> stands for any part of a name, <c>**</c> for any folders.</param>
    /// <param name="format">How records stand in the files.</param>
    /// <param name="options">Options; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public FileSource(string path, FileFormat<T> format, FileSourceOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(format);
        _path = path;
        _format = format;
        _options = options ?? new FileSourceOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MaxRecordBytes, 1, $"{nameof(options)}.{nameof(FileSourceOptions.MaxRecordBytes)}");
        if (_options.MonitorInterval is { } interval)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(interval, TimeSpan.Zero, $"{nameof(options)}.{nameof(FileSourceOptions.MonitorInterval)}");
        }

        if (_options.RecordsPerSecond is { } rate && !(rate > 0 && double.IsFinite(rate)))
        {
            throw new ArgumentOutOfRangeException(
                $"{nameof(options)}.{nameof(FileSourceOptions.RecordsPerSecond)}", rate, "A pace must be a finite number greater than 0; leave it out for no limit.");
        }
    }

    /// <inheritdoc/>
    public override Boundedness Boundedness => _options.MonitorInterval is null ? Boundedness.Bounded : Boundedness.Unbounded;

    /// <summary>Checks that there is at least one file, unless new ones are looked for, and that the format can read the files.</summary>
    /// <exception cref="ConnectorException">MR7102: there is nothing to read. MR7103: the format cannot read a file.</exception>
    public override void Validate()
    {
        foreach (string file in FileSet.Resolve(_path, mayBeEmpty: _options.MonitorInterval is not null))
        {
            _format.Validate(file);
        }
    }

    /// <inheritdoc/>
    public override SplitEnumerator<FileSplit, FileEnumeratorState> CreateEnumerator(
        SplitEnumeratorContext<FileSplit> context, FileEnumeratorState? restored, bool isRestored) =>
        new FileEnumerator(context, _path, _options.MonitorInterval, isRestored ? restored : null, isPaced: _options.RecordsPerSecond is not null);

    /// <inheritdoc/>
    public override SourceReader<T, FileSplit> CreateReader(SourceReaderContext context) => new FileSourceReader<T>(context, _format, _options);
}
