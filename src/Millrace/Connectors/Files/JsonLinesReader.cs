namespace Millrace.Connectors;

/// <summary>Reads one JSON value a line.</summary>
internal sealed class JsonLinesReader<T> : FileRecordReader<T>
{
    private readonly FileReadContext<T> _context;
    private readonly JsonRowParser<T> _parser;
    private readonly FileBuffer _buffer;

    public JsonLinesReader(FileReadContext<T> context, JsonRowParser<T> parser)
    {
        _context = context;
        _parser = parser;
        _buffer = new FileBuffer(context.Stream, context.Options.BufferSize);
        Records = context.Records;
        if (_buffer.IsUtf16)
        {
            context.ThrowDamaged(0, "expected UTF-8, found the byte order mark of UTF-16");
        }
    }

    public override long Position => _buffer.Position;

    public override bool Read(SourceOutput<T> output, int maxRecords)
    {
        for (int rows = 0; rows < maxRecords;)
        {
            if (!TryFindLine(output, out int length, out int withEnd))
            {
                return false;
            }

            if (withEnd < 0)
            {
                rows++;
                continue;
            }

            var row = _buffer.Unread[..length];
            if (row.TrimEnd(" \t\r"u8).IsEmpty)
            {
                _buffer.Advance(withEnd);
                continue;
            }

            rows++;
            if (_parser.TryParse(row, out var record, out string error, out var cause))
            {
                // In this order: if a chained function throws, the snapshot must not claim the record.
                output.Collect(record);
                Records++;
            }
            else
            {
                _context.ReportMalformed(output, _buffer.Position, row.TrimEnd((byte)'\r'), error, cause);
            }

            _buffer.Advance(withEnd);
        }

        return true;
    }

    /// <summary>Finds the end of the line at the buffer's start. A line that is too long is reported and passed over; then withEnd is -1.</summary>
    private bool TryFindLine(SourceOutput<T> output, out int length, out int withEnd)
    {
        int searched = 0;
        while (true)
        {
            var unread = _buffer.Unread;
            int end = unread[searched..].IndexOf((byte)'\n');
            length = end >= 0 ? searched + end : unread.Length;
            if (length > _context.Options.MaxRecordBytes)
            {
                PassOverLongLine(output);
                withEnd = -1;
                return true;
            }

            if (end >= 0 || _buffer.EndOfFile)
            {
                withEnd = end >= 0 ? length + 1 : length;
                return withEnd > 0;
            }

            searched = unread.Length;
            _buffer.Fill();
        }
    }

    private void PassOverLongLine(SourceOutput<T> output)
    {
        _context.ReportMalformed(
            output,
            _buffer.Position,
            _buffer.Unread,
            $"the line is longer than {_context.Options.MaxRecordBytes} bytes, "
            + $"which is {nameof(FileSourceOptions)}.{nameof(FileSourceOptions.MaxRecordBytes)}");
        while (true)
        {
            int end = _buffer.Unread.IndexOf((byte)'\n');
            if (end >= 0)
            {
                _buffer.Advance(end + 1);
                return;
            }

            _buffer.Advance(_buffer.Unread.Length);
            if (_buffer.EndOfFile)
            {
                return;
            }

            _buffer.Fill();
        }
    }
}
