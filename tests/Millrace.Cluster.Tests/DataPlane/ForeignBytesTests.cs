using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Millrace.Cluster.DataPlane;
using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Tests.DataPlane;

/// <summary>What comes to the port and is no worker is closed and costs one line in the log.</summary>
public sealed class ForeignBytesTests
{
    private static readonly WorkerInfo Stranger = new("a", "stranger", "127.0.0.1", 1, 1);

    public static TheoryData<string, string> Openings => new()
    {
        { "http", "it begins with the bytes 474554202f20485454502f31, as no worker does" },
        { "tls", "it begins with the bytes 16030100c8010000c40303" },
        { "noise", "it begins with the bytes " },
        { "version", "it speaks version 2 of the protocol, and this worker version 1" },
        { "length", "its handshake is to have 65535 bytes, where 16384 are the most" },
        { "cluster", "worker stranger (127.0.0.1:1) belongs to the cluster 'other', and this one to 'test'" },
        { "target", "worker stranger (127.0.0.1:1) wants worker 'c', and this one is 'b'" },
        { "payload", "its handshake cannot be read: " },
        { "purpose", "its handshake cannot be read: it is for 9, which is nothing" },
        { "rest", "its handshake cannot be read: it has 1 bytes too many" },
        { "text", "its handshake cannot be read: " },
        { "cut", "it was closed by the other end within its handshake" },
        { "nothing", "it was closed by the other end within its handshake" },
    };

