using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.DataPlane;

/// <summary>
/// Takes connections, listens to what they say first, and hands them to whom they are for. Whatever else comes to the port is closed and logged with one line.
/// </summary>
internal sealed class ConnectionListener : IAsyncDisposable
{
    /// <summary>How long whoever connects may take to say what it wants.</summary>
    public static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How many connections may be in their handshake at once, and how many may wait until this worker opens them.</summary>
    public const int MaxHandshakes = 256;

    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(100);

    private readonly DataPlaneOptions _options;
    private readonly Func<WorkerInfo> _me;
    private readonly IControlAcceptor _acceptor;
    private readonly Rendezvous _rendezvous;
    private readonly Transport _transport;
    private readonly Func<string, TcpConnection> _create;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private int _handshakes;
    private int _isFull;

    /// <summary>Binds the socket and begins to take connections.</summary>
    /// <exception cref="MillraceException">MR6102: the address cannot be listened at.</exception>
    public ConnectionListener(
        DataPlaneOptions options,
        Func<WorkerInfo> me,
        IControlAcceptor acceptor,
        Rendezvous rendezvous,
        Transport transport,
        Func<string, TcpConnection> create,
        TimeProvider time,
        ILogger logger)
    {
        _options = options;
        _me = me;
        _acceptor = acceptor;
        _rendezvous = rendezvous;
        _transport = transport;
        _create = create;
        _time = time;
        _logger = logger;
        _socket = Bind(options);
        EndPoint = (IPEndPoint)_socket.LocalEndPoint!;
        _loop = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _socket.Dispose();
        await _loop.ConfigureAwait(false);
    }

    private static Socket Bind(DataPlaneOptions options)
    {
        if (!IPAddress.TryParse(options.Address, out var address))
        {
            throw new MillraceException(
                "MR6102", $"The data plane cannot listen at '{options.Address}': that is no IP address. Give one of this machine's, or 0.0.0.0 (or ::) for all of them.");
        }

        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(new IPEndPoint(address, options.Port));
            socket.Listen(MaxHandshakes);
            return socket;
        }
        catch (Exception error) when (error is SocketException or ArgumentOutOfRangeException)
        {
            socket.Dispose();
            throw new MillraceException(
                "MR6102", $"The data plane cannot listen at {options.Address}, port {options.Port}: {error.Message}. Give another port, or 0 for any that is free.", error);
        }
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _socket.AcceptAsync(_stop.Token).ConfigureAwait(false);
                if (Interlocked.Increment(ref _handshakes) <= MaxHandshakes)
                {
                    _ = Task.Run(() => ServeAsync(socket));
                    continue;
                }

