using System.Linq.Expressions;
using ParquetSharp;

namespace Millrace.Connectors;

/// <summary>A column of a file that is written.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal abstract class ParquetWriteColumn<T>
{
    public abstract Column Describe();

    /// <summary>Takes the values of records, for rows of the coming row group.</summary>
    public abstract void Add(ReadOnlySpan<T> records, int row);

    /// <summary>Writes the values of a row group.</summary>
    public abstract void Write(ColumnWriter writer, int rows);
}

/// <summary>A column of a file that is written.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TValue">The type of its values.</typeparam>
internal sealed class ParquetWriteColumn<T, TValue> : ParquetWriteColumn<T>
{
    private readonly string _name;
    private readonly ParquetOptions _options;
    private readonly Getter _get;
    private readonly bool _isDecimal = (Nullable.GetUnderlyingType(typeof(TValue)) ?? typeof(TValue)) == typeof(decimal);
    private readonly decimal _greatest;
    private TValue[] _values = new TValue[1024];

    public ParquetWriteColumn(string name, Expression value, ParameterExpression record, ParquetOptions options)
    {
        _name = name;
        _options = options;
        _greatest = decimal.Floor(decimal.MaxValue / (decimal)Math.Pow(10, options.DecimalScale));
        _get = Expression.Lambda<Getter>(value, record).Compile();
    }

    private delegate TValue Getter(ref readonly T record);

    public override Column Describe() => _isDecimal
        ? new Column<TValue>(_name, LogicalType.Decimal(29, _options.DecimalScale))
        : new Column<TValue>(_name, null);

    public override void Add(ReadOnlySpan<T> records, int row)
    {
        if (row + records.Length > _values.Length)
        {
            Array.Resize(ref _values, Math.Min(_options.RowGroupRows, Math.Max(row + records.Length, 2 * _values.Length)));
        }

        var get = _get;
        for (int i = 0; i < records.Length; i++)
        {
            _values[row + i] = get(in records[i]);
            if (_isDecimal && _values[row + i] is decimal value)
            {
                MustFit(value);
            }
        }
    }

    // The native writer says so only of the row group as a whole, and not which record it was.
    private void MustFit(decimal value)
    {
        if (decimal.Round(value, _options.DecimalScale) != value || Math.Abs(value) > _greatest)
        {
            throw new OverflowException(FormattableString.Invariant(
                $"{value} does not fit column '{_name}' of type decimal(29, {_options.DecimalScale}): round it before the sink, or set {nameof(ParquetOptions)}.{nameof(ParquetOptions.DecimalScale)}."));
        }
    }

    public override void Write(ColumnWriter writer, int rows)
    {
        using var values = writer.LogicalWriter<TValue>();
        values.WriteBatch(_values.AsSpan(0, rows));
    }
}
