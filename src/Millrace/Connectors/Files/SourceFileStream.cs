namespace Millrace.Connectors;

/// <summary>
/// A file whose read errors say which file it is. They are turned here and not around the reading of records, where an error of a function that takes the
/// records would be taken for one of the file.
/// </summary>
internal sealed class SourceFileStream(string path)
    // No buffer of its own: every format has one.
    : FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan)
{
    public override int Read(Span<byte> buffer)
    {
        try
        {
            return base.Read(buffer);
        }
        catch (IOException error)
        {
            throw CannotRead(Name, error);
        }
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        try
        {
            return base.Read(buffer, offset, count);
        }
        catch (IOException error)
        {
            throw CannotRead(Name, error);
        }
    }

    public static ConnectorException CannotRead(string path, Exception error) => new(
        FileErrors.CannotRead,
        $"{path} cannot be read: {error.Message} See that the file exists and that this process may read it.",
        error is IOException,
        error);
}
