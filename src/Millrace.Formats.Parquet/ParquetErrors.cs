using ParquetSharp;

namespace Millrace.Connectors;

/// <summary>Errors of Parquet files, with the codes of file sources.</summary>
internal static class ParquetErrors
{
    /// <summary>A row is no record, or a file is damaged.</summary>
    public const string Malformed = "MR7101";

    /// <summary>A type does not fit the file or the format.</summary>
    public const string Options = "MR7103";

    /// <summary>A file cannot be opened.</summary>
    public const string CannotRead = "MR7104";

    public static FileStream OpenFile(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConnectorException(
                CannotRead, $"{path} cannot be read: {error.Message} See that the file exists and that this process may read it.", error is IOException, error);
        }
    }

    public static ConnectorException Damaged(string path, string where, ParquetException error) => new(
        Malformed,
        $"{path} cannot be read as Parquet: {where} ({error.Message.Trim().TrimEnd('.')}). Put a whole file in its place, or take it out of the folder.",
        innerException: error);
}
