namespace Millrace.Connectors;

/// <summary>The codes of the errors of file sources and sinks.</summary>
internal static class FileErrors
{
    /// <summary>A row is no record, or a file is damaged.</summary>
    public const string Malformed = "MR7101";

    /// <summary>There is no file to read.</summary>
    public const string NothingToRead = "MR7102";

    /// <summary>Options disagree, or a type does not fit the format.</summary>
    public const string Options = "MR7103";

    /// <summary>A file cannot be opened, or is not the file that it was.</summary>
    public const string CannotRead = "MR7104";

    /// <summary>The folder of a sink has files already.</summary>
    public const string FolderHasFiles = "MR7105";

    /// <summary>A prepared file is gone, or its final name is taken.</summary>
    public const string CannotCommit = "MR7106";

    public static ConnectorException Missing(string message) => new(NothingToRead, message);
}
