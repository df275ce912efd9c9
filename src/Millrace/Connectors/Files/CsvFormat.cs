namespace Millrace.Connectors;

/// <summary>How CSV files are written down.</summary>
public sealed class CsvOptions
{
    /// <summary>What stands between fields; an ASCII character.</summary>
    /// <value><c>,</c></value>
    public char Delimiter { get; init; } = ',';

    /// <summary>What encloses fields that hold a delimiter, a quote or a line break; an ASCII character. A quote within such a field is doubled.</summary>
    /// <value><c>"</c>. Files are written with this value only.</value>
    public char Quote { get; init; } = '"';

    /// <summary>
    /// Whether the first row names the columns. They are matched to the members of the type by name, without regard to case or surrounding blanks; without
    /// a header the columns are the members in the order of the constructor's parameters, then of the type's properties.
    /// </summary>
    /// <value><see langword="true"/></value>
    public bool HasHeader { get; init; } = true;

    /// <summary>Whether members of the type that no column fits keep their default. If not, such a file is an error.</summary>
    /// <value><see langword="false"/>: a misspelt column would otherwise read as nothing but zeroes.</value>
    public bool AllowMissingColumns { get; init; }

    /// <summary>Whether blanks around fields are removed.</summary>
    /// <value><see langword="false"/></value>
    public bool TrimWhitespace { get; init; }

    /// <summary>Whether equal texts of a column share one string. Saves memory where records are kept; costs a look-up a field.</summary>
    /// <value><see langword="false"/></value>
    public bool PoolStrings { get; init; }
}

/// <summary>Files of comma-separated values after RFC 4180, in UTF-8, read and written with CsvHelper.</summary>
/// <remarks>
/// The type needs no attributes: classes, records and structs whose members are strings, numbers, bools, dates and times, Guids, enums, anything else
/// that is <see cref="ISpanParsable{TSelf}"/>, and these as nullables. Numbers and dates are those of the invariant culture. An empty field is an empty
/// string, or <see langword="null"/> for a nullable value; a null string is written as an empty field, and so read back as an empty string.
/// </remarks>
/// <example>
/// <code>
/// var airports = CsvFormat.Of&lt;Airport&gt;();
/// var german = CsvFormat.Of&lt;Order&gt;(new CsvOptions { Delimiter = ';' });
/// </code>
/// </example>
public static class CsvFormat
{
    /// <summary>CSV rows as records of a type. Can be read and written.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="options">How the files are written down; <see langword="null"/> for commas, double quotes and a header.</param>
    /// <returns>The format.</returns>
    /// <exception cref="ConnectorException">MR7103: the type has a member that no CSV field can hold, or the options disagree.</exception>
    public static FileFormat<T> Of<T>(CsvOptions? options = null) => new CsvFormat<T>(options ?? new CsvOptions());
}
