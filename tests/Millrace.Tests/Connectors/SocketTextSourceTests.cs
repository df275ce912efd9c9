using System.Net;
using System.Net.Sockets;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

public sealed class SocketTextSourceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static async Task<List<string>> ReadAsync(byte[][] sent, char delimiter = '\n', int maxLineBytes = 1000)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var serving = Task.Run(
            async () =>
            {
                using var client = await server.AcceptTcpClientAsync(Cancel);
                client.NoDelay = true;
                foreach (byte[] some in sent)
                {
                    await client.GetStream().WriteAsync(some, Cancel);
                    await client.GetStream().FlushAsync(Cancel);
                }
            },
            Cancel);
        var env = new StreamExecutionEnvironment { Options = { Parallelism = 1 } };
        var lines = new List<string>();
        await foreach (string line in env.FromSource(new SocketTextSource("127.0.0.1", ((IPEndPoint)server.LocalEndpoint).Port, delimiter, maxLineBytes))
            .ExecuteAndCollectAsync(cancellationToken: Cancel))
        {
            lines.Add(line);
        }

        await serving;
        return lines;
    }

    [Fact]
    public async Task Lines_come_in_order_however_they_are_cut() =>
        Assert.Equal(["one", "zwei ü", "", "three"], await ReadAsync(["one\nzwei \u00FC"u8.ToArray()[..10], [0xBC, .. "\r\n\nth"u8], "ree"u8.ToArray()]));

    [Fact]
    public async Task Another_delimiter_ends_lines_too() => Assert.Equal(["a\n", "b"], await ReadAsync(["a\n;b;"u8.ToArray()], ';'));

    [Fact]
    public async Task A_line_without_end_is_an_error()
    {
        var error = await Assert.ThrowsAsync<JobFailedException>(() => ReadAsync([new byte[5000]], maxLineBytes: 100));
        Assert.Contains("MR7301", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_an_error_that_names_it()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        int port = ((IPEndPoint)server.LocalEndpoint).Port;
        server.Stop();
        var env = new StreamExecutionEnvironment();
        env.FromSource(new SocketTextSource("127.0.0.1", port)).SinkTo(new DiscardSink<string>());
        var error = await Assert.ThrowsAsync<JobFailedException>(() => env.ExecuteAsync(cancellationToken: Cancel));
        Assert.Contains($"127.0.0.1:{port} cannot be reached", error.Message, StringComparison.Ordinal);
    }
}
