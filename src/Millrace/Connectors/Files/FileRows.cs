namespace Millrace.Connectors;

/// <summary>Reads one file as a sequence, without a job.</summary>
internal static class FileRows
{
    // As many as a batch of a job has by default.
    private const int RowsAtOnce = 1024;

    public static IEnumerable<T> Read<T>(FileFormat<T> format, string path)
    {
        format.Validate(path);
        using var stream = Open(path, format.IsRandomAccess ? FileCompression.None : FileCompression.Auto);
        using var reader = format.CreateReader(new FileReadContext<T>(stream, new FileSplit(path, 0, 0), new FileSourceOptions(), source: null));
        var rows = new Rows<T>();
        bool more = true;
        while (more)
        {
            more = ReadSome(reader, rows, path);
            foreach (var row in rows.Values)
            {
                yield return row;
            }

            rows.Values.Clear();
        }
    }

    private static bool ReadSome<T>(FileRecordReader<T> reader, Rows<T> rows, string path)
    {
        try
        {
            return reader.Read(rows, RowsAtOnce);
        }
        catch (IOException error)
        {
            throw CannotRead(path, error);
        }
    }

    private static Stream Open(string path, FileCompression compression)
    {
        try
        {
            return SourceFile.Open(path, compression);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CannotRead(path, error);
        }
    }

    private static ConnectorException CannotRead(string path, Exception error) => new(
        FileErrors.CannotRead, $"{path} cannot be read: {error.Message} See that the file exists and that this process may read it.", error is IOException, error);

    /// <summary>Takes the records. Side outputs have no reader here: the options never ask for one.</summary>
    private sealed class Rows<T> : SourceOutput<T>
    {
        public List<T> Values { get; } = new(RowsAtOnce);

        public override void Collect(T value, long timestamp = EventTime.None) => Values.Add(value);

        public override void Output<TSide>(OutputTag<TSide> tag, TSide value)
        {
        }
    }
}
