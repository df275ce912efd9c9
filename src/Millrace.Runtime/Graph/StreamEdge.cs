using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;

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

    /// <summary>Makes the exchange between the subtasks of two tasks.</summary>
    public abstract Exchange CreateExchange(PartitioningKind resolved, int producers, int consumers);

    /// <summary>Makes the input of the target's subtask out of all streams that lead to it.</summary>
    public abstract TaskInput CreateInput(IReadOnlyList<Exchange> exchanges, int consumer, StreamOperator target, Subtask subtask, ExecutionOptions options);

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

    public override Exchange CreateExchange(PartitioningKind resolved, int producers, int consumers) => new TypedExchange(this, resolved, producers, consumers);

    public override TaskInput CreateInput(IReadOnlyList<Exchange> exchanges, int consumer, StreamOperator target, Subtask subtask, ExecutionOptions options)
    {
        var channels = exchanges.SelectMany(exchange => ((TypedExchange)exchange).Receivers(consumer)).ToArray();
        return new ChannelInput<T>((IReceiver<T>)target, channels, subtask.Pressure, options.BatchSize);
    }

    private OutputPort<T> Port(StreamOperator source, ExecutionOptions options) =>
        sideOutput is null ? ((StreamOperator<T>)source).Output : source.SideOutputs.Port(sideOutput, options.BatchSize);

    private sealed class TypedExchange : Exchange
    {
        private readonly StreamEdge<T> _edge;
        private readonly PartitioningKind _kind;
        private readonly IChannelSender<T>?[,] _senders;
        private readonly IChannelReceiver<T>?[,] _receivers;

        public TypedExchange(StreamEdge<T> edge, PartitioningKind kind, int producers, int consumers)
        {
            _edge = edge;
            _kind = kind;
            _senders = new IChannelSender<T>?[producers, consumers];
            _receivers = new IChannelReceiver<T>?[producers, consumers];
        }

        public override void Open(int producer, int consumer, IChannelFactory factory, ChannelId id, Subtask? producerTask, Subtask? consumerTask)
        {
            if (_kind == PartitioningKind.Forward && producer != consumer)
            {
                return;
            }

            (_senders[producer, consumer], _receivers[producer, consumer]) = factory.Open<T>(id, producerTask, consumerTask);
        }

        public override TaskOutput Connect(
            int producer, StreamOperator source, TaskPressure pressure, int maxParallelism, ExecutionOptions options, ISerializerProvider serializers)
        {
            var channels = Enumerable.Range(0, _senders.GetLength(1)).Select(consumer => _senders[producer, consumer]).OfType<IChannelSender<T>>().ToArray();
            var partitioner = _edge.CreatePartitioner(_kind, producer, channels.Length, maxParallelism, serializers);
            var output = new ExchangeOutput<T>(partitioner, channels, pressure, options);
            _edge.Port(source, options).Connect(options.ObjectReuseCheck ? new CopyingReceiver<T>(output, serializers.Get<T>(), _edge.Description) : output);
            return output;
        }

        public IEnumerable<IChannelReceiver<T>> Receivers(int consumer) =>
            Enumerable.Range(0, _receivers.GetLength(0)).Select(producer => _receivers[producer, consumer]).OfType<IChannelReceiver<T>>();
    }

    public Partitioner<T> CreatePartitioner(PartitioningKind kind, int subtask, int channels, int maxParallelism, ISerializerProvider serializers) =>
        partitioning.Create(kind, subtask, channels, maxParallelism, serializers, Description);
}
