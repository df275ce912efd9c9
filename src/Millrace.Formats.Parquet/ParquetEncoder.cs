using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Linq.Expressions;
using System.Reflection;
using ParquetSharp;
using ParquetSharp.IO;

namespace Millrace.Connectors;

/// <summary>Writes records as rows of Parquet, a row group at a time.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class ParquetEncoder<T>(ParquetRecordShape shape, ParquetOptions options) : FileEncoder<T>
{
    private readonly ParquetWriteColumn<T>[] _columns = [.. shape.Members.Select(member => Column(member, options))];
    private readonly ParquetOutput _output = new();
    private ManagedOutputStream? _stream;
    private ParquetFileWriter? _file;
    private int _rows;

    public override void WriteHeader(IBufferWriter<byte> output)
    {
        Abandon();
        using var builder = new WriterPropertiesBuilder();
        using var properties = builder.CreatedBy("Millrace").Compression(options.Compression switch
        {
            ParquetCompression.None => Compression.Uncompressed,
            ParquetCompression.Snappy => Compression.Snappy,
            ParquetCompression.Gzip => Compression.Gzip,
            _ => Compression.Zstd,
        }).Build();
        _output.Begin(output);
        _stream = new ManagedOutputStream(_output, leaveOpen: true);
        _file = new ParquetFileWriter(_stream, [.. _columns.Select(column => column.Describe())], properties, null);
    }

    public override void Write(IBufferWriter<byte> output, ReadOnlySpan<T> records)
    {
        for (int taken = 0; taken < records.Length;)
        {
            var some = records[taken..Math.Min(records.Length, taken + options.RowGroupRows - _rows)];
            if (!TryAdd(some, out _))
            {
                // Finds out which one. What has been taken before stays taken: groups may have been written.
                for (int i = 0; i < some.Length; i++)
                {
                    if (!TryAdd(some.Slice(i, 1), out var cause))
                    {
                        throw new RecordWriteException(taken + i, cause);
                    }
                }
            }

            taken += some.Length;
            if (_rows == options.RowGroupRows)
            {
                WriteGroup(output);
            }
        }
    }

    /// <summary>Takes all of the records, or none.</summary>
    private bool TryAdd(ReadOnlySpan<T> records, [NotNullWhen(false)] out Exception? cause)
    {
        try
        {
            foreach (var column in _columns)
            {
                column.Add(records, _rows);
            }
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // Columns that have values of them already get others in their place.
            cause = error;
            return false;
        }

        _rows += records.Length;
        cause = null;
        return true;
    }

    public override void WriteFooter(IBufferWriter<byte> output)
    {
        if (_rows > 0)
        {
            WriteGroup(output);
        }

        _output.Target = output;
        _file!.Close();
        _output.Target = null;
        Abandon();
    }

    protected override void Dispose(bool disposing) => Abandon();

    private static ParquetWriteColumn<T> Column(ParquetMember member, ParquetOptions options)
    {
        var record = Expression.Parameter(typeof(T).MakeByRefType());
        var value = ParquetValues.Write(member.Member is PropertyInfo property ? Expression.Property(record, property) : Expression.Field(record, (FieldInfo)member.Member));
        return (ParquetWriteColumn<T>)Activator.CreateInstance(
            typeof(ParquetWriteColumn<,>).MakeGenericType(typeof(T), value.Type), options.Columns.GetValueOrDefault(member.Name, member.Name), value, record, options)!;
    }

    private void WriteGroup(IBufferWriter<byte> output)
    {
        _output.Target = output;
        try
        {
            using var group = _file!.AppendRowGroup();
            foreach (var column in _columns)
            {
                using var writer = group.NextColumn();
                column.Write(writer, _rows);
            }

            group.Close();
        }
        catch (Exception error) when (error is not (MillraceException or OutOfMemoryException))
        {
            // Not an error of one record, which the sink could go on without: the rows of the group are lost.
            throw new ConnectorException(ParquetErrors.Options, $"A row group of {_rows} rows cannot be written: {error.Message}", innerException: error);
        }

        _output.Target = null;
        _rows = 0;
    }

    private void Abandon()
    {
        // Whatever the native writer still wants to say has nowhere to go.
        _output.Target = null;
        _file?.Dispose();
        _stream?.Dispose();
        _file = null;
        _stream = null;
        _rows = 0;
    }
}
