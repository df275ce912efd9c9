using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Millrace.Cluster.DataPlane;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Cluster.Tests.DataPlane;

/// <summary>A worker that is nothing but its data plane, listening at a port of loopback.</summary>
internal sealed class TestWorker : IControlAcceptor, IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Channel<(ControlConnectionKey Key, WorkerInfo Coordinator, IDataConnection Connection)> _accepted =
        Channel.CreateUnbounded<(ControlConnectionKey, WorkerInfo, IDataConnection)>();

    public TestWorker(string id, Action<DataPlaneOptions>? configure = null, TimeProvider? time = null)
    {
        var options = new DataPlaneOptions { ClusterId = "test" };
        configure?.Invoke(options);
        Plane = new TcpDataPlane(options, () => Info!, time ?? TimeProvider.System, Log);
        Plane.Start(this);
        Info = new WorkerInfo(id, $"worker {id}", "127.0.0.1", Plane.Port, 1);
    }

    public TcpDataPlane Plane { get; }

    public WorkerInfo Info { get; init; }

    public RecordedLog Log { get; } = new();

    /// <summary>Decides what becomes of a coordinator's connection.</summary>
    public Func<string?> Refusal { get; set; } = () => null;

    public static DataConnectionKey Key(int attempt = 1) => new("job", 2, 3, attempt);

    /// <summary>Two workers that have opened the same connection and started it.</summary>
    public static (IDataConnection First, Recorder AtFirst, IDataConnection Second, Recorder AtSecond) Connect(TestWorker first, TestWorker second, int attempt = 1)
    {
        var (a, b) = (first.Plane.Open(second.Info, Key(attempt)), second.Plane.Open(first.Info, Key(attempt)));
        var (atFirst, atSecond) = (new Recorder(), new Recorder());
        a.Start(atFirst);
        b.Start(atSecond);
        return (a, atFirst, b, atSecond);
    }

    public static FrameBuffer Frame(ReadOnlySpan<byte> bytes)
    {
        var frame = FrameBuffer.Rent();
        bytes.CopyTo(frame.GetSpan(bytes.Length));
        frame.Advance(bytes.Length);
        return frame;
    }

    /// <summary>A socket that is connected with the worker and has said nothing.</summary>
    public async Task<Socket> DialAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Plane.Port));
        return socket;
    }

    /// <summary>The next connection of a coordinator.</summary>
    public async Task<(ControlConnectionKey Key, WorkerInfo Coordinator, IDataConnection Connection)> AcceptedAsync() =>
        await _accepted.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public ValueTask DisposeAsync() => Plane.DisposeAsync();

    string? IControlAcceptor.Accept(ControlConnectionKey key, WorkerInfo coordinator, IDataConnection connection)
    {
        string? refusal = Refusal();
        if (refusal is null)
        {
            _accepted.Writer.TryWrite((key, coordinator, connection));
        }

        return refusal;
    }
}
