using Millrace.Runtime.Clustering;
using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Testing.Simulation;

/// <summary>
/// The workers of a simulated world and the connections between them. A worker that is <see cref="Remove">removed</see> is dead for good: its connections are reset, and it cannot be dialled. Until then what is sent to
/// a process that was killed goes nowhere, as in a network that does not answer.
/// </summary>
internal sealed class SimulatedCluster(SimulatedScheduler scheduler, SimulatedNetwork network)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<(string First, string Second, DataConnectionKey Key), Opened> _data = [];
    private readonly List<(string First, string Second, SimulatedConnection Connection)> _connections = [];

    /// <summary>All connections that were not broken by the death of an end, in the order of their beginning.</summary>
    public IReadOnlyList<SimulatedConnection> Connections => [.. _connections.Select(item => item.Connection)];

    /// <summary>Adds a worker.</summary>
    /// <param name="worker">Who it is.</param>
    /// <param name="process">Its process.</param>
    /// <param name="acceptor">Takes coordinators that dial it; null where it is none that takes orders.</param>
    public IDataPlane Add(WorkerInfo worker, SimulatedProcess process, IControlAcceptor? acceptor)
    {
        var member = new Member(this, worker, process, acceptor);
        _members.Add(worker.Id, member);
        return member;
    }

    /// <summary>A worker is dead, and others find out when they look.</summary>
    public void Remove(string id)
    {
        _members.Remove(id);
        foreach (var item in _connections.FindAll(item => item.First == id || item.Second == id))
        {
            _connections.Remove(item);
            item.Connection.Break(new IOException("connection reset by peer"));
        }
    }

    private SimulatedConnection Connect(Member first, Member second)
    {
        var connection = network.Connect(first.Process, second.Process);
        _connections.Add((first.Worker.Id, second.Worker.Id, connection));
        return connection;
    }

    private IDataConnection Open(Member member, WorkerInfo peer, DataConnectionKey key)
    {
        if (!_members.TryGetValue(peer.Id, out var other))
        {
            return Refused(member);
        }

        bool isFirst = string.CompareOrdinal(member.Worker.Id, peer.Id) < 0;
        var place = isFirst ? (member.Worker.Id, peer.Id, key) : (peer.Id, member.Worker.Id, key);
        if (!_data.TryGetValue(place, out var opened))
        {
            _data[place] = opened = new Opened(isFirst ? Connect(member, other) : Connect(other, member));
            _ = scheduler.Time.CreateTimer(_ => GiveUp(opened), null, ConnectTimeout, Timeout.InfiniteTimeSpan);
        }

        opened.Ends++;
        return isFirst ? opened.Connection.First : opened.Connection.Second;
    }

    private static void GiveUp(Opened opened)
    {
        if (opened.Ends < 2)
        {
            opened.Connection.Break(new IOException("The other worker did not open the connection."));
        }
    }

    private IDataConnection OpenControl(Member member, WorkerInfo worker, ControlConnectionKey key)
    {
        if (!_members.TryGetValue(worker.Id, out var other))
        {
            return Refused(member);
        }

        var connection = Connect(member, other);
        _ = other.Process.TimeProvider.CreateTimer(
            _ =>
            {
                string? refusal = other.Acceptor is { } acceptor ? acceptor.Accept(key, member.Worker, connection.Second) : "it takes no orders";
                if (refusal is not null)
                {
                    connection.Break(new IOException(refusal));
                }
            },
            null,
            TimeSpan.Zero,
            Timeout.InfiniteTimeSpan);
        return connection.First;
    }

    private IDataConnection Refused(Member member)
    {
        var connection = network.Connect(member.Process, member.Process);
        connection.Break(new IOException("connection refused"));
        return connection.First;
    }

    private sealed class Opened(SimulatedConnection connection)
    {
        public SimulatedConnection Connection => connection;

        public int Ends { get; set; }
    }

    private sealed class Member(SimulatedCluster owner, WorkerInfo worker, SimulatedProcess process, IControlAcceptor? acceptor) : IDataPlane
    {
        public WorkerInfo Worker => worker;

        public SimulatedProcess Process => process;

        public IControlAcceptor? Acceptor => acceptor;

        public IDataConnection Open(WorkerInfo peer, DataConnectionKey key) => owner.Open(this, peer, key);

        public IDataConnection OpenControl(WorkerInfo peer, ControlConnectionKey key) => owner.OpenControl(this, peer, key);
    }
}

/// <summary>What a simulated coordinator knows of the workers: what the test has told it.</summary>
internal sealed class SimulatedClusterView(WorkerInfo me) : IClusterView
{
    private readonly List<Action<ClusterSnapshot>> _subscribers = [];

    public ClusterSnapshot Current { get; private set; } = new(0, me, []);

    /// <summary>Tells it who is alive.</summary>
    public void Set(IReadOnlyList<WorkerInfo> workers)
    {
        Current = new ClusterSnapshot(Current.Version + 1, me, workers);
        foreach (var subscriber in _subscribers.ToArray())
        {
            subscriber(Current);
        }
    }

    public IDisposable Subscribe(Action<ClusterSnapshot> changed)
    {
        _subscribers.Add(changed);
        return new Subscription(this, changed);
    }

    private sealed class Subscription(SimulatedClusterView owner, Action<ClusterSnapshot> changed) : IDisposable
    {
        public void Dispose() => owner._subscribers.Remove(changed);
    }
}
