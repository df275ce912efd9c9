using ParquetSharp;
using ParquetSharp.IO;

namespace Millrace.Connectors;

/// <summary>Rows of Parquet as records of a type.</summary>
internal sealed class ParquetFormat<T> : FileFormat<T>
{
    private readonly ParquetOptions _options;
    private readonly ParquetRecordShape _shape;

    public ParquetFormat(ParquetOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.RowGroupRows, 1, $"{nameof(options)}.{nameof(ParquetOptions.RowGroupRows)}");
        ArgumentOutOfRangeException.ThrowIfNegative(options.DecimalScale, $"{nameof(options)}.{nameof(ParquetOptions.DecimalScale)}");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.DecimalScale, 28, $"{nameof(options)}.{nameof(ParquetOptions.DecimalScale)}");
        _options = options;
        _shape = ParquetRecordShape.Of(typeof(T));
        if (options.Columns.Keys.FirstOrDefault(member => !_shape.Members.Any(m => m.Name == member)) is { } unknown)
        {
            throw new ConnectorException(
                ParquetErrors.Options,
                $"{nameof(ParquetOptions)}.{nameof(ParquetOptions.Columns)} names {unknown}, which is no member of {typeof(T).Name}; its members are "
                + $"{string.Join(", ", _shape.Members.Select(m => m.Name))}.");
        }
    }

    public override string Name => "Parquet";

    public override string Extension => "parquet";

    public override bool IsRandomAccess => true;

    public override void Validate(string path)
    {
        using var file = ParquetErrors.OpenFile(path);
        using var reader = Open(file, path);
        Bind(reader, path);
    }

    public override FileRecordReader<T> CreateReader(FileReadContext<T> context)
    {
        var reader = Open(context.Stream, context.Path);
        try
        {
            return new ParquetRecordReader<T>(context, reader, Bind(reader, context.Path));
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    public override FileEncoder<T> CreateEncoder() => new ParquetEncoder<T>(_shape, _options);

    private ParquetBinder<T> Bind(ParquetFileReader reader, string path) => new(_shape, _options, reader, path);

    private static ParquetFileReader Open(Stream stream, string path)
    {
        try
        {
            return new ParquetFileReader(new ManagedRandomAccessFile(stream, leaveOpen: true));
        }
        catch (ParquetException error)
        {
            throw ParquetErrors.Damaged(path, "it is no whole Parquet file", error);
        }
    }
}
