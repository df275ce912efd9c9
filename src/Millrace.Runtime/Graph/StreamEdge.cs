using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;

namespace Millrace.Runtime.Graph;

/// <summary>A stream between two operators. The part that knows the type of the records is <see cref="StreamEdge{T}"/>.</summary>
internal abstract class StreamEdge(StreamNode source, StreamNode target, int targetInput)
{
    public StreamNode Source { get; } = source;

    public StreamNode Target { get; } = target;

    /// <summary>Which input of the target: 0 for all operators with one.</summary>
    public int TargetInput { get; } = targetInput;

    /// <summary>The stream in a message about its records.</summary>
    public string Description => $"the stream from {Source} to {Target}";

    public abstract Type RecordType { get; }

    public abstract PartitioningKind Partitioning { get; }

    /// <summary>The side output of the source that the stream comes from; <see langword="null"/> for the main output.</summary>
    public abstract string? SideOutput { get; }

    public abstract IEnumerable<string> Check(ISerializerCheck check);

    /// <summary>Fuses the two operators.</summary>
    public abstract void Chain(StreamOperator source, StreamOperator target, ExecutionOptions options, ISerializerProvider serializers);

    /// <summary>How records are written.</summary>
    public abstract TypeSchema RecordSchema(ISerializerProvider serializers);

    /// <summary>Reads what was in flight as a restored job would, and throws what that would throw.</summary>
    public abstract void ReadInFlight(InFlightSnapshot snapshot, ExecutionOptions options, ISerializerProvider serializers);

    /// <summary>Reads what was in flight here when the edge was no chain.</summary>
    /// <returns>Hands the part of one subtask to the operator behind.</returns>
    public abstract Action Replay(StreamOperator target, IReadOnlyList<InFlightSnapshot> snapshots, int subtask, int parallelism, ExecutionOptions options, ISerializerProvider serializers);

    /// <summary>Makes the exchange between the subtasks of two tasks.</summary>
    public abstract Exchange CreateExchange(string key, PartitioningKind resolved, int producers, int consumers);

    /// <summary>Makes the input of the target's subtask out of all streams that lead to it, or to one of its two inputs.</summary>
    public abstract TaskInput CreateInput(
        IReadOnlyList<Exchange> exchanges, int consumer, StreamOperator target, InputCombiner? combiner, Subtask subtask, ExecutionOptions options, int maxParallelism, ISerializerProvider serializers);

    /// <summary>The channels between the subtasks of two tasks.</summary>
    internal abstract class Exchange
    {
        /// <summary>Makes the channel between two subtasks, or this worker's end of it.</summary>
        public abstract void Open(int producer, int consumer, IChannelFactory factory, ChannelId id, Subtask? producerTask, Subtask? consumerTask);

        /// <summary>Makes the way out of a producer's subtask and connects the operator to it.</summary>
        public abstract TaskOutput Connect(int producer, StreamOperator source, TaskPressure pressure, int maxParallelism, ExecutionOptions options, ISerializerProvider serializers);
    }
}

