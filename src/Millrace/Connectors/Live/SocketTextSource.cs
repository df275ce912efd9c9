using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;

namespace Millrace.Connectors;

/// <summary>Reads lines of text from a TCP server, for a look at something alive (<c>nc -lk 9999</c>). One subtask reads. Ends when the server closes the connection.</summary>
/// <remarks>
/// At most once: what was sent before a failure cannot be asked for again. Lines are UTF-8; a carriage return before a line feed is no part of the line, and the last line needs no end.
/// </remarks>
/// <example>
/// <code>
/// var lines = new SocketTextSource("localhost", 9999);
/// </code>
/// </example>
public sealed class SocketTextSource : Source<string, AsyncSequenceSplit, AsyncSequenceSplit[]>
{
    private readonly string _host;
    private readonly int _port;
    private readonly byte _delimiter;
    private readonly int _maxLineBytes;

    /// <summary>Creates the source.</summary>
    /// <param name="host">The server's name or address.</param>
    /// <param name="port">Its port, 1 to 65535.</param>
    /// <param name="delimiter">What ends a line; an ASCII character.</param>
    /// <param name="maxLineBytes">How long a line may be, so that a server that sends no ends does not take all memory; at least 1.</param>
    /// <exception cref="ArgumentException"><paramref name="host"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number or the delimiter is out of its range.</exception>
    public SocketTextSource(string host, int port, char delimiter = '\n', int maxLineBytes = 1024 * 1024)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(host);
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65535);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(delimiter, '\x7F');
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLineBytes, 1);
        _host = host;
        _port = port;
        _delimiter = (byte)delimiter;
        _maxLineBytes = maxLineBytes;
    }

    /// <inheritdoc/>
    public override Boundedness Boundedness => Boundedness.Unbounded;

    /// <inheritdoc/>
    public override int MaxParallelism => 1;

    private string Server => string.Create(CultureInfo.InvariantCulture, $"{_host}:{_port}");

    /// <inheritdoc/>
    public override SplitEnumerator<AsyncSequenceSplit, AsyncSequenceSplit[]> CreateEnumerator(
        SplitEnumeratorContext<AsyncSequenceSplit> context, AsyncSequenceSplit[]? restored, bool isRestored) =>
        new SingleSplitEnumerator<AsyncSequenceSplit>(context, new AsyncSequenceSplit(0), restored, isRestored);

    /// <inheritdoc/>
    public override SourceReader<string, AsyncSequenceSplit> CreateReader(SourceReaderContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new AsyncSequenceReader<string>(context, ReadAsync, isRepeatable: false);
    }

    private async IAsyncEnumerable<string> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var client = await ConnectAsync(cancellationToken).ConfigureAwait(false);
        var reader = PipeReader.Create(client.GetStream());
        while (true)
        {
            var result = await ReadAsync(reader, cancellationToken).ConfigureAwait(false);
            var buffer = result.Buffer;
            while (buffer.PositionOf(_delimiter) is { } end)
            {
                yield return Text(buffer.Slice(0, end));
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            if (result.IsCompleted)
            {
                if (!buffer.IsEmpty)
                {
                    yield return Text(buffer);
                }

                break;
            }

            if (buffer.Length > _maxLineBytes)
            {
                throw new ConnectorException(
                    Error,
                    $"{Server} has sent {buffer.Length} bytes without the end of a line, and {_maxLineBytes} are allowed. See that it sends lines with the delimiter that the source is given, "
                    + "or raise maxLineBytes.");
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }

        await reader.CompleteAsync().ConfigureAwait(false);
    }

    private const string Error = "MR7301";

    private async Task<TcpClient> ConnectAsync(CancellationToken cancellationToken)
    {
        var client = new TcpClient();
        try
        {
            await client.ConnectAsync(_host, _port, cancellationToken).ConfigureAwait(false);
            return client;
        }
        catch (SocketException error)
        {
            client.Dispose();
            throw new ConnectorException(Error, $"{Server} cannot be reached: {error.Message}. See that the server runs and listens there.", isTransient: true, error);
        }
    }

    private async ValueTask<ReadResult> ReadAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw new ConnectorException(Error, $"The connection to {Server} broke: {error.Message} What the server sent meanwhile is lost.", isTransient: true, error);
        }
    }

    private string Text(ReadOnlySequence<byte> line)
    {
        string text = Encoding.UTF8.GetString(line);
        return _delimiter == '\n' && text.EndsWith('\r') ? text[..^1] : text;
    }
}
