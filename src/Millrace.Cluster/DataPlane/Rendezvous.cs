using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.DataPlane;

/// <summary>
/// Where the connections that this worker has opened and waits for meet those that others have dialed. Either may be first. Safe for use by several threads.
/// </summary>
internal sealed class Rendezvous
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Peer, DataConnectionKey Key), TcpConnection> _expected = [];
    private readonly Dictionary<(string Peer, DataConnectionKey Key), TaskCompletionSource<TcpConnection>> _arrived = [];

    /// <summary>How many have been dialed and wait here until they are opened.</summary>
    public int Arrived
    {
        get
        {
            lock (_lock)
            {
                return _arrived.Count;
            }
        }
    }

    /// <summary>This worker has opened a connection and waits for the other to dial.</summary>
    /// <returns>False if it waits for the same already.</returns>
    public bool TryExpect(string peer, DataConnectionKey key, TcpConnection connection)
    {
        TaskCompletionSource<TcpConnection>? arrived;
        lock (_lock)
        {
            if (!_arrived.Remove((peer, key), out arrived))
            {
                return _expected.TryAdd((peer, key), connection);
            }
        }

        arrived.SetResult(connection);
        return true;
    }

    /// <summary>Waits no longer.</summary>
    public void Withdraw(string peer, DataConnectionKey key, TcpConnection connection)
    {
        lock (_lock)
        {
            if (_expected.TryGetValue((peer, key), out var expected) && expected == connection)
            {
                _expected.Remove((peer, key));
            }
        }
    }

    /// <summary>Another worker has dialed.</summary>
    /// <returns>Complete when this worker has opened the connection; <see langword="null"/> if the other has dialed for it before.</returns>
    public Task<TcpConnection>? Arrive(string peer, DataConnectionKey key)
    {
        lock (_lock)
        {
            if (_expected.Remove((peer, key), out var expected))
            {
                return Task.FromResult(expected);
            }

            var arrived = new TaskCompletionSource<TcpConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
            return _arrived.TryAdd((peer, key), arrived) ? arrived.Task : null;
        }
    }

    /// <summary>The one that has dialed waits no longer.</summary>
    /// <returns>False if the connection has been opened at that moment.</returns>
    public bool TryLeave(string peer, DataConnectionKey key, Task<TcpConnection> arrival)
    {
        lock (_lock)
        {
            return _arrived.TryGetValue((peer, key), out var arrived) && arrived.Task == arrival && _arrived.Remove((peer, key));
        }
    }
}
