namespace Millrace.Connectors;

/// <summary>Reads a file line by line. Lines end with a line feed; the last one needs none.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal abstract class LineReader<T> : FileRecordReader<T>
{
    private readonly FileBuffer _buffer;

    protected LineReader(FileReadContext<T> context)
    {
        Context = context;
        _buffer = new FileBuffer(context.Stream, context.Options.BufferSize);
        Records = context.Records;
        if (_buffer.IsUtf16)
        {
            context.ThrowDamaged(0, "expected UTF-8, found the byte order mark of UTF-16");
        }
    }

    public override long Position => _buffer.Position;

    protected FileReadContext<T> Context { get; }

    /// <summary>Whether lines of nothing but blanks are no records.</summary>
    protected abstract bool PassesOverBlankLines { get; }

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
            if (PassesOverBlankLines && row.TrimEnd(" \t\r"u8).IsEmpty)
            {
                _buffer.Advance(withEnd);
                continue;
            }

            rows++;
            ReadLine(output, row.EndsWith("\r"u8) ? row[..^1] : row);
            _buffer.Advance(withEnd);
        }

        return true;
    }

    /// <summary>Emits the record of a line, or reports it. <see cref="Position"/> is where the line begins.</summary>
    /// <param name="output">Takes the record.</param>
    /// <param name="line">The line, without its end.</param>
    protected abstract void ReadLine(SourceOutput<T> output, ReadOnlySpan<byte> line);

    /// <summary>Finds the end of the line at the buffer's start. A line that is too long is reported and passed over; then withEnd is -1.</summary>
    private bool TryFindLine(SourceOutput<T> output, out int length, out int withEnd)
    {
        int searched = 0;
        while (true)
        {
            var unread = _buffer.Unread;
            int end = unread[searched..].IndexOf((byte)'\n');
            length = end >= 0 ? searched + end : unread.Length;
            if (length > Context.Options.MaxRecordBytes)
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
        Context.ReportMalformed(
            output,
            _buffer.Position,
            _buffer.Unread,
            $"the line is longer than {Context.Options.MaxRecordBytes} bytes, "
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
