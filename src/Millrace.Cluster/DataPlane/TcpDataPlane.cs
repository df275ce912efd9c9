using System.Net;
using Microsoft.Extensions.Logging;
using Millrace.Cluster.Security;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Cluster.DataPlane;

/// <summary>
/// Connections between workers over TCP, with LZ4 and TLS where they are wanted. docs/reference/exchange.md has the protocol.
/// </summary>
internal sealed class TcpDataPlane : IDataPlane, IAsyncDisposable
{
    private readonly DataPlaneOptions _options;
    private readonly Func<WorkerInfo> _me;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Rendezvous _rendezvous = new();
    private readonly HashSet<TcpConnection> _connections = [];
    private readonly Transport _transport;
    private readonly Dialer _dialer;
    private ConnectionListener? _listener;
    private bool _isDisposed;

    /// <param name="options">Where and how.</param>
    /// <param name="me">This worker. Not asked for before <see cref="Start"/> has returned, so that the worker can have the port that was found.</param>
    /// <param name="time">The time.</param>
    /// <param name="loggers">Makes the log.</param>
    /// <exception cref="MillraceException">MR6101: the files of TLS cannot be used.</exception>
    public TcpDataPlane(DataPlaneOptions options, Func<WorkerInfo> me, TimeProvider time, ILoggerFactory loggers)
    {
        _options = options;
        _me = me;
        _time = time;
        _logger = loggers.CreateLogger("Millrace.Cluster.DataPlane");
        _transport = new Transport(options.Tls is { } tls ? TlsCredentials.Load(tls) : null);
        _dialer = new Dialer(options, _transport, time, _logger);
    }

    /// <summary>The port that it listens at.</summary>
    public int Port => Listener.EndPoint.Port;

    private ConnectionListener Listener => _listener ?? throw new InvalidOperationException("The data plane has not been started.");

    /// <summary>Listens from now on. Once, before anything is opened.</summary>
    /// <param name="acceptor">Takes the connections of coordinators.</param>
    /// <exception cref="MillraceException">MR6102: the address cannot be listened at.</exception>
    public void Start(IControlAcceptor acceptor)
    {
        if (_listener is not null)
        {
            throw new InvalidOperationException("The data plane has been started before.");
        }

        _listener = new ConnectionListener(_options, _me, acceptor, _rendezvous, _transport, Create, _time, _logger);
        Log.Listening(_logger, $"{_listener.EndPoint}", _options.Tls is null ? "without TLS" : "with TLS");
    }

    public IDataConnection Open(WorkerInfo peer, DataConnectionKey key)
    {
        _ = Listener;
        var me = _me();
        var connection = Create($"tcp, to {peer}");
        connection.LimitConnecting(_options.ConnectTimeout, $"worker {peer} has not opened it too within {_options.ConnectTimeout.TotalSeconds} s");
        int order = string.CompareOrdinal(me.Id, peer.Id);
        if (order < 0)
        {
            var hello = new Hello(_options.ClusterId, peer.Id, me, key, null, _options.Compression);
            _ = Task.Run(() => _dialer.DialAsync(connection, peer, null, hello, again: true));
        }
        else if (order == 0)
        {
            connection.Fail(new IOException("a worker needs no connection to itself for records"), goodbye: null);
        }
        else if (_rendezvous.TryExpect(peer.Id, key, connection))
        {
            connection.ConnectingToken.UnsafeRegister(_ => _rendezvous.Withdraw(peer.Id, key, connection), null);
        }
        else
        {
            connection.Fail(new IOException("it has been opened twice"), goodbye: null);
        }

        return connection;
    }

    public IDataConnection OpenControl(WorkerInfo worker, ControlConnectionKey key)
    {
        var me = _me();
        var connection = Create($"tcp, to {worker}");
        connection.LimitConnecting(_options.ConnectTimeout, $"worker {worker} has not answered within {_options.ConnectTimeout.TotalSeconds} s");

        // The address that others know this worker by may lead nowhere from here.
        var own = worker.Id == me.Id ? OwnAddress(Listener.EndPoint) : null;
        var hello = new Hello(_options.ClusterId, worker.Id, me, null, key, _options.Compression);
        _ = Task.Run(() => _dialer.DialAsync(connection, worker, own, hello, again: false));
        return connection;
    }

    /// <summary>Takes no more connections, breaks those that there are, and waits until they are closed, which takes two seconds at most.</summary>
    public async ValueTask DisposeAsync()
    {
        TcpConnection[] connections;
        lock (_connections)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            connections = [.. _connections];
        }

        if (_listener is not null)
        {
            await _listener.DisposeAsync().ConfigureAwait(false);
        }

        var cause = new IOException($"worker {(_listener is null ? "" : _me())} ends");
        foreach (var connection in connections)
        {
            connection.Break(cause);
            connection.GiveUpConnecting();
        }

        await Task.WhenAll(connections.Select(connection => connection.Completion)).ConfigureAwait(false);
        _transport.Dispose();
    }

    private static IPEndPoint OwnAddress(IPEndPoint listener) => listener.Address switch
    {
        var any when any.Equals(IPAddress.Any) => new IPEndPoint(IPAddress.Loopback, listener.Port),
        var any when any.Equals(IPAddress.IPv6Any) => new IPEndPoint(IPAddress.IPv6Loopback, listener.Port),
        _ => listener,
    };

    private TcpConnection Create(string description)
    {
        var connection = new TcpConnection(description, _time, _logger, Closed);
        lock (_connections)
        {
            if (!_isDisposed)
            {
                _connections.Add(connection);
                return connection;
            }
        }

        connection.Fail(new ObjectDisposedException(null, "this worker ends"), goodbye: null);
        return connection;
    }

    private void Closed(TcpConnection connection)
    {
        lock (_connections)
        {
            _connections.Remove(connection);
        }
    }
}
