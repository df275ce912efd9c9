using System.Buffers;
using System.Linq.Expressions;
using System.Reflection;
using CsvHelper;

namespace Millrace.Connectors;

/// <summary>Writes records as rows of CSV.</summary>
internal sealed class CsvEncoder<T> : FileEncoder<T>
{
    private readonly BufferWriterStream _stream = new();
    private readonly char _separator;
    private readonly Action<CsvWriter, T> _writeFields;
    private readonly string[]? _header;
    private CsvWriter _writer;

    public CsvEncoder(CsvTypeShape shape, CsvOptions options)
    {
        _separator = options.Delimiter;
        _writer = CreateWriter();
        _header = options.HasHeader ? [.. shape.Members.Select(m => m.Name)] : null;
        var writer = Expression.Parameter(typeof(CsvWriter));
        var record = Expression.Parameter(typeof(T));
        _writeFields = Expression.Lambda<Action<CsvWriter, T>>(
            Expression.Block(shape.Members.Select(m => Expression.Call(CsvFields.WriteMethod(m.Type), writer, Get(record, m.Member)))),
            writer,
            record).Compile();
    }

    public override void WriteHeader(IBufferWriter<byte> output)
    {
        if (_header is not null)
        {
            _stream.Target = output;
            foreach (string name in _header)
            {
                _writer.WriteField(name);
            }

            _writer.EndRecord();
            _writer.Flush();
        }
    }

    public override void Write(IBufferWriter<byte> output, ReadOnlySpan<T> records)
    {
        _stream.Target = output;
        try
        {
            foreach (ref readonly var record in records)
            {
                _writeFields(_writer, record);
                _writer.EndRecord();
            }
        }
        catch
        {
            // It holds half a row.
            _writer = CreateWriter();
            throw;
        }

        _writer.Flush();
    }

    private CsvWriter CreateWriter() => CsvWriter.Create(_stream, new CsvWriterOptions { Separator = _separator, NewLine = "\n" }, leaveOpen: true);

    private static MemberExpression Get(Expression record, MemberInfo member) =>
        member is PropertyInfo property ? Expression.Property(record, property) : Expression.Field(record, (FieldInfo)member);
}
