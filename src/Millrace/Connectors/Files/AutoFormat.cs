namespace Millrace.Connectors;

/// <summary>Takes the format of each file from its extension, and of <c>.json</c> from its first byte.</summary>
internal sealed class AutoFormat<T> : FileFormat<T>
{
    private readonly FileFormat<T> _array = JsonFormat.Array<T>();
    private readonly FileFormat<T> _lines = JsonFormat.Lines<T>();

    // Made when the first CSV file turns up: a type that only fits JSON is no error before.
    private readonly Lazy<FileFormat<T>> _csv = new(() => CsvFormat.Of<T>());

    public override string Name => "a format by extension";

    public override string Extension => _lines.Extension;

    public override void Validate(string path) => Choose(path).Validate(path);

    public override FileRecordReader<T> CreateReader(FileReadContext<T> context) => Choose(context.Path).CreateReader(context);

    private FileFormat<T> Choose(string path) => Path.GetExtension(SourceFile.NameWithoutCompression(path)).ToLowerInvariant() switch
    {
        ".txt" or ".log" when FileFormat.Text is FileFormat<T> text => text,
        ".jsonl" or ".ndjson" => _lines,
        ".json" => StartsWithBracket(path) ? _array : _lines,
        ".csv" => _csv.Value,
        var other => throw new ConnectorException(
            FileErrors.Options,
            $"The format of {path} cannot be told from its extension '{other}'; known are .json, .jsonl, .ndjson and .csv, for strings .txt and .log, and each of them behind it .gz or .zst. "
            + $"Give the format: new FileSource<{typeof(T).Name}>(path, JsonFormat.Lines<{typeof(T).Name}>())."),
    };

    private static bool StartsWithBracket(string path)
    {
        using var stream = new BufferedStream(SourceFile.Open(path, FileCompression.Auto), 256);
        int next;
        do
        {
            next = stream.ReadByte();
        }
        while (next is ' ' or '\t' or '\r' or '\n' or 0xEF or 0xBB or 0xBF);
        return next == '[';
    }
}
