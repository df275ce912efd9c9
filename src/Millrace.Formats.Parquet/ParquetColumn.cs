using ParquetSharp;

namespace Millrace.Connectors;

/// <summary>A column of a file that is read.</summary>
/// <param name="index">Its index among the columns of the file.</param>
/// <param name="name">Its path.</param>
internal abstract class ParquetColumn(int index, string name)
{
    public int Index { get; } = index;

    public string Name { get; } = name;

    /// <summary>The type of <see cref="Values"/>.</summary>
    public abstract Type ArrayType { get; }

    /// <summary>The values of the rows that were read last.</summary>
    public abstract Array Values { get; }

    public static ParquetColumn Of(Type elementType, int index, string name) =>
        (ParquetColumn)Activator.CreateInstance(typeof(Column<>).MakeGenericType(elementType), index, name)!;

    /// <summary>Begins a row group.</summary>
    public abstract void Open(RowGroupReader group, long skip);

    /// <summary>Reads the values of the next rows.</summary>
    public abstract void Read(int rows);

    /// <summary>Ends the row group.</summary>
    public abstract void Close();

    private sealed class Column<TElement>(int index, string name) : ParquetColumn(index, name)
    {
        private readonly TElement[] _values = new TElement[ParquetRecordReader.RowsAtOnce];
        private ColumnReader? _column;
        private LogicalColumnReader<TElement>? _reader;

        public override Type ArrayType => typeof(TElement[]);

        public override Array Values => _values;

        public override void Open(RowGroupReader group, long skip)
        {
            _column = group.Column(Index);
            _reader = _column.LogicalReader<TElement>(ParquetRecordReader.RowsAtOnce);
            while (skip > 0)
            {
                long skipped = _reader.Skip(skip);
                if (skipped <= 0)
                {
                    throw Short(skip);
                }

                skip -= skipped;
            }
        }

        public override void Read(int rows)
        {
            for (int read = 0; read < rows;)
            {
                int more = _reader!.ReadBatch(_values.AsSpan(read, rows - read));
                if (more <= 0)
                {
                    throw Short(rows - read);
                }

                read += more;
            }
        }

        public override void Close()
        {
            _reader?.Dispose();
            _column?.Dispose();
            _reader = null;
            _column = null;
        }

        private InvalidDataException Short(long rows) => new($"column {Name} has {rows} values less than its row group has rows");
    }
}
