namespace Millrace.Connectors;

/// <summary>Formats of files whose records need no type of their own.</summary>
public static class FileFormat
{
    /// <summary>One string a line. Can be read and written.</summary>
    /// <value>
    /// Files are UTF-8; bytes that are none become U+FFFD. Lines end with LF or CRLF and are read without; an empty line is an empty string. Lines are written with LF. A string
    /// with a line break in it comes back as several.
    /// </value>
    /// <example><code>var lines = new FileSource&lt;string&gt;("logs/*.log.gz", FileFormat.Text);</code></example>
    public static FileFormat<string> Text { get; } = new TextFormat();
}

/// <summary>
/// How records stand in a file. See <see cref="JsonFormat"/> and <see cref="CsvFormat"/>; derive to read a format of your own.
/// </summary>
/// <remarks>A format is shared by all subtasks: it must be safe for use by several threads at once. Readers and encoders are not.</remarks>
/// <typeparam name="T">The type of the records.</typeparam>
public abstract class FileFormat<T>
{
    /// <summary>For implementers.</summary>
    protected FileFormat()
    {
    }

    /// <summary>The format's name in messages, for example <c>CSV</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The extension of files that are written in the format, without a dot.</summary>
    public abstract string Extension { get; }

    /// <summary>
    /// Whether readers move in the file as they like, as those of columnar formats do. Such a file is never decompressed by the source, the reader gets it from its first byte, and
    /// <see cref="FileRecordReader{T}.Position"/> is a number that the format alone understands.
    /// </summary>
    /// <value>Default: <see langword="false"/>; positions are bytes of the (decompressed) content.</value>
    public virtual bool IsRandomAccess => false;

    /// <summary>
    /// Whether the rows of a file may be put behind those of another as they are: what the encoder writes is a header and rows that know nothing of each other, and no footer. Files of other formats are
    /// merged by reading and writing their records. See <see cref="FileSinkOptions.Compaction"/>.
    /// </summary>
    /// <value>Default: <see langword="false"/>, which is right for every format.</value>
    public virtual bool CanConcatenate => false;

    /// <summary>Checks at graph build that files of this name can be read as <typeparamref name="T"/>, as far as can be said without reading them.</summary>
    /// <param name="path">The file's path.</param>
    /// <exception cref="ConnectorException">They cannot.</exception>
    public virtual void Validate(string path)
    {
    }

    /// <summary>Creates a reader of one file.</summary>
    /// <param name="context">The file, and where to begin.</param>
    /// <returns>The reader.</returns>
    public abstract FileRecordReader<T> CreateReader(FileReadContext<T> context);

    /// <summary>Reads a file outside a job: reference data that a function loads in <c>Open</c>, or results that a program looks at afterwards.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The records, in order; read while they are enumerated, and from the start at every enumeration.</returns>
    /// <exception cref="ConnectorException">While enumerating. MR7101: a row is no record. MR7104: the file cannot be read.</exception>
    /// <example><code>var airports = CsvFormat.Of&lt;Airport&gt;().ReadFile("airports.csv").ToDictionary(airport =&gt; airport.Iata);</code></example>
    public IEnumerable<T> ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return FileRows.Read(this, Path.GetFullPath(path));
    }

    /// <summary>
    /// The same files, with each record turned into another as it is read: where the type of a file's rows is not the one that a job works with. A record for which the function throws is
    /// malformed. Can be read only.
    /// </summary>
    /// <typeparam name="TResult">The type of the records that come out.</typeparam>
    /// <param name="map">Makes a record of a row; called by several subtasks at once.</param>
    /// <returns>The format.</returns>
    /// <example><code>var flights = CsvFormat.Of&lt;FlightRow&gt;().Select(row =&gt; new Flight(row.Origin, TimeSpan.FromMinutes(row.Delay)));</code></example>
    public FileFormat<TResult> Select<TResult>(Func<T, TResult> map)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new MappedFormat<T, TResult>(this, map);
    }

    /// <summary>Creates an encoder, which one subtask uses for file after file.</summary>
    /// <returns>The encoder.</returns>
    /// <exception cref="NotSupportedException">The format can only be read.</exception>
    public virtual FileEncoder<T> CreateEncoder() => throw new NotSupportedException($"{Name} can be read but not written. Write JSON lines or CSV instead.");
}
