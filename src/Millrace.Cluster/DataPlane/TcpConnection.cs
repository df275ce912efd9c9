using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Cluster.DataPlane;

/// <summary>
/// A connection over TCP, from the moment when it is opened: it is there before its socket is, and gets it by <see cref="Attach"/>. One loop reads and one writes, both on
/// the thread pool; neither ever waits for anything but the socket.
/// </summary>
/// <remarks>
/// The listener hears everything from one place at a time: the loop that reads, while it delivers; else whoever it was that found the connection broken, on a turn of its own.
/// </remarks>
internal sealed class TcpConnection : IDataConnection
{
    /// <summary>How long a goodbye may take to reach the other end before the socket is closed anyway.</summary>
    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<TcpConnection> _closed;
    private readonly Lock _lock = new();
    private readonly OutgoingFrames _outgoing = new();
    private readonly CancellationTokenSource _connecting = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITimer? _timer;
    private string _description;
    private Socket? _socket;
    private Stream? _stream;
    private FrameReader? _reader;
    private FrameWriter? _writer;
    private IDataConnectionListener? _listener;
    private volatile Exception? _cause;
    private string? _goodbye;
    private int _loops;
    private bool _reads;
    private bool _delivers;
    private bool _isTold;
    private bool _isGivenUp;

    /// <param name="description">Where it leads, as long as there is no socket.</param>
    /// <param name="time">The time.</param>
    /// <param name="logger">The log.</param>
    /// <param name="closed">Hears when nothing of it is left.</param>
    public TcpConnection(string description, TimeProvider time, ILogger logger, Action<TcpConnection> closed)
    {
        _description = description;
        _time = time;
        _logger = logger;
        _closed = closed;
        ConnectingToken = _connecting.Token;
    }

    public string Description => Volatile.Read(ref _description);

    /// <summary>Cancelled when the connection is made or given up: ends whatever tries to make it.</summary>
    public CancellationToken ConnectingToken { get; }

    /// <summary>Why it is broken; <see langword="null"/> while it is not.</summary>
    public Exception? Cause => _cause;

    /// <summary>What has gone wrong so far on the way to a socket, if it has: the end of a sentence.</summary>
    public string? Obstacle { get; set; }