/// <summary>A stream of records of one type between two operators.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class StreamEdge<T>(StreamNode source, OutputTag<T>? sideOutput, StreamNode target, int targetInput, Partitioning<T> partitioning)
    : StreamEdge(source, target, targetInput)
{
    public override Type RecordType => typeof(T);

    public override PartitioningKind Partitioning => partitioning.Kind;

    public override string? SideOutput => sideOutput?.Id;

    public override IEnumerable<string> Check(ISerializerCheck check)
    {
        if (check.WhyNotSerializable<T>() is { } record)
        {
            yield return $"the records of the stream cannot be serialized: {record}";
        }

        if (partitioning.WhyNot(check) is { } key)
        {
            yield return $"the stream cannot be keyed: {key}";
        }
    }

    public override void Chain(StreamOperator source, StreamOperator target, ExecutionOptions options, ISerializerProvider serializers)
    {
        var receiver = (IReceiver<T>)target;
        Port(source, options).Connect(options.ObjectReuseCheck ? new CopyingReceiver<T>(receiver, serializers.Get<T>(), Description) : receiver);
    }

    public override TypeSchema RecordSchema(ISerializerProvider serializers) => serializers.Get<T>().Schema;

    public override void ReadInFlight(InFlightSnapshot snapshot, ExecutionOptions options, ISerializerProvider serializers) =>
        _ = CreateRoute(PartitioningKind.Forward, 1, 0, options, serializers).Read(snapshot);

    public override Action Replay(
        StreamOperator target, IReadOnlyList<InFlightSnapshot> snapshots, int subtask, int parallelism, ExecutionOptions options, ISerializerProvider serializers)
    {
        var route = CreateRoute(PartitioningKind.Forward, parallelism, 0, options, serializers);
        var elements = snapshots.OrderBy(snapshot => snapshot.Channel.Producer).ThenBy(snapshot => snapshot.Channel.Consumer).ThenBy(snapshot => snapshot.Channel.IsOutput)
            .SelectMany(snapshot => route.Select(route.Read(snapshot), snapshot.IsSameChannel ? snapshot.Channel.Consumer : InFlightRoute<T>.NumberOf(snapshot.Channel), subtask))
            .ToList();
        return () =>
        {
            foreach (var element in elements)
            {
                for (int start = 0; start < element.Batch!.Count; start += options.BatchSize)
                {
                    var part = BatchPool<T>.Rent(options.BatchSize);
                    part.Append(element.Batch, start, Math.Min(options.BatchSize, element.Batch.Count - start));
                    ((IReceiver<T>)target).Receive(part);
                }
            }
        };
    }

    public override Exchange CreateExchange(string key, PartitioningKind resolved, int producers, int consumers) => new TypedExchange(this, key, resolved, producers, consumers);

    public override TaskInput CreateInput(
        IReadOnlyList<Exchange> exchanges, int consumer, StreamOperator target, InputCombiner? combiner, Subtask subtask, ExecutionOptions options, int maxParallelism, ISerializerProvider serializers)
    {
        var typed = exchanges.Cast<TypedExchange>().ToList();
        var channels = typed.SelectMany(exchange => exchange.ReceiversOf(consumer).Select(end => (Exchange: exchange, end.Producer, end.Receiver))).ToList();
        ChannelBarriers<T>? barriers = null;
        if (subtask.Checkpoints is { } checkpoints)
        {
            var time = subtask.Scheduler.TimeProvider;
            barriers = new ChannelBarriers<T>(
                checkpoints.Barriers,
                serializers.Get<T>(),
                [.. channels.Select(channel => new ChannelSource(channel.Exchange.Key, channel.Producer, channel.Exchange.IsAlwaysAligned, channel.Exchange.Kind))],
                consumer,
                time.GetMilliseconds);
        }

        // In-flight records of another parallelism are dealt out as the producers would have done.
        var routes = typed.ToDictionary(exchange => exchange.Key, exchange => exchange.CreateRoute(maxParallelism, options, serializers));
        IReceiver<T> head = combiner?.Port<T>(TargetInput) ?? (subtask.IsRestoredFinished ? new NoReceiver<T>() : (IReceiver<T>)target);
        return new ChannelInput<T>(head, [.. channels.Select(channel => channel.Receiver)], subtask.Pressure, options.BatchSize, barriers) { Routes = routes };
    }

    private OutputPort<T> Port(StreamOperator source, ExecutionOptions options) =>
        sideOutput is null ? ((StreamOperator<T>)source).Output : source.SideOutputs.Port(sideOutput, options.BatchSize);

    private sealed class TypedExchange : Exchange
    {
        private readonly StreamEdge<T> _edge;
        private readonly PartitioningKind _kind;
        private readonly IChannelSender<T>?[,] _senders;
        private readonly IChannelReceiver<T>?[,] _receivers;

        public TypedExchange(StreamEdge<T> edge, string key, PartitioningKind kind, int producers, int consumers)
        {
            Key = key;
            _edge = edge;
            _kind = kind;
            _senders = new IChannelSender<T>?[producers, consumers];
            _receivers = new IChannelReceiver<T>?[producers, consumers];
        }

        public string Key { get; }

        public PartitioningKind Kind => _kind;

        /// <summary>Whether barriers never overtake here: what was broadcast could not be dealt out again at another parallelism.</summary>
        public bool IsAlwaysAligned => _kind == PartitioningKind.Broadcast;

        public override void Open(int producer, int consumer, IChannelFactory factory, ChannelId id, Subtask? producerTask, Subtask? consumerTask)
        {
            if (!_kind.Connects(producer, _senders.GetLength(0), consumer, _senders.GetLength(1)))
            {
                return;
            }

            (_senders[producer, consumer], _receivers[producer, consumer]) = factory.Open<T>(id, producerTask, consumerTask);
        }

        public override TaskOutput Connect(
            int producer, StreamOperator source, TaskPressure pressure, int maxParallelism, ExecutionOptions options, ISerializerProvider serializers)
        {
            int[] consumers = [.. Enumerable.Range(0, _senders.GetLength(1)).Where(consumer => _senders[producer, consumer] is not null)];
            var channels = consumers.Select(consumer => _senders[producer, consumer]!).ToArray();
            var partitioner = _edge.CreatePartitioner(_kind, producer, channels.Length, maxParallelism, serializers);
            if (_edge.Target.IsAggregatedLocally(options))
            {
                partitioner = _edge.Target.LocalAggregation!.InFrontOf(partitioner);
            }

            bool records = options.Checkpoints.CanOvertake && !IsAlwaysAligned;
            var serializer = records ? serializers.Get<T>() : null;
            var output = new ExchangeOutput<T>(
                partitioner,
                channels,
                pressure,
                options,
                serializer is null ? null : channel => CreateRecording(producer, consumers[channel], serializer));
            _edge.Port(source, options).Connect(options.ObjectReuseCheck ? new CopyingReceiver<T>(output, serializers.Get<T>(), _edge.Description) : output);
            return output;
        }

        private ChannelRecording<T> CreateRecording(int producer, int consumer, TypeSerializer<T> serializer) => new(Key, producer, consumer, isOutput: true, serializer) { Partitioning = _kind };

        public IEnumerable<(int Producer, IChannelReceiver<T> Receiver)> ReceiversOf(int consumer)
        {
            for (int producer = 0; producer < _receivers.GetLength(0); producer++)
            {
                if (_receivers[producer, consumer] is { } receiver)
                {
                    yield return (producer, receiver);
                }
            }
        }

        /// <summary>Deals records in flight out to the consumers of now.</summary>
        public InFlightRoute<T> CreateRoute(int maxParallelism, ExecutionOptions options, ISerializerProvider serializers) =>
            _edge.CreateRoute(_kind, _receivers.GetLength(1), maxParallelism, options, serializers);
    }

    private InFlightRoute<T> CreateRoute(PartitioningKind kind, int consumers, int maxParallelism, ExecutionOptions options, ISerializerProvider serializers) =>
        new(Description, kind, consumers, () => CreatePartitioner(kind, 0, consumers, maxParallelism, serializers), options, serializers);

    public Partitioner<T> CreatePartitioner(PartitioningKind kind, int subtask, int channels, int maxParallelism, ISerializerProvider serializers)
    {
        var partitioner = partitioning.Create(kind, subtask, channels, maxParallelism, serializers, Description);
        if (!Target.ErrorPolicy.Fails)
        {
            partitioner.LeaveErrorsToConsumer();
        }

        return partitioner;
    }
}
