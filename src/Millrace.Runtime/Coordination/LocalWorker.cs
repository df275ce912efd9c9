using Microsoft.Extensions.Logging;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Sources;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <summary>
/// One process's share of a job: makes its own subtasks out of the graph, with channels among them and to those of other workers.
/// </summary>
internal sealed class LocalWorker
{
    private readonly JobGraph _job;
    private readonly ITaskScheduler _scheduler;
    private readonly ISerializerProvider _serializers;
    private readonly ILoggerFactory _loggers;
    private readonly IReadOnlyDictionary<int, SplitCoordinator> _coordinators;
    private readonly Dictionary<SubtaskId, Subtask> _subtasks = [];
    private readonly StreamEdge.Exchange[] _exchanges;

    /// <param name="job">The job.</param>
    /// <param name="scheduler">Runs the subtasks.</param>
    /// <param name="channels">Makes channels.</param>
    /// <param name="serializers">Gives serializers and hashers.</param>
    /// <param name="loggers">Makes loggers for functions.</param>
    /// <param name="coordinators">The enumerators, by node.</param>
    /// <param name="listener">Hears how subtasks fare.</param>
    /// <param name="isLocal">Which subtasks live on this worker.</param>
    public LocalWorker(
        JobGraph job,
        ITaskScheduler scheduler,
        IChannelFactory channels,
        ISerializerProvider serializers,
        ILoggerFactory loggers,
        IReadOnlyDictionary<int, SplitCoordinator> coordinators,
        ISubtaskListener listener,
        Func<SubtaskId, bool> isLocal)
    {
        _job = job;
        _scheduler = scheduler;
        _serializers = serializers;
        _loggers = loggers;
        _coordinators = coordinators;
        foreach (var vertex in job.Vertices)
        {
            for (int index = 0; index < vertex.Parallelism; index++)
            {
                var id = new SubtaskId(vertex.Index, index);
                if (isLocal(id))
                {
                    var placement = vertex.IsBlocking ? ActorPlacement.Dedicated : ActorPlacement.Shared;
                    string name = $"{vertex.Name} ({index + 1}/{vertex.Parallelism})";
                    _subtasks[id] = new Subtask(id, name, scheduler, placement, job.Options, listener, subtask => BuildChain(vertex, subtask));
                }
            }
        }

        _exchanges = [.. job.Edges.Select((edge, index) => OpenExchange(index, edge, channels))];
    }

    public IReadOnlyDictionary<SubtaskId, Subtask> Subtasks => _subtasks;

    private StreamEdge.Exchange OpenExchange(int index, JobEdge edge, IChannelFactory channels)
    {
        int producers = _job.Vertices[edge.Source].Parallelism;
        int consumers = _job.Vertices[edge.Target].Parallelism;
        var exchange = edge.Stream.CreateExchange(edge.Partitioning, producers, consumers);
        for (int producer = 0; producer < producers; producer++)
        {
            var producerTask = _subtasks.GetValueOrDefault(new SubtaskId(edge.Source, producer));
            for (int consumer = 0; consumer < consumers; consumer++)
            {
                var consumerTask = _subtasks.GetValueOrDefault(new SubtaskId(edge.Target, consumer));
                if (producerTask is not null || consumerTask is not null)
                {
                    exchange.Open(producer, consumer, channels, new ChannelId(index, producer, consumer), producerTask, consumerTask);
                }
            }
        }

        return exchange;
    }

    private OperatorChain BuildChain(JobVertex vertex, Subtask subtask)
    {
        var operators = new Dictionary<StreamNode, StreamOperator>();
        foreach (var node in vertex.Nodes)
        {
            var op = node.CreateOperator();
            op.Setup(CreateContext(vertex, node, subtask));
            operators[node] = op;
        }

        foreach (var edge in vertex.Chained)
        {
            edge.Chain(operators[edge.Source], operators[edge.Target], _job.Options, _serializers);
        }

        var outputs = vertex.Outputs.Select(index => _exchanges[index].Connect(
            subtask.Id.Index,
            operators[_job.Edges[index].Stream.Source],
            subtask.Pressure,
            _job.Stream.MaxParallelismOf(_job.Edges[index].Stream.Target),
            _job.Options,
            _serializers)).ToList();
        return new OperatorChain([.. vertex.Nodes.Select(node => operators[node])], CreateInputs(vertex, operators[vertex.Head], subtask), outputs);
    }

    private List<TaskInput> CreateInputs(JobVertex vertex, StreamOperator head, Subtask subtask)
    {
        if (vertex.Head.Source is { } source)
        {
            return [source.Connect(head, _coordinators[vertex.Head.Id], subtask.Id.Index)];
        }

        return [.. vertex.Inputs.GroupBy(index => _job.Edges[index].Stream.TargetInput).OrderBy(group => group.Key).Select(group =>
            _job.Edges[group.First()].Stream.CreateInput([.. group.Select(index => _exchanges[index])], subtask.Id.Index, head, subtask, _job.Options))];
    }

    private OperatorContext CreateContext(JobVertex vertex, StreamNode node, Subtask subtask) => new()
    {
        JobName = _job.Stream.JobName,
        OperatorName = node.Name,
        OperatorUid = _job.Uids[node],
        NodeId = node.Id,
        SubtaskIndex = subtask.Id.Index,
        Parallelism = vertex.Parallelism,
        MaxParallelism = _job.Stream.MaxParallelismOf(node),
        Options = _job.Options,
        TimeProvider = _scheduler.TimeProvider,
        Logger = _loggers.CreateLogger($"Millrace.Job.{_job.Stream.JobName}.{node.Name}"),
        CancellationToken = subtask.CancellationToken,
        Serializers = _serializers,
        Pressure = subtask.Pressure,
        Metrics = new OperatorMetrics(),
        Mailbox = subtask.Mailbox,
        Latency = new LatencyStatistics(),
    };
}