                socket.Dispose();
                HandshakeEnded();
                if (Interlocked.Exchange(ref _isFull, 1) == 0)
                {
                    Log.TooManyHandshakes(_logger, MaxHandshakes);
                }
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // No file handles left, or the one that dialed was gone before it was taken.
                Log.AcceptFailed(_logger, error);
                await PauseAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task PauseAsync()
    {
        try
        {
            await Task.Delay(PauseAfterError, _time, _stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The loop sees it.
        }
    }

    private void HandshakeEnded()
    {
        if (Interlocked.Decrement(ref _handshakes) < MaxHandshakes / 2)
        {
            Volatile.Write(ref _isFull, 0);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        bool isHanded = false;
        Stream? stream = null;
        string remote = "an unknown address";
        try
        {
            remote = Transport.Describe(socket.RemoteEndPoint);
            (stream, var hello) = await ShakeHandsAsync(socket).ConfigureAwait(false);
            isHanded = hello.Control is { } control
                ? await AcceptControlAsync(socket, stream, hello, control).ConfigureAwait(false)
                : await AcceptDataAsync(socket, stream, hello, hello.Data!, remote).ConfigureAwait(false);
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            // This worker ends, and everything with it.
        }
        catch (Exception error)
        {
            Log.Rejected(_logger, remote, Reason(error));
        }
        finally
        {
            if (!isHanded)
            {
                stream?.Dispose();
                socket.Dispose();
            }
        }
    }

    private static string Reason(Exception error) => error switch
    {
        OperationCanceledException => $"it has not said what it wants within {HandshakeTimeout.TotalSeconds} s",
        EndOfStreamException => "it was closed by the other end within its handshake",
        AuthenticationException => $"TLS: {(error.InnerException ?? error).Message.TrimEnd('.')}",
        _ => error.Message.TrimEnd('.'),
    };

    private async Task<(Stream Stream, Hello Hello)> ShakeHandsAsync(Socket socket)
    {
        try
        {
            using var timeout = new CancellationTokenSource(HandshakeTimeout, _time);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);
            Transport.Prepare(socket);
            var stream = await _transport.AcceptAsync(socket, limit.Token).ConfigureAwait(false);
            var hello = await Handshake.ReadHelloAsync(stream, limit.Token).ConfigureAwait(false);
            if (hello.ClusterId != _options.ClusterId)
            {
                throw new InvalidDataException($"worker {hello.From} belongs to the cluster '{hello.ClusterId}', and this one to '{_options.ClusterId}'");
            }

            string me = _me().Id;
            return hello.To == me ? (stream, hello) : throw new InvalidDataException($"worker {hello.From} wants worker '{hello.To}', and this one is '{me}'");
        }
        finally
        {
            HandshakeEnded();
        }
    }

    private async Task<bool> AcceptDataAsync(Socket socket, Stream stream, Hello hello, DataConnectionKey key, string remote)
    {
        if (_rendezvous.Arrived >= MaxHandshakes)
        {
            throw new InvalidDataException($"{MaxHandshakes} connections wait already until this worker opens them");
        }

        var arrival = _rendezvous.Arrive(hello.From.Id, key) ?? throw new InvalidDataException($"worker {hello.From} has dialed twice for {key}");
        TcpConnection connection;
        try
        {
            connection = await arrival.WaitAsync(_options.ConnectTimeout, _time, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            if (_rendezvous.TryLeave(hello.From.Id, key, arrival))
            {
                string reason = $"this worker has not opened its end within {_options.ConnectTimeout.TotalSeconds} s";
                Log.Rejected(_logger, remote, reason);
                await Handshake.WriteAsync(stream, new HelloReply(false, reason), _stop.Token).ConfigureAwait(false);
                return false;
            }

            // Opened at the last moment.
            connection = await arrival.ConfigureAwait(false);
        }

        try
        {
            return await AttachAsync(connection, socket, stream, hello).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
        {
            connection.Fail(new IOException($"the other end has closed it while it was being made: {error.Message}", error), goodbye: null);
            connection.GiveUpConnecting();
            return false;
        }
    }

    private async Task<bool> AcceptControlAsync(Socket socket, Stream stream, Hello hello, ControlConnectionKey key)
    {
        var connection = _create($"tcp, from {Transport.Describe(socket.RemoteEndPoint)}");
        string? refusal;
        try
        {
            refusal = _acceptor.Accept(key, hello.From, connection);
        }
        catch (Exception error)
        {
            Log.AcceptorFailed(_logger, error);
            refusal = "the worker could not take the connection; its log has the reason";
        }

        try
        {
            // It may have been taken and broken in one.
            refusal ??= connection.Cause?.Message;
            if (refusal is null)
            {
                return await AttachAsync(connection, socket, stream, hello).ConfigureAwait(false);
            }

            connection.Fail(new IOException($"it was refused: {refusal}"), goodbye: null);
            connection.GiveUpConnecting();
            await Handshake.WriteAsync(stream, new HelloReply(false, refusal), _stop.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
        {
            connection.Fail(new IOException($"the other end has closed it while it was being made: {error.Message}", error), goodbye: null);
            connection.GiveUpConnecting();
        }

        return false;
    }

    private async Task<bool> AttachAsync(TcpConnection connection, Socket socket, Stream stream, Hello hello)
    {
        bool compress = _options.Compression || hello.Compress;
        await Handshake.WriteAsync(stream, new HelloReply(compress, null), _stop.Token).ConfigureAwait(false);
        string description = $"tcp, {Transport.Describe(socket.LocalEndPoint)} to {Transport.Describe(socket.RemoteEndPoint)}";
        bool isAttached = connection.Attach(socket, stream, compress, description);
        if (isAttached)
        {
            Log.Connected(_logger, $"{hello.From}", description);
        }

        return isAttached;
    }
}