    [Theory]
    [MemberData(nameof(Openings))]
    public async Task Foreign_bytes_are_closed_with_one_line_and_workers_go_on(string what, string reason)
    {
        await using TestWorker worker = new("b");
        using var socket = await worker.DialAsync();
        await socket.SendAsync(Opening(what));
        if (what is "cut" or "nothing")
        {
            socket.Shutdown(SocketShutdown.Send);
        }

        await ClosedAsync(socket);
        string remote = $"{socket.LocalEndPoint}";
        await using TestWorker other = new("a");
        var (first, _, _, atSecond) = TestWorker.Connect(other, worker);
        first.Send(TestWorker.Frame("still there"u8));
        Assert.Equal("still there"u8.ToArray(), await atSecond.NextAsync());
        string line = Assert.Single(worker.Log.Warnings);
        Assert.StartsWith($"A connection from {remote} was closed: {reason}", line, StringComparison.Ordinal);
        Assert.EndsWith(".", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Random_bytes_never_do_more_than_that()
    {
        await using TestWorker worker = new("b");
        byte[] hello = Opening("good");
        var random = new Random(1);
        for (int i = 0; i < 300; i++)
        {
            // A good handshake with a byte changed somewhere; those that still are good wait until they are opened, which they never are.
            byte[] bytes = [.. hello];
            bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
            using var socket = await worker.DialAsync();
            await socket.SendAsync(bytes);
            socket.Shutdown(SocketShutdown.Send);
        }

        await using TestWorker other = new("a");
        var (first, _, _, atSecond) = TestWorker.Connect(other, worker, attempt: 1_000_000);
        first.Send(TestWorker.Frame("still there"u8));
        Assert.Equal("still there"u8.ToArray(), await atSecond.NextAsync());
        Assert.All(worker.Log.Warnings, line => Assert.StartsWith("A connection from ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whoever_says_nothing_is_closed_after_a_while()
    {
        var time = new FakeTimeProvider();
        await using TestWorker worker = new("b", time: time);
        using var socket = await worker.DialAsync();
        await socket.SendAsync("MIL"u8.ToArray());
        var closed = ClosedAsync(socket);

        // It does not matter whether the worker has taken the connection before the clock moves or after.
        while (!closed.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await closed;
        Assert.EndsWith("it has not said what it wants within 5 s.", Assert.Single(worker.Log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_that_say_nothing_do_not_take_the_place_of_workers_for_long()
    {
        var time = new FakeTimeProvider();
        await using TestWorker worker = new("b", time: time);
        List<Socket> silent = [];
        for (int i = 0; i < ConnectionListener.MaxHandshakes; i++)
        {
            silent.Add(await worker.DialAsync());
        }

        for (int i = 0; i < 10; i++)
        {
            using var tooMany = await worker.DialAsync();
            await ClosedAsync(tooMany);
        }

        Assert.Equal($"{ConnectionListener.MaxHandshakes} connections are in their handshake, as many as may be: further ones are closed, and not logged, until there are fewer.", Assert.Single(worker.Log.Warnings));
        time.Advance(ConnectionListener.HandshakeTimeout);
        foreach (var socket in silent)
        {
            await ClosedAsync(socket);
            socket.Dispose();
        }

        await using TestWorker other = new("a");
        var (first, _, _, atSecond) = TestWorker.Connect(other, worker);
        first.Send(TestWorker.Frame("there again"u8));
        Assert.Equal("there again"u8.ToArray(), await atSecond.NextAsync());
    }

    [Theory]
    [InlineData("ffffffff", "an item begins with ffffffff, which is the beginning of none")]
    [InlineData("01000004", "an item \\(Frame\\) says that it has 67108865 bytes, where 0 to 67108864 are possible")]
    [InlineData("01040080", "an item \\(Goodbye\\) says that it has 1025 bytes, where 0 to 1024 are possible")]
    [InlineData("08000040", "a frame is compressed, which was not agreed on")]
    public async Task Foreign_bytes_after_the_handshake_break_the_connection_and_the_other_end_hears_why(string hex, string reason)
    {
        await using TestWorker worker = new("b");
        using var socket = await worker.DialAsync();
        await using var stream = new NetworkStream(socket);
        var recorder = await ConnectAsync(worker, stream, compress: false);
        await stream.WriteAsync(Convert.FromHexString(hex), TestContext.Current.CancellationToken);
        Assert.Matches($"^bytes have come that no worker sends: {reason}$", (await recorder.BreakAsync()).Message);
        byte[] goodbye = new byte[200];
        int length = await stream.ReadAtLeastAsync(goodbye, goodbye.Length, throwOnEndOfStream: false, TestContext.Current.CancellationToken);
        Assert.Matches($"^bytes have come that no worker sends: {reason}$", Encoding.UTF8.GetString(goodbye, 4, length - 4));
    }

    [Theory]
    [InlineData("05000040 00000000 00", "a compressed frame of 5 bytes says that it has 0, where 255 is the most that is possible")]
    [InlineData("05000040 00010000 00", "a compressed frame of 5 bytes says that it has 256, where 255 is the most that is possible")]
    [InlineData("06000040 64000000 1041", "a compressed frame says that it has 100 bytes, but cannot be decompressed to as many")]
    [InlineData("06000040 05000000 ffff", "a compressed frame says that it has 5 bytes, but cannot be decompressed to as many")]
    public async Task A_compressed_frame_that_is_none_breaks_the_connection(string hex, string reason)
    {
        await using TestWorker worker = new("b");
        using var socket = await worker.DialAsync();
        await using var stream = new NetworkStream(socket);
        var recorder = await ConnectAsync(worker, stream, compress: true);
        await stream.WriteAsync(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)), TestContext.Current.CancellationToken);
        Assert.Equal($"bytes have come that no worker sends: {reason}", (await recorder.BreakAsync()).Message);
    }

    private static async Task<Recorder> ConnectAsync(TestWorker worker, NetworkStream stream, bool compress)
    {
        var recorder = new Recorder();
        worker.Plane.Open(Stranger, TestWorker.Key()).Start(recorder);
        await Handshake.WriteAsync(stream, new Hello("test", "b", Stranger, TestWorker.Key(), null, compress), CancellationToken.None);
        Assert.Equal(new HelloReply(compress, null), await Handshake.ReadReplyAsync(stream, CancellationToken.None));
        return recorder;
    }

    /// <summary>Waits until the other end has closed it, without having said a word.</summary>
    private static async Task ClosedAsync(Socket socket)
    {
        try
        {
            Assert.Equal(0, await socket.ReceiveAsync(new byte[100]).WaitAsync(TimeSpan.FromSeconds(30)));
        }
        catch (SocketException)
        {
            // Reset, because not all was read.
        }
    }

    private static byte[] Opening(string what)
    {
        byte[] hello = Handshake.Encode(new Hello(what == "cluster" ? "other" : "test", what == "target" ? "c" : "b", Stranger, TestWorker.Key(), null, false));
        switch (what)
        {
            case "http":
                return Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            case "tls":
                return Convert.FromHexString("16030100c8010000c40303000102030405060708090a0b0c0d0e0f");
            case "noise":
                new Random(5).NextBytes(hello);
                return hello;
            case "version":
                hello[8] = 2;
                return hello;
            case "length":
                hello[10] = hello[11] = 255;
                return hello;
            case "payload":
                // The first text is longer than all that follows.
                hello[14] = 120;
                return hello;
            case "purpose":
                hello[12] = 9;
                return hello;
            case "rest":
                hello[10]++;
                return [.. hello, 0];
            case "text":
                hello[15] = 0xff;
                return hello;
            case "cut":
                return hello[..20];
            case "nothing":
                return [];
            default:
                return hello;
        }
    }
}
