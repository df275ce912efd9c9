using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Benchmarks.Harness;
using Millrace.Cluster.DataPlane;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;

namespace Millrace.Benchmarks.Parts;

/// <summary>
/// The same exchange between two workers: all producers on one, all consumers on the other, one connection over loopback. Both are in this process and share its cores, so that what is
/// measured is the work of both ends.
/// </summary>
internal sealed class TcpExchange : HashExchange, IControlAcceptor
{
    private readonly TcpDataPlane[] _planes = new TcpDataPlane[2];
    private readonly WorkerInfo[] _workers = new WorkerInfo[2];
    private readonly IDataConnection[] _connections = new IDataConnection[2];
    private readonly DataLink[] _links = new DataLink[2];
    private readonly TypeSerializer<Reading> _serializer = new SerializerProvider(new SerializerRegistry()).Get<Reading>();
    private int _attempt;

    public TcpExchange(int parallelism, Action<DataPlaneOptions> configure)
        : base(parallelism)
    {
        for (int i = 0; i < 2; i++)
        {
            int index = i;
            var options = new DataPlaneOptions();
            configure(options);
            _planes[i] = new TcpDataPlane(options, () => _workers[index], TimeProvider.System, NullLoggerFactory.Instance);
            _planes[i].Start(this);
            _workers[i] = new WorkerInfo($"{i}", $"worker {i}", options.Address, _planes[i].Port, 1);
        }
    }

    public override async Task RunAsync(long records)
    {
        var key = new DataConnectionKey("benchmark", 1, ++_attempt, 1);
        for (int i = 0; i < 2; i++)
        {
            _connections[i] = _planes[i].Open(_workers[1 - i], key);
            _links[i] = new DataLink(_connections[i], $"{i}", $"{1 - i}", (ulong)_attempt, broken: null);
        }

        await base.RunAsync(records).ConfigureAwait(false);
    }

    public override void Dispose()
    {
        foreach (var plane in _planes)
        {
            plane.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        base.Dispose();
    }

    string? IControlAcceptor.Accept(ControlConnectionKey key, WorkerInfo coordinator, IDataConnection connection) => "there is nothing to coordinate";

    protected override (IChannelSender<Reading> Sender, IChannelReceiver<Reading> Receiver) Connect(int from, int to, Subtask producer, Subtask consumer)
    {
        var id = new ChannelId(0, from, to);
        var sender = new RemoteSender<Reading>(_links[0], id, Options.ChannelCapacity, producer, producer.Mailbox, _serializer);
        _links[0].Add(sender);
        var receiver = new RemoteReceiver<Reading>(_links[1], id, Options.ChannelCapacity, Options.BatchSize, consumer, consumer.Mailbox, _serializer);
        _links[1].Add(receiver);
        return (sender, receiver);
    }

    protected override void Connected()
    {
        foreach (var link in _links)
        {
            link.Start();
        }
    }

    protected override void Disconnect() => _connections[0].Break(new IOException("all has arrived"));
}
