namespace Millrace.Connectors;

/// <summary>Files of Apache Parquet, read and written with ParquetSharp.</summary>
/// <remarks>
/// <para>
/// The type needs no attributes: a class, record or struct whose members are numbers, bools, strings, enums, dates and times, Guids, decimals, byte arrays, and these as nullables. Columns
/// are matched to constructor parameters and settable members by name, without regard to case; columns that the type lacks are not read at all.
/// </para>
/// <para>
/// A file is read by one subtask, row group by row group, in batches of about a thousand rows. The position in checkpoints is the number of the row: a restored reader opens its row group
/// and skips to the row. Files are written in row groups, and a checkpoint completes them, as it does all files of a <see cref="FileSink{T}"/>.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// public sealed record Flight(DateTime Date, int Delay, string Origin);
///
/// var flights = new FileSource&lt;Flight&gt;("data/flights.parquet", ParquetFormat.Of&lt;Flight&gt;());
/// var sink = new FileSink&lt;Flight&gt;("out/late", ParquetFormat.Of&lt;Flight&gt;());
/// </code>
/// </example>
public static class ParquetFormat
{
    /// <summary>Rows of Parquet as records of a type. Can be read and written. Safe for use by several threads.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="options">How columns are matched and files are written; <see langword="null"/> for the defaults.</param>
    /// <returns>The format.</returns>
    /// <exception cref="ConnectorException">MR7103: the type has a member that no column can hold, or an option names none of its members.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static FileFormat<T> Of<T>(ParquetOptions? options = null) => new ParquetFormat<T>(options ?? new ParquetOptions());
}