    /// <summary>Complete when it is broken and nothing of it is left.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Breaks it unless it gets a socket in time. Once, before anything else is done with it.</summary>
    public void LimitConnecting(TimeSpan timeout, string failure)
    {
        _timer = _time.CreateTimer(
            static state =>
            {
                var (connection, failure) = ((TcpConnection, string))state!;
                if (connection.GiveUpConnecting())
                {
                    connection.Fail(new TimeoutException(connection.Obstacle is { } obstacle ? $"{failure}: {obstacle}" : failure), goodbye: null);
                }
            },
            (this, failure),
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        _timer.Change(timeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes no socket any more.</summary>
    /// <returns>False if it has one.</returns>
    public bool GiveUpConnecting()
    {
        lock (_lock)
        {
            if (_socket is not null)
            {
                return false;
            }

            _isGivenUp = true;
            _timer?.Dispose();
            _timer = null;
        }

        _ = _connecting.CancelAsync();
        Complete();
        return true;
    }

    /// <summary>
    /// Gives it its socket, and takes that: what was sent goes out now, and frames are read once it is started. One that was broken before says goodbye: the other end waits for it.
    /// </summary>
    /// <returns>False when it has been given up; the socket is the caller's then.</returns>
    public bool Attach(Socket socket, Stream stream, bool compress, string description)
    {
        lock (_lock)
        {
            if (_isGivenUp)
            {
                return false;
            }

            _timer?.Dispose();
            _timer = null;
            _socket = socket;
            _stream = stream;
            _reader = new FrameReader(stream, compress);
            _writer = new FrameWriter(stream, compress);
            Volatile.Write(ref _description, description);
            _loops++;
            if (_cause is not null)
            {
                LimitGoodbye();
            }

            StartReading();
        }

        _ = _connecting.CancelAsync();
        _ = Task.Run(WriteAsync);
        return true;
    }

    public void Start(IDataConnectionListener listener)
    {
        lock (_lock)
        {
            Debug.Assert(_listener is null, "A connection is started once.");
            _listener = listener;
            if (_cause is null)
            {
                StartReading();
                return;
            }

            _isTold = true;
        }

        Tell();
    }

    public void Send(FrameBuffer frame) => _outgoing.Add(frame);

    public void Break(Exception cause) => Fail(cause, cause.Message);

    /// <summary>Breaks it.</summary>
    /// <param name="cause">What this end's listener hears.</param>
    /// <param name="goodbye">What the other end hears; <see langword="null"/> where it knows or cannot be reached.</param>
    public void Fail(Exception cause, string? goodbye)
    {
        bool tell;
        bool isAttached;
        bool isConnecting;
        lock (_lock)
        {
            if (_cause is not null)
            {
                return;
            }

            _goodbye = goodbye;
            _cause = cause;
            tell = _listener is not null && !_delivers;
            _isTold = tell;
            isAttached = _socket is not null;
            isConnecting = !isAttached && _timer is not null && goodbye is not null;
            if (isAttached && goodbye is not null)
            {
                LimitGoodbye();
                StartReading();
            }
        }

        _outgoing.Close();
        if (isAttached && goodbye is null)
        {
            _socket!.Dispose();
        }
        else if (!isAttached && !isConnecting)
        {
            GiveUpConnecting();
        }

        if (tell)
        {
            Tell();
        }
    }

    // Under the lock. Until the other end has read the goodbye, what it sends meanwhile has to be read, or else closing the socket would take the goodbye with it.
    private void LimitGoodbye() => _timer = _time.CreateTimer(static state => ((TcpConnection)state!)._socket!.Dispose(), this, LingerTime, Timeout.InfiniteTimeSpan);

    // Under the lock. Not before the listener is there: what arrives earlier waits in the socket.
    private void StartReading()
    {
        if (!_reads && _reader is not null && (_listener is not null || _cause is not null))
        {
            _reads = true;
            _loops++;
            _ = Task.Run(ReadAsync);
        }
    }

    private async Task ReadAsync()
    {
        var reader = _reader!;
        try
        {
            while (await reader.FillAsync().ConfigureAwait(false))
            {
                if (!TryDeliver(reader))
                {
                    reader.Discard();
                }
            }

            Fail(new IOException("the other end has closed it"), goodbye: null);
        }
        catch (Exception error)
        {
            Fail(new IOException(error.Message, error), goodbye: null);
        }
        finally
        {
            reader.Release();

            // The end of what the other end says: it has read the goodbye, or will not.
            _socket!.Dispose();
            LoopEnded();
        }
    }

    /// <returns>False when the connection is broken, and nothing may be delivered.</returns>
    private bool TryDeliver(FrameReader reader)
    {
        IDataConnectionListener listener;
        lock (_lock)
        {
            if (_cause is not null || _listener is null)
            {
                return false;
            }

            _delivers = true;
            listener = _listener;
        }

        try
        {
            while (_cause is null && reader.TryRead() is { } frame)
            {
                listener.FrameReceived(frame);
            }

            if (reader.Goodbye is { } goodbye)
            {
                Fail(new IOException($"the other end has broken it: {goodbye}"), goodbye: null);
            }
        }
        catch (InvalidDataException error)
        {
            Fail(new IOException($"bytes have come that no worker sends: {error.Message}", error), $"bytes have come that no worker sends: {error.Message}");
        }
        finally
        {
            bool tell;
            lock (_lock)
            {
                _delivers = false;
                tell = _cause is not null && !_isTold;
                _isTold |= tell;
            }

            if (tell)
            {
                listener.Broken(_cause!);
            }
        }

        return _cause is null;
    }

    private async Task WriteAsync()
    {
        var writer = _writer!;
        try
        {
            while (await _outgoing.WaitAsync().ConfigureAwait(false))
            {
                var frames = _outgoing.Take();
                int done = 0;
                try
                {
                    while (done < frames.Count && _cause is null)
                    {
                        await writer.WriteAsync(frames[done].Memory).ConfigureAwait(false);
                        frames[done++].Return();
                    }
                }
                finally
                {
                    for (; done < frames.Count; done++)
                    {
                        frames[done].Return();
                    }

                    frames.Clear();
                }

                await writer.FlushAsync().ConfigureAwait(false);
            }

            if (_goodbye is { } goodbye)
            {
                await writer.WriteGoodbyeAsync(goodbye).ConfigureAwait(false);
                await writer.FlushAsync().ConfigureAwait(false);
                _socket!.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception error)
        {
            Fail(new IOException(error.Message, error), goodbye: null);
            _socket!.Dispose();
        }
        finally
        {
            LoopEnded();
        }
    }

    private void LoopEnded()
    {
        bool isLast;
        lock (_lock)
        {
            isLast = --_loops == 0 && _cause is not null;
            if (isLast)
            {
                _timer?.Dispose();
            }
        }

        if (isLast)
        {
            // Neither loop is within it any more.
            _stream!.Dispose();
            Complete();
        }
    }

    private void Complete()
    {
        if (_completion.TrySetResult())
        {
            _closed(this);
        }
    }

    // Never from within Start, Send or Break: their callers may hold what the listener needs.
    private void Tell() => ThreadPool.UnsafeQueueUserWorkItem(
        static connection =>
        {
            try
            {
                connection._listener!.Broken(connection._cause!);
            }
            catch (Exception error)
            {
                Log.ListenerFailed(connection._logger, error, connection.Description);
            }
        },
        this,
        preferLocal: false);
}
