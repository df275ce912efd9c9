using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Millrace.Connectors;

/// <summary>A file that is to be read, from where, and what happens to rows that are no records.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class FileReadContext<T>
{
    private const int MaxExcerptBytes = 200;
    private const int MaxTextBytes = 4000;
    private readonly SourceReaderContext? _source;
    private readonly LineCounter _lines;

    internal FileReadContext(Stream stream, FileSplit split, FileSourceOptions options, SourceReaderContext? source)
    {
        Stream = stream;
        Path = split.Path;
        Position = split.Position;
        Records = split.Records;
        Options = options;
        _source = source;
        _lines = new LineCounter(split.Path, options.Compression);
    }

    /// <summary>
    /// The content of the file, decompressed, positioned at <see cref="Position"/>; seekable, unbuffered, closed by the source. To move backwards in a compressed file takes as long as to
    /// read it again. For a format with <see cref="FileFormat{T}.IsRandomAccess"/> it is the file itself, at its first byte.
    /// </summary>
    public Stream Stream { get; }

    /// <summary>The file's full path.</summary>
    public string Path { get; }

    /// <summary>The byte of the content from which to read; 0 or a <see cref="FileRecordReader{T}.Position"/> of an earlier reader.</summary>
    public long Position { get; }

    /// <summary>How many records were emitted before <see cref="Position"/>.</summary>
    public long Records { get; }

    /// <summary>The source's options.</summary>
    public FileSourceOptions Options { get; }

    /// <summary>The same for records of another type.</summary>
    internal FileReadContext<TOther> For<TOther>() => new(Stream, new FileSplit(Path, Position, Records), Options, _source);

    /// <summary>Deals with a row that is no record as the source's options say: fails, skips it, or puts it into the side output.</summary>
    /// <param name="output">The output of the file's records.</param>
    /// <param name="bytePosition">Where the row begins.</param>
    /// <param name="text">The row, in UTF-8; may be cut off.</param>
    /// <param name="error">What was expected and what was found; a phrase.</param>
    /// <param name="cause">The parser's exception, if there is one.</param>
    /// <exception cref="ConnectorException">The source is to fail.</exception>
    public void ReportMalformed(SourceOutput<T> output, long bytePosition, ReadOnlySpan<byte> text, string error, Exception? cause = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (Options.OnMalformed.Fails)
        {
            Fail(string.Create(CultureInfo.InvariantCulture, $"{Path}, line {_lines.LineAt(bytePosition)}, byte {bytePosition}"), text, error, cause);
            return;
        }

        _source?.CountSkipped();
        if (Options.OnMalformed.Tag is { } tag)
        {
            output.Output(tag, new MalformedRow(Path, _lines.LineAt(bytePosition), bytePosition, Shorten(text, MaxTextBytes), error));
        }
    }

    /// <summary>Does the same in a format whose rows are no lines.</summary>
    /// <param name="output">The output of the file's records.</param>
    /// <param name="row">The number of the row, from 1.</param>
    /// <param name="text">The row, for people.</param>
    /// <param name="error">What was expected and what was found; a phrase.</param>
    /// <param name="cause">The exception, if there is one.</param>
    /// <exception cref="ConnectorException">The source is to fail.</exception>
    public void ReportMalformedRow(SourceOutput<T> output, long row, string text, string error, Exception? cause = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(text);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (Options.OnMalformed.Fails)
        {
            Fail(string.Create(CultureInfo.InvariantCulture, $"{Path}, row {row}"), bytes, error, cause);
            return;
        }

        _source?.CountSkipped();
        if (Options.OnMalformed.Tag is { } tag)
        {
            output.Output(tag, new MalformedRow(Path, row, -1, Shorten(bytes, MaxTextBytes), error));
        }
    }

    /// <summary>Fails because nothing behind a position can be read, whatever the source does with malformed rows.</summary>
    /// <param name="bytePosition">Where the damage begins.</param>
    /// <param name="error">What was expected and what was found; a phrase.</param>
    /// <exception cref="ConnectorException">Always.</exception>
    [DoesNotReturn]
    public void ThrowDamaged(long bytePosition, string error) => throw new ConnectorException(
        FileErrors.Malformed,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Path} is damaged from byte {bytePosition} (line {_lines.LineAt(bytePosition)}) on: {error}. Correct the file or take it out of the folder."));

    /// <summary>Fails, unless the operator has been given a policy with <c>OnError</c>.</summary>
    private void Fail(string position, ReadOnlySpan<byte> text, string error, Exception? cause)
    {
        var failure = new ConnectorException(
            FileErrors.Malformed,
            $"{position}: {error}. The row: {Shorten(text, MaxExcerptBytes)} Correct the file, or set "
            + $"{nameof(FileSourceOptions)}.{nameof(FileSourceOptions.OnMalformed)} to Skip or ToSideOutput, or call .OnError(...) on the source's stream, to go on without such rows.",
            innerException: cause);
        if (_source?.ReportMalformed(position, Shorten(text, MaxTextBytes), failure) is not true)
        {
            throw failure;
        }
    }

    private static string Shorten(ReadOnlySpan<byte> text, int maxBytes)
    {
        if (text.Length <= maxBytes)
        {
            return Encoding.UTF8.GetString(text);
        }

        int end = maxBytes;
        // Not within a character: bytes 10xxxxxx continue one.
        while (end > 0 && (text[end] & 0xC0) == 0x80)
        {
            end--;
        }

        return Encoding.UTF8.GetString(text[..end]) + "…";
    }
}
