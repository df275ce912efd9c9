using System.Globalization;

namespace Millrace.Connectors;

/// <summary>Streams the elements of one JSON array.</summary>
/// <remarks>
/// A resume position always stands directly behind an element, where a comma or the array's end is due; 0 stands before the array.
/// </remarks>
internal sealed class JsonArrayReader<T> : FileRecordReader<T>
{
    private readonly FileReadContext<T> _context;
    private readonly JsonRowParser<T> _parser;
    private readonly FileBuffer _buffer;
    private readonly JsonElementScanner _scanner = new();
    private long _position;
    private State _state;

    // How many blanks stand before the coming element on its line; -1 when it is not the first of its line.
    private int _indent = -1;

    public JsonArrayReader(FileReadContext<T> context, JsonRowParser<T> parser)
    {
        _context = context;
        _parser = parser;
        _buffer = new FileBuffer(context.Stream, context.Options.BufferSize);
        _position = context.Position;
        _state = context.Position == 0 ? State.BeforeArray : State.BehindElement;
        Records = context.Records;
        if (_buffer.IsUtf16)
        {
            context.ThrowDamaged(0, "expected UTF-8, found the byte order mark of UTF-16");
        }
    }

    private enum State
    {
        BeforeArray,
        BehindBracket,
        BehindComma,
        BeforeElement,
        BehindElement,
        BehindArray,
    }

    public override long Position => _position;

    public override bool Read(SourceOutput<T> output, int maxRecords)
    {
        int elements = 0;

        // Only behind an element may a snapshot be taken.
        while (elements < maxRecords || _state != State.BehindElement)
        {
            byte next = SkipBlanks();
            switch (_state)
            {
                case State.BeforeArray when next == 0 && _buffer.EndOfFile && _buffer.Unread.IsEmpty:
                    return false;
                case State.BeforeArray when next == '[':
                    _buffer.Advance(1);
                    _state = State.BehindBracket;
                    break;
                case State.BeforeArray:
                    _context.ThrowDamaged(
                        _buffer.Position,
                        $"expected '[' as the start of a JSON array, found {Show(next)}; for one value a line take JsonFormat.Lines<{typeof(T).Name}>()");
                    break;
                case State.BehindArray:
                    if (!_buffer.Unread.IsEmpty)
                    {
                        Report(output, _buffer.Unread.Length, "expected the end of the file behind the array's ']'");
                    }

                    return false;
                case var _ when _buffer.Unread.IsEmpty:
                    Report(output, 0, "the file ends within the array: expected ']'");
                    return false;
                case State.BehindElement when next == ',':
                    _buffer.Advance(1);
                    _state = State.BehindComma;
                    break;
                case State.BehindElement when next == ']':
                    _buffer.Advance(1);
                    _state = State.BehindArray;
                    break;
                case State.BehindBracket when next == ']':
                    _buffer.Advance(1);
                    _state = State.BehindArray;
                    break;
                case State.BehindComma when next == ']':
                    if (!_parser.AllowsTrailingCommas)
                    {
                        Report(output, 1, "expected an element behind ',', found ']'");
                    }

                    _buffer.Advance(1);
                    _state = State.BehindArray;
                    break;
                default:
                    if (!ReadElement(output, _state == State.BehindElement ? "expected ',' or ']' behind an element" : null))
                    {
                        return false;
                    }

                    elements++;
                    break;
            }
        }

        return true;
    }

