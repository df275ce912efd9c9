namespace Millrace.Connectors;

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

    /// <summary>Creates an encoder, which one subtask uses for file after file.</summary>
    /// <returns>The encoder.</returns>
    /// <exception cref="NotSupportedException">The format can only be read.</exception>
    public virtual FileEncoder<T> CreateEncoder() => throw new NotSupportedException($"{Name} can be read but not written. Write JSON lines or CSV instead.");
}
