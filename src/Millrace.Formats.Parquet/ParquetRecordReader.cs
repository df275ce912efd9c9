using System.Globalization;
using System.Text;
using ParquetSharp;

namespace Millrace.Connectors;

internal static class ParquetRecordReader
{
    /// <summary>How many rows are decoded at once: as many as a batch of a job has by default.</summary>
    public const int RowsAtOnce = 1024;
}

/// <summary>Reads the rows of a file. Positions are numbers of rows, from the beginning of the file.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class ParquetRecordReader<T> : FileRecordReader<T>
{
    private readonly FileReadContext<T> _context;
    private readonly ParquetFileReader _file;
    private readonly ParquetBinder<T> _binder;
    private readonly Array[] _values;
    private readonly int _groups;
    private readonly long _total;
    private RowGroupReader? _group;
    private int _nextGroup;

    // Rows of the group that are not decoded yet.
    private long _ahead;
    private int _row;
    private int _rows;
    private long _position;

    public ParquetRecordReader(FileReadContext<T> context, ParquetFileReader file, ParquetBinder<T> binder)
    {
        _context = context;
        _file = file;
        _binder = binder;
        _values = [.. binder.Columns.Select(column => column.Values)];
        _groups = file.FileMetaData.NumRowGroups;
        _total = file.FileMetaData.NumRows;
        _position = context.Position;
        Records = context.Records;
        if (_position > file.FileMetaData.NumRows)
        {
            throw new ConnectorException(
                ParquetErrors.CannotRead,
                $"{context.Path} has {file.FileMetaData.NumRows} rows, but was read up to row {_position} before: it is not the file that it was. Put the old file back, or start the job "
                + "without the checkpoint.");
        }

        SkipTo(_position);
    }

    public override long Position => _position;

    public override long? PendingRecords => _total - _position;

    public override bool Read(SourceOutput<T> output, int maxRecords)
    {
        var bind = _binder.Bind;
        for (int i = 0; i < maxRecords; i++)
        {
            if (_row == _rows && !Decode())
            {
                return false;
            }

            T record;
            try
            {
                record = bind(_values, _row);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                _context.ReportMalformedRow(output, _position + 1, Shown(_row), _binder.Explain(_values, _row, error), error);
                Advance();
                continue;
            }

            // In this order: if a chained function throws, the snapshot must not claim the record.
            output.Collect(record);
            Records++;
            Advance();
        }

        return true;
    }

    protected override void Dispose(bool disposing)
    {
        CloseGroup();
        _file.Dispose();
    }

    private void Advance()
    {
        _row++;
        _position++;
    }

    /// <summary>Decodes the next rows, of the next row group if need be.</summary>
    private bool Decode()
    {
        try
        {
            while (_ahead == 0)
            {
                if (_nextGroup == _groups)
                {
                    CloseGroup();
                    return false;
                }

                OpenGroup(0);
            }

            _rows = (int)Math.Min(ParquetRecordReader.RowsAtOnce, _ahead);
            _row = 0;
            foreach (var column in _binder.Columns)
            {
                column.Read(_rows);
            }

            _ahead -= _rows;
            return true;
        }
        catch (Exception error) when (error is ParquetException or InvalidDataException)
        {
            throw Damaged(error);
        }
    }

    private void SkipTo(long row)
    {
        try
        {
            while (row > 0)
            {
                using var group = _file.RowGroup(_nextGroup);
                if (row < group.MetaData.NumRows)
                {
                    OpenGroup(row);
                    return;
                }

                row -= group.MetaData.NumRows;
                _nextGroup++;
            }
        }
        catch (Exception error) when (error is ParquetException or InvalidDataException)
        {
            throw Damaged(error);
        }
    }

    private void OpenGroup(long skip)
    {
        CloseGroup();
        _group = _file.RowGroup(_nextGroup++);
        foreach (var column in _binder.Columns)
        {
            column.Open(_group, skip);
        }

        _ahead = _group.MetaData.NumRows - skip;
    }

    private void CloseGroup()
    {
        foreach (var column in _binder.Columns)
        {
            column.Close();
        }

        _group?.Dispose();
        _group = null;
    }

    private ConnectorException Damaged(Exception error) => new(
        ParquetErrors.Malformed,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{_context.Path} is damaged in row group {_nextGroup - 1}, behind row {_position}: {error.Message.Trim().TrimEnd('.')}. Put a whole file in its place, or take it out of the folder."),
        innerException: error);

    private string Shown(int row)
    {
        var text = new StringBuilder();
        foreach (var column in _binder.Columns)
        {
            text.Append(text.Length > 0 ? ", " : "").Append(CultureInfo.InvariantCulture, $"{column.Name} = {column.Values.GetValue(row) ?? "null"}");
        }

        return text.ToString();
    }
}