    /// <summary>Reads the element at the buffer's start.</summary>
    /// <param name="output">Takes the record.</param>
    /// <param name="misplaced">Why the element should not stand here at all; <see langword="null"/> when it may.</param>
    /// <returns>Whether the file goes on.</returns>
    private bool ReadElement(SourceOutput<T> output, string? misplaced)
    {
        long start = _buffer.Position;
        byte first = _buffer.Unread[0];
        bool tooLong = false;
        _scanner.Begin();
        while (true)
        {
            var unread = _buffer.Unread;
            var found = unread.IsEmpty ? JsonScan.NeedsMore : _scanner.Scan(unread);
            int length = _scanner.Scanned;
            if (!tooLong && length > _context.Options.MaxRecordBytes)
            {
                tooLong = true;
                Report(
                    output,
                    length,
                    $"the element is longer than {_context.Options.MaxRecordBytes} bytes, "
                    + $"which is {nameof(FileSourceOptions)}.{nameof(FileSourceOptions.MaxRecordBytes)}");
            }

            switch (found)
            {
                case JsonScan.Complete:
                    if (!tooLong)
                    {
                        Emit(output, unread[..length], misplaced ?? _scanner.Error);
                    }

                    _buffer.Advance(length);
                    _position = _buffer.Position;
                    _state = State.BehindElement;
                    return true;
                case JsonScan.BrokenString:
                    if (!tooLong)
                    {
                        Report(output, length, "a string is not closed on its line");
                    }

                    _buffer.Advance(length);
                    Recover(start, first);
                    return true;
                default:
                    if (_buffer.EndOfFile)
                    {
                        if (!tooLong)
                        {
                            Report(output, unread.Length, "the file ends within an element");
                        }

                        return false;
                    }

                    if (tooLong)
                    {
                        _buffer.Advance(length);
                        _scanner.Forget();
                    }

                    _buffer.Fill();
                    break;
            }
        }
    }

    private void Emit(SourceOutput<T> output, ReadOnlySpan<byte> element, string? error)
    {
        Exception? cause = null;
        if (error is null && _parser.TryParse(element, out var record, out error, out cause))
        {
            output.Collect(record);
            Records++;
            return;
        }

        _context.ReportMalformed(output, _buffer.Position, element, error!, cause);
    }

    /// <summary>
    /// Finds the next element behind one whose end cannot be known: a line with the same first byte and indentation, so that an object within an
    /// element is not taken for one. The buffer stands at a line's end.
    /// </summary>
    private void Recover(long start, byte first)
    {
        if (_indent < 0)
        {
            _context.ThrowDamaged(start, "a string is not closed on its line, and the next element cannot be found as it does not begin a line of its own");
        }

        int wanted = _indent;
        while (!_buffer.EndOfFile || !_buffer.Unread.IsEmpty)
        {
            int end = _buffer.Unread.IndexOf((byte)'\n');
            if (end < 0)
            {
                _buffer.Advance(_buffer.Unread.Length);
                if (_buffer.EndOfFile)
                {
                    break;
                }

                _buffer.Fill();
                continue;
            }

            _buffer.Advance(end + 1);
            while (_buffer.Unread.Length <= wanted && !_buffer.EndOfFile)
            {
                _buffer.Fill();
            }

            int blanks = _buffer.Unread.IndexOfAnyExcept((byte)' ', (byte)'\t');
            if (blanks == wanted && _buffer.Unread[blanks] == first)
            {
                _buffer.Advance(blanks);
                _state = State.BeforeElement;
                return;
            }

            if (blanks >= 0 && blanks <= wanted && _buffer.Unread[blanks] == ']')
            {
                _buffer.Advance(blanks);
                _position = _buffer.Position;
                _state = State.BehindElement;
                return;
            }
        }

        _context.ThrowDamaged(start, "a string is not closed on its line, and no later line begins an element");
    }

    /// <summary>Skips blanks and says which byte follows; 0 at the end of the file.</summary>
    private byte SkipBlanks()
    {
        if (_state is State.BeforeElement)
        {
            return _buffer.Unread[0];
        }

        if (_state is not State.BehindComma)
        {
            _indent = -1;
        }

        while (true)
        {
            var unread = _buffer.Unread;
            int blanks = 0;
            while (blanks < unread.Length && unread[blanks] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            {
                _indent = unread[blanks] == '\n' ? 0 : _indent < 0 ? -1 : _indent + 1;
                blanks++;
            }

            _buffer.Advance(blanks);
            if (blanks < unread.Length)
            {
                return unread[blanks];
            }

            if (_buffer.EndOfFile)
            {
                return 0;
            }

            _buffer.Fill();
        }
    }

    private void Report(SourceOutput<T> output, int length, string error) =>
        _context.ReportMalformed(output, _buffer.Position, _buffer.Unread[..length], error);

    private static string Show(byte value) =>
        value is > 0x20 and < 0x7F ? $"'{(char)value}'" : string.Create(CultureInfo.InvariantCulture, $"byte 0x{value:X2}");
}
