using Millrace.Runtime.Graph;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Exchange.Remote;

/// <summary>
/// Makes the channels of one worker: inside the process where both subtasks live here, else over the connection to the worker of the other.
/// </summary>
internal sealed class RemoteChannelFactory : IChannelFactory
{
    private readonly JobGraph _job;
    private readonly Func<SubtaskId, string> _workerOf;
    private readonly ISerializerProvider _serializers;
    private readonly LocalChannelFactory _local;
    private readonly Dictionary<string, DataLink> _links;

    /// <param name="job">The job.</param>
    /// <param name="worker">This worker.</param>
    /// <param name="epoch">The attempt of the job; frames of any other are refused.</param>
    /// <param name="workerOf">Where subtasks live.</param>
    /// <param name="connections">The connections to other workers, by worker. They are for this job and epoch alone.</param>
    /// <param name="serializers">Gives serializers.</param>
    /// <param name="broken">
    /// Hears when a connection breaks, once per connection. The subtasks at its channels fail by themselves with the same error; this is for
    /// logs, and for what else depends on the other worker. Called on any thread.
    /// </param>
    public RemoteChannelFactory(
        JobGraph job,
        string worker,
        ulong epoch,
        Func<SubtaskId, string> workerOf,
        IReadOnlyDictionary<string, IDataConnection> connections,
        ISerializerProvider serializers,
        Action<MillraceException>? broken = null)
    {
        _job = job;
        _workerOf = workerOf;
        _serializers = serializers;
        _local = new LocalChannelFactory(job.Options.ChannelCapacity);
        _links = connections.ToDictionary(pair => pair.Key, pair => new DataLink(pair.Value, worker, pair.Key, epoch, broken) { BarriersFollowTheEnd = job.Options.Checkpoints.IsEnabled });
    }

    public (IChannelSender<T>? Sender, IChannelReceiver<T>? Receiver) Open<T>(ChannelId id, Subtask? producer, Subtask? consumer)
    {
        var edge = _job.Edges[id.Edge];
        switch (producer, consumer)
        {
            case (not null, not null):
                return _local.Open<T>(id, producer, consumer);
            case (not null, null):
                var outgoing = LinkTo(new SubtaskId(edge.Target, id.Consumer));
                var sender = new RemoteSender<T>(outgoing, id, _job.Options.ChannelCapacity, producer, producer.Mailbox, _serializers.Get<T>(), FormatOf(edge));
                outgoing.Add(sender);
                return (sender, null);
            case (null, not null):
                var incoming = LinkTo(new SubtaskId(edge.Source, id.Producer));
                var receiver = new RemoteReceiver<T>(
                    incoming, id, _job.Options.ChannelCapacity, _job.Options.BatchSize, consumer, consumer.Mailbox, _serializers.Get<T>(), FormatOf(edge));
                incoming.Add(receiver);
                return (null, receiver);
            default:
                throw new ArgumentException($"Channel {id} has no end on this worker.");
        }
    }

    /// <summary>How partial aggregates are written, where the stream may have some.</summary>
    private PartialFormat? FormatOf(JobEdge edge)
    {
        var target = edge.Stream.Target;
        return target.IsAggregatedLocally(_job.Options) ? target.LocalAggregation!.CreateFormat(_serializers) : null;
    }

    /// <summary>Has the connections deliver. Once, when all channels of the worker are open and before its subtasks run.</summary>
    public void Start()
    {
        foreach (var link in _links.Values)
        {
            link.Start();
        }
    }

    private DataLink LinkTo(SubtaskId subtask)
    {
        string worker = _workerOf(subtask);
        return _links.GetValueOrDefault(worker)
            ?? throw new ArgumentException($"Subtask {subtask.Index} of task {subtask.Vertex} lives on worker '{worker}', to which there is no connection.");
    }
}
