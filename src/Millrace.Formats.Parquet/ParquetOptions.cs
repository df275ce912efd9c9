namespace Millrace.Connectors;

/// <summary>How the pages of a Parquet file are compressed.</summary>
public enum ParquetCompression
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Fast, and understood by every reader.</summary>
    Snappy,

    /// <summary>Small, and slow to write.</summary>
    Gzip,

    /// <summary>Nearly as fast as Snappy and smaller than gzip.</summary>
    Zstd,
}

/// <summary>Options of <see cref="ParquetFormat"/>.</summary>
public sealed class ParquetOptions
{
    /// <summary>
    /// Columns that are not named after their member: the member's name, and the column's. A column within a group is named by its path, as in <c>address.city</c>, and can only be read.
    /// </summary>
    /// <value>Empty.</value>
    public IReadOnlyDictionary<string, string> Columns { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether members of the type that no column fits keep their default. If not, such a file is an error.</summary>
    /// <value><see langword="false"/>: a misspelt column would otherwise read as nothing but zeroes.</value>
    public bool AllowMissingColumns { get; init; }

    /// <summary>How pages are compressed in files that are written. Files of any compression are read.</summary>
    /// <value><see cref="ParquetCompression.Zstd"/></value>
    public ParquetCompression Compression { get; init; } = ParquetCompression.Zstd;

    /// <summary>How many rows a row group has in files that are written; the last one of a file has fewer. They are held in memory until the group is written.</summary>
    /// <value>131,072: enough that dictionaries and compression work well. At least 1.</value>
    public int RowGroupRows { get; init; } = 128 * 1024;

    /// <summary>How many digits decimals have behind the point in files that are written. A value with more is an error.</summary>
    /// <value>6. 0 to 28.</value>
    public int DecimalScale { get; init; } = 6;
}
