using Microsoft.Extensions.Logging;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Operator;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <summary>
/// One process's share of a job: makes its own subtasks out of the graph, with channels among them and to those of other workers.
/// </summary>
internal sealed class LocalWorker
{
    private readonly Deployment _deployment;
    private readonly JobGraph _job;
    private readonly ITaskScheduler _scheduler;
    private readonly ISerializerProvider _serializers;
    private readonly ILoggerFactory _loggers;
    private readonly IServiceProvider? _services;
    private readonly Dictionary<SubtaskId, Subtask> _subtasks = [];
    private readonly StreamEdge.Exchange[] _exchanges;

    /// <param name="deployment">What is to be made, here and elsewhere.</param>
    /// <param name="scheduler">Runs the subtasks.</param>
    /// <param name="channels">Makes channels.</param>
    /// <param name="serializers">Gives serializers and hashers.</param>
    /// <param name="loggers">Makes loggers for functions.</param>
    /// <param name="isLocal">Which subtasks live on this worker.</param>
    /// <param name="services">What functions take services from; null for nothing.</param>
    public LocalWorker(
        Deployment deployment,
        ITaskScheduler scheduler,
        IChannelFactory channels,
        ISerializerProvider serializers,
        ILoggerFactory loggers,
        Func<SubtaskId, bool> isLocal,
        IServiceProvider? services = null)
    {
        var job = deployment.Job;
        _deployment = deployment;
        _job = job;
        _scheduler = scheduler;
        _serializers = serializers;
        _loggers = loggers;
        _services = services;
        foreach (var vertex in job.Vertices)
        {
            for (int index = 0; index < vertex.Parallelism; index++)
            {
                var id = new SubtaskId(vertex.Index, index);
                if (deployment.Subtasks.Contains(id) && isLocal(id))
                {
                    _subtasks[id] = CreateSubtask(vertex, id);
                }
            }
        }

        _exchanges = [.. job.Edges.Select((edge, index) => OpenExchange(index, edge, channels))];
    }

    public IReadOnlyDictionary<SubtaskId, Subtask> Subtasks => _subtasks;

    private Subtask CreateSubtask(JobVertex vertex, SubtaskId id)
    {
        var restore = _deployment.Restore;
        bool isFinished = restore?.IsFinished(vertex) ?? false;
        var writer = _deployment.Writer;
        return new Subtask(
            id,
            $"{vertex.Name} ({id.Index + 1}/{vertex.Parallelism})",
            _scheduler,
            vertex.IsBlocking ? ActorPlacement.Dedicated : ActorPlacement.Shared,
            _job.Options,
            _deployment.Listener,
            subtask => BuildChain(vertex, subtask),
            writer is null ? null : subtask => new SubtaskCheckpoints(subtask, writer, (ISnapshotListener)_deployment.Listener, _scheduler))
        {
            IsRestoredFinished = isFinished,
            Services = new SubtaskServices(_services),
            Restore = restore is null ? null : chain => Restore(vertex, id, chain, restore, isFinished),
        };
    }

    private void Restore(JobVertex vertex, SubtaskId id, OperatorChain chain, StateAssignment restore, bool isFinished)
    {
        for (int i = 0; i < vertex.Nodes.Count; i++)
        {
            // One that has finished has nothing left to know, but for what is still to be committed.
            var op = chain.Operators[i];
            if ((!isFinished || op is ICommittingOperator) && restore.Of(vertex.Nodes[i], id, vertex.Parallelism) is { } state)
            {
                op.Restore(state);
            }
        }

        if (!isFinished)
        {
            foreach (var edge in vertex.Chained)
            {
                if (restore.InFlightOf(edge) is { Count: > 0 } chained)
                {
                    var target = chain.Operators[vertex.Nodes.TakeWhile(node => node != edge.Target).Count()];
                    chain.Replays.Add(edge.Replay(target, chained, id.Index, vertex.Parallelism, _job.Options, _serializers));
                }
            }
        }

        if (!isFinished && restore.InFlightOf(vertex) is { Count: > 0 } inFlight)
        {
            foreach (var input in chain.Inputs)
            {
                input.RestoreInFlight(inFlight);
            }
        }
    }

    private StreamEdge.Exchange OpenExchange(int index, JobEdge edge, IChannelFactory channels)
    {
        int producers = _job.Vertices[edge.Source].Parallelism;
        int consumers = _job.Vertices[edge.Target].Parallelism;
        var exchange = edge.Stream.CreateExchange(_job.KeyOf(edge.Stream), edge.Partitioning, producers, consumers);
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
            var op = node.CreateFor(_job.Options);
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
        KeepInStep(vertex, outputs);
        return new OperatorChain([.. vertex.Nodes.Select(node => operators[node])], CreateInputs(vertex, operators[vertex.Head], subtask), outputs);
    }

    /// <summary>Joins the ways out that lead to the same subtasks by the same number of channels.</summary>
    private void KeepInStep(JobVertex vertex, List<TaskOutput> outputs)
    {
        for (int i = 0; i < outputs.Count; i++)
        {
            var edge = _job.Edges[vertex.Outputs[i]];
            var others = new List<TaskOutput>();
            for (int other = 0; other < outputs.Count; other++)
            {
                var otherEdge = _job.Edges[vertex.Outputs[other]];
                if (other != i && otherEdge.Target == edge.Target && otherEdge.Partitioning == edge.Partitioning)
                {
                    others.Add(outputs[other]);
                }
            }

            outputs[i].InStep = others;
        }
    }

    private List<TaskInput> CreateInputs(JobVertex vertex, StreamOperator head, Subtask subtask)
    {
        if (vertex.Head.Source is not null)
        {
            return [_deployment.Sources.Connect(vertex.Head, head, subtask.Id.Index)];
        }

        var combiner = head is ITwoInputOperator two ? new InputCombiner(subtask.IsRestoredFinished ? null : two) : null;
        List<TaskInput> inputs =
        [
            .. vertex.Inputs.GroupBy(index => _job.Edges[index].Stream.TargetInput).OrderBy(group => group.Key).Select(group => _job.Edges[group.First()].Stream.CreateInput(
                [.. group.Select(index => _exchanges[index])],
                subtask.Id.Index,
                head,
                combiner,
                subtask,
                _job.Options,
                _job.Stream.MaxParallelismOf(vertex.Head),
                _serializers)),
        ];
        return combiner is null ? inputs : [new CombinedInput(combiner, inputs)];
    }

    private OperatorContext CreateContext(JobVertex vertex, StreamNode node, Subtask subtask) => new()
    {
        JobName = _job.Stream.JobName,
        TaskName = vertex.Name,
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
        Services = subtask.Services,
        JobId = _deployment.JobId,
        Epoch = _deployment.Epoch,
        RestoredCheckpointId = _deployment.Restore?.CheckpointId,
        TakesCheckpoints = subtask.Checkpoints is not null,
        Trigger = subtask.TriggerNow,
        OperatorState = new OperatorStateBackend(_serializers, subtask.Id.Index),
        Latency = new LatencyStatistics(),
        ErrorPolicy = node.ErrorPolicy,
    };
}
