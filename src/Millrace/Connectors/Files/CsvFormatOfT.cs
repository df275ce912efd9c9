using System.Collections.Concurrent;
using CsvHelper;

namespace Millrace.Connectors;

/// <summary>Rows of CSV as records of a type.</summary>
internal sealed class CsvFormat<T> : FileFormat<T>
{
    private readonly CsvOptions _options;
    private readonly CsvTypeShape _shape;
    private readonly ConcurrentDictionary<string, CsvRecordBinder<T>> _binders = new();

    public CsvFormat(CsvOptions options)
    {
        if (!char.IsAscii(options.Delimiter) || !char.IsAscii(options.Quote) || options.Delimiter == options.Quote || options.Delimiter is '\r' or '\n')
        {
            throw new ConnectorException(
                FileErrors.Options,
                $"{nameof(CsvOptions)}: the delimiter is '{options.Delimiter}' and the quote is '{options.Quote}'; they must be two different ASCII characters "
                + "and no line break.");
        }

        _options = options;
        _shape = CsvTypeShape.Of(typeof(T));
    }

    public override string Name => "CSV";

    public override string Extension => "csv";

    public override bool CanConcatenate => true;

    public override FileRecordReader<T> CreateReader(FileReadContext<T> context) => new CsvRecordReader<T>(context, this);

    public override FileEncoder<T> CreateEncoder() => _options.Quote == '"'
        ? new CsvEncoder<T>(_shape, _options)
        : throw new NotSupportedException("CSV is written with the quote '\"' only. Leave CsvOptions.Quote as it is.");

    internal bool HasHeader => _options.HasHeader;

    internal CsvReaderOptions ReaderOptions(FileSourceOptions source, Action<CsvMalformedRecord> onMalformed) => new()
    {
        HasHeader = false,
        Separator = _options.Delimiter,
        Quote = _options.Quote,
        TrimWhitespace = _options.TrimWhitespace,
        PoolStrings = _options.PoolStrings,
        MaxRecordSize = source.MaxRecordBytes,
        // CsvHelper takes no smaller one.
        BufferSize = Math.Max(256, source.BufferSize),
        OnMalformedRecord = onMalformed,
    };

    /// <summary>The binder for a file's columns; without a header they are the members themselves.</summary>
    internal CsvRecordBinder<T> Binder(string[]? header, string path)
    {
        string[] columns = header ?? [.. _shape.Members.Select(m => m.Name)];
        return _binders.GetOrAdd(
            string.Join('\u001F', columns), static (_, given) => new CsvRecordBinder<T>(given.Shape, given.Columns, given.AllowMissing, given.Path),
            (Shape: _shape, Columns: columns, AllowMissing: _options.AllowMissingColumns, Path: path));
    }
}
