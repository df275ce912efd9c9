using CsvHelper;

namespace Millrace.Connectors;

/// <summary>Reads the rows of a CSV file.</summary>
/// <remarks>
/// A resume position stands behind the last byte of a row, before its line break: a reader that begins there finds an empty line first and passes over it.
/// </remarks>
internal sealed class CsvRecordReader<T> : FileRecordReader<T>
{
    private readonly FileReadContext<T> _context;
    private readonly CsvReaderOptions _options;
    private readonly CsvRecordBinder<T>? _binder;
    private CsvReader? _reader;
    private CsvMalformedReason? _malformed;

    // Where the reader's input begins in the file.
    private long _base;
    private long _position;

    public CsvRecordReader(FileReadContext<T> context, CsvFormat<T> format)
    {
        _context = context;
        _options = format.ReaderOptions(context.Options, row => _malformed = row.Reason);
        Records = context.Records;
        OpenAt(SkipByteOrderMark());
        string[]? header = null;
        if (format.HasHeader)
        {
            header = ReadHeader();
            if (header is null)
            {
                return;
            }
        }

        _binder = format.Binder(header, context.Path);
        if (context.Position > _position)
        {
            OpenAt(context.Position);
        }
    }

    public override long Position => _position;

    public override bool Read(SourceOutput<T> output, int maxRecords)
    {
        if (_binder is null)
        {
            return false;
        }

        var bind = _binder.Bind;
        for (int rows = 0; rows < maxRecords; rows++)
        {
            try
            {
                if (!_reader!.Read())
                {
                    return false;
                }
            }
            catch (CsvFormatException error)
            {
                PassOverEndless(output, error);
                continue;
            }

            if (_malformed is not null || _reader.FieldCount != _binder.ColumnCount || _reader.RawRecord.Length > _context.Options.MaxRecordBytes)
            {
                ReportRow(output);
                continue;
            }

            T record;
            try
            {
                record = bind(_reader);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                _context.ReportMalformed(output, RowStart, _reader.RawRecord, _binder.Explain(_reader, error), error);
                _position = RowEnd;
                continue;
            }

            output.Collect(record);
            Records++;
            _position = RowEnd;
        }

        return true;
    }

    protected override void Dispose(bool disposing) => _reader?.Dispose();

    private long RowStart => _base + _reader!.ByteOffset;

    private long RowEnd => _base + _reader!.ByteOffset + _reader.RawRecord.Length;

    private void ReportRow(SourceOutput<T> output)
    {
        var row = _reader!.RawRecord;
        if (_malformed == CsvMalformedReason.UnterminatedQuote)
        {
            // The quote has swallowed the rest of the file. One line is lost, not all that follow.
            int end = row.IndexOf((byte)'\n');
            _context.ReportMalformed(output, RowStart, (end < 0 ? row : row[..end]).TrimEnd((byte)'\r'), "a quoted field is never closed");
            OpenAt(end < 0 ? RowEnd : RowStart + end);
            return;
        }

        string error = _malformed switch
        {
            CsvMalformedReason.StrayQuote => "a quote within a field that does not begin with one",
            CsvMalformedReason.TextAfterClosingQuote => "text behind the closing quote of a field",
            null when _reader.FieldCount != _binder!.ColumnCount => $"expected {_binder.ColumnCount} fields, found {_reader.FieldCount}",
            null => TooLong,
            var other => $"malformed quoting ({other})",
        };
        _context.ReportMalformed(output, RowStart, row, error);
        _malformed = null;
        _position = RowEnd;
    }

    /// <summary>A row passed the limit before its end was seen: goes on with the line behind the row's first.</summary>
    private void PassOverEndless(SourceOutput<T> output, CsvFormatException error)
    {
        // The reader says nowhere for certain where the row began; between the rows there is nothing but line breaks.
        _context.Stream.Position = _position;
        var buffer = new FileBuffer(_context.Stream, _options.BufferSize);
        int blanks = 0;
        while (true)
        {
            var unread = buffer.Unread;
            blanks = unread.IndexOfAnyExcept((byte)'\r', (byte)'\n');
            if (blanks >= 0 || buffer.EndOfFile)
            {
                break;
            }

            buffer.Advance(unread.Length);
            buffer.Fill();
        }

        buffer.Advance(Math.Max(0, blanks));
        while (buffer.Unread.Length < 4096 && buffer.Unread.IndexOf((byte)'\n') < 0 && !buffer.EndOfFile)
        {
            buffer.Fill();
        }

        int end = buffer.Unread.IndexOf((byte)'\n');
        _context.ReportMalformed(output, buffer.Position, (end < 0 ? buffer.Unread : buffer.Unread[..end]).TrimEnd((byte)'\r'), TooLong, error);
        while ((end = buffer.Unread.IndexOf((byte)'\n')) < 0)
        {
            buffer.Advance(buffer.Unread.Length);
            if (buffer.EndOfFile)
            {
                break;
            }

            buffer.Fill();
        }

        buffer.Advance(Math.Max(0, end));
        OpenAt(buffer.Position);
    }

    private string TooLong =>
        $"the row is longer than {_context.Options.MaxRecordBytes} bytes, which is {nameof(FileSourceOptions)}.{nameof(FileSourceOptions.MaxRecordBytes)} "
        + "(a quote that is never closed makes a row of all that follows)";

    private string[]? ReadHeader()
    {
        try
        {
            if (!_reader!.Read())
            {
                return null;
            }
        }
        catch (CsvFormatException error)
        {
            _context.ThrowDamaged(0, $"the header cannot be read: {error.Message.TrimEnd('.')}");
        }

        if (_malformed is { } reason)
        {
            _context.ThrowDamaged(0, $"the header cannot be read: {reason}");
        }

        var header = new string[_reader.FieldCount];
        for (int i = 0; i < header.Length; i++)
        {
            header[i] = _reader.GetString(i);
        }

        _position = RowEnd;
        return header;
    }

    private long SkipByteOrderMark()
    {
        _context.Stream.Position = 0;
        Span<byte> mark = stackalloc byte[3];
        int read = _context.Stream.ReadAtLeast(mark, 3, throwOnEndOfStream: false);
        if (mark[..read] is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            _context.ThrowDamaged(0, "expected UTF-8, found the byte order mark of UTF-16");
        }

        return mark[..read].SequenceEqual("\uFEFF"u8) ? 3 : 0;
    }

    private void OpenAt(long position)
    {
        _reader?.Dispose();
        _malformed = null;
        _base = position;
        _position = position;
        _context.Stream.Position = position;
        _reader = CsvReader.Create(ForwardOnlyStream.Of(_context.Stream), _options, leaveOpen: true);
    }
}
