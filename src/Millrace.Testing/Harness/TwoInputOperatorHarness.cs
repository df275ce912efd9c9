using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State.Operator;
using Millrace.Runtime.Tasks;
using Millrace.Testing.Simulation;

namespace Millrace.Testing;

/// <summary>
/// Runs one operator with two inputs in a test, with all its subtasks: hand it records and watermarks on either input, move its clock, look at what it emits,
/// snapshot it and go on at another parallelism. No threads; every call returns when the operator has nothing left to do.
/// </summary>
/// <typeparam name="TFirst">The type of the first input.</typeparam>
/// <typeparam name="TSecond">The type of the second input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <example>
/// <code>
/// using var harness = new TwoInputOperatorHarness&lt;Order, Payment, string&gt;((orders, payments) =&gt;
///     orders.KeyBy(o =&gt; o.Id).Connect(payments.KeyBy(p =&gt; p.OrderId)).Process(() =&gt; new MatchPayment()));
/// harness.Process1(new Order(1), timestamp: 1_000);
/// harness.Process2(new Payment(1, 20), timestamp: 2_000);
/// Assert.Equal(["1 paid 20"], harness.Output);
/// </code>
/// </example>
public sealed class TwoInputOperatorHarness<TFirst, TSecond, TOut> : IDisposable
{
    private readonly Func<DataStream<TFirst>, DataStream<TSecond>, SingleOutputStream<TOut>> _build;
    private readonly HarnessOptions _options;
    private readonly VirtualTimeProvider _time;
    private readonly IdleActor _actor;
    private readonly List<StreamOperator<TOut>> _operators = [];
    private readonly List<InputCombiner> _combiners = [];
    private readonly ExchangeOutput<TFirst> _first;
    private readonly ExchangeOutput<TSecond> _second;
    private readonly Recorder<TOut> _output = new();
    private readonly Dictionary<object, object> _sides = [];
    private readonly int _batchSize;
    private OperatorSnapshot? _restoreFrom;
    private bool _isOpen;
    private long _checkpoints;
    private bool _disposed;

    /// <summary>Sets the operator up and opens it.</summary>
    /// <param name="build">Declares the operator on two streams: exactly one, keyed or not.</param>
    /// <param name="options">Parallelism, clock, state to begin with.</param>
    /// <exception cref="ArgumentException">Not exactly one operator with two inputs was declared.</exception>
    public TwoInputOperatorHarness(Func<DataStream<TFirst>, DataStream<TSecond>, SingleOutputStream<TOut>> build, HarnessOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(build);
        _build = build;
        _options = options ?? new HarnessOptions();
        _batchSize = _options.BatchSize;
        _restoreFrom = _options.RestoreFrom;
        _time = new VirtualTimeProvider(_options.StartTime);
        _actor = new IdleActor("harness", _time);
        var env = new StreamExecutionEnvironment(new ExecutionOptions
        {
            Parallelism = _options.Parallelism,
            MaxParallelism = _options.MaxParallelism,
            BatchSize = _batchSize,
            ConsistentOutput = _options.ConsistentOutput,
        });
        var node = build(env.FromSource(new ScriptedSource<TFirst>(new Script<TFirst>())), env.FromSource(new ScriptedSource<TSecond>(new Script<TSecond>()))).Node;
        if (node.Inputs is not [StreamEdge<TFirst> { TargetInput: 0, Source.Source: not null } first, StreamEdge<TSecond> { TargetInput: 1, Source.Source: not null } second])
        {
            throw new ArgumentException("Declare exactly one operator on the two streams that are given; a whole job runs with JobRunner.", nameof(build));
        }

        var serializers = new SerializerProvider(env.Serializers);
        string? problem = first.Check(serializers).Concat(second.Check(serializers)).Concat(node.Check?.Invoke(serializers) ?? []).FirstOrDefault();
        if (problem is not null)
        {
            throw new ArgumentException(problem, nameof(build));
        }

        for (int subtask = 0; subtask < _options.Parallelism; subtask++)
        {
            var op = (StreamOperator<TOut>)node.CreateFor(env.Options);
            op.Setup(CreateContext(env, node, subtask, serializers));
            op.Output.Connect(_output.OfSubtask());
            _operators.Add(op);
            _combiners.Add(new InputCombiner((ITwoInputOperator)op));
        }

        _first = CreateInput(first, 0, env, serializers);
        _second = CreateInput(second, 1, env, serializers);
    }

    /// <summary>What the operator has emitted, in order.</summary>
    public IReadOnlyList<TOut> Output => Opened(_output.Values);

    /// <summary>What the operator has emitted, with timestamps in milliseconds since 1970-01-01 UTC.</summary>
    public IReadOnlyList<(TOut Value, long Timestamp)> OutputWithTimestamps => Opened(_output.Records);

    /// <summary>The watermarks that the operator has handed on, of all subtasks in order.</summary>
    public IReadOnlyList<long> Watermarks => Opened(_output.Watermarks);

    /// <summary>Whether every subtask has handed on that it is idle.</summary>
    public bool IsIdle => Opened(_output).Idle == _options.Parallelism;

    /// <summary>Whether the operator has handed on the end of its input: both inputs have ended.</summary>
    public bool HasEnded => Opened(_output).Ended == _options.Parallelism;

    /// <summary>How many records came too late.</summary>
    public long LateRecords => _operators.Sum(op => op.Context.Metrics.LateRecords);

    /// <summary>How many entries of keyed state and timers there are: what keys that are idle cost.</summary>
    public long StateEntries => Opened(_operators).OfType<IKeyedOperator>().Sum(op => op.StateEntries);

    /// <summary>The clock, in milliseconds since 1970-01-01 UTC.</summary>
    public long ProcessingTime => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>
    /// What the operator has emitted into a side output. The first call must come before the first record: a side output that nobody reads is dropped.
    /// </summary>
    /// <typeparam name="T">The type of the side output.</typeparam>
    /// <param name="tag">The side output.</param>
    /// <returns>A list that grows.</returns>
    /// <exception cref="InvalidOperationException">The operator is open already and nobody read the side output so far.</exception>
    public IReadOnlyList<T> SideOutput<T>(OutputTag<T> tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        if (!_sides.TryGetValue(tag, out object? side))
        {
            if (_isOpen)
            {
                throw new InvalidOperationException($"Ask for side output '{tag}' before the first record: until then nobody reads it.");
            }

            var recorder = new Recorder<T>();
            _operators.ForEach(op => op.SideOutputs.Port(tag, _batchSize).Connect(recorder.OfSubtask()));
            _sides[tag] = side = recorder;
        }

        return ((Recorder<T>)side).Values;
    }

    /// <summary>Hands the operator a record of its first input.</summary>
    /// <param name="value">The record.</param>
    /// <param name="timestamp">Its event time in milliseconds since 1970-01-01 UTC.</param>
    public void Process1(TFirst value, long timestamp = EventTime.None) => Process1([(value, timestamp)]);

    /// <summary>Hands the operator records of its first input as one batch, or as many as the batch size makes of them.</summary>
    /// <param name="records">The records with their timestamps.</param>
    public void Process1(IEnumerable<(TFirst Value, long Timestamp)> records) => Process(_first, records);

    /// <summary>Hands the operator a record of its second input.</summary>
    /// <param name="value">The record.</param>
    /// <param name="timestamp">Its event time in milliseconds since 1970-01-01 UTC.</param>
    public void Process2(TSecond value, long timestamp = EventTime.None) => Process2([(value, timestamp)]);

    /// <summary>Hands the operator records of its second input as one batch, or as many as the batch size makes of them.</summary>
    /// <param name="records">The records with their timestamps.</param>
    public void Process2(IEnumerable<(TSecond Value, long Timestamp)> records) => Process(_second, records);

    /// <summary>Moves event time on in the first input, in all subtasks.</summary>
    /// <param name="timestamp">The watermark in milliseconds since 1970-01-01 UTC.</param>
    public void Watermark1(long timestamp) => Control(_first, ControlElement.Watermark(timestamp));

    /// <summary>Moves event time on in the second input, in all subtasks.</summary>
    /// <param name="timestamp">The watermark in milliseconds since 1970-01-01 UTC.</param>
    public void Watermark2(long timestamp) => Control(_second, ControlElement.Watermark(timestamp));

    /// <summary>Moves event time on in both inputs, in all subtasks.</summary>
    /// <param name="timestamp">The watermark in milliseconds since 1970-01-01 UTC.</param>
    public void Watermark(long timestamp)
    {
        Watermark1(timestamp);
        Watermark2(timestamp);
    }

    /// <summary>Marks the first input idle or active, in all subtasks.</summary>
    /// <param name="idle">Whether it is idle.</param>
    public void Idle1(bool idle = true) => Control(_first, ControlElement.Idle(idle));

    /// <summary>Marks the second input idle or active, in all subtasks.</summary>
    /// <param name="idle">Whether it is idle.</param>
    public void Idle2(bool idle = true) => Control(_second, ControlElement.Idle(idle));

    /// <summary>Ends the first input: the last watermark, then the end.</summary>
    public void EndInput1()
    {
        Watermark1(EventTime.MaxWatermark);
        Control(_first, ControlElement.EndOfInput);
    }

    /// <summary>Ends the second input: the last watermark, then the end.</summary>
    public void EndInput2()
    {
        Watermark2(EventTime.MaxWatermark);
        Control(_second, ControlElement.EndOfInput);
    }

    /// <summary>Moves the clock on; timers in processing time fire at their time.</summary>
    /// <param name="span">How far.</param>
    public void AdvanceProcessingTime(TimeSpan span)
    {
        EnsureOpen();
        long target = ProcessingTime + (long)span.TotalMilliseconds;
        while (_operators.Min(op => op.NextTimer) is var next && next <= target)
        {
            _time.Advance(TimeSpan.FromMilliseconds(Math.Max(0, next - ProcessingTime)));
            _operators.ForEach(op => op.FireProcessingTime());

            Settle();
        }

        _time.Advance(TimeSpan.FromMilliseconds(target - ProcessingTime));
        Settle();
    }

    /// <summary>Takes the operator's keyed state, timers and operator state, and lets it go on.</summary>
    /// <returns>The snapshot.</returns>
    public OperatorSnapshot Snapshot()
    {
        EnsureOpen();
        return OperatorSnapshot.Take(_operators, ++_checkpoints);
    }

    /// <summary>A harness for the same operator that begins with this one's state.</summary>
    /// <param name="parallelism">How many subtasks it has.</param>
    /// <returns>The new harness; this one stays as it is.</returns>
    public TwoInputOperatorHarness<TFirst, TSecond, TOut> Rescale(int parallelism) => new(_build, new HarnessOptions
    {
        Parallelism = parallelism,
        MaxParallelism = _options.MaxParallelism,
        BatchSize = _options.BatchSize,
        ConsistentOutput = _options.ConsistentOutput,
        StartTime = _time.GetUtcNow(),
        RestoreFrom = Snapshot(),
    });

    /// <summary>Closes the operator.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _operators.ForEach(op => op.Close());
        }
    }

    private TValue Opened<TValue>(TValue value)
    {
        EnsureOpen();
        return value;
    }

    private void EnsureOpen()
    {
        if (_isOpen)
        {
            return;
        }

        _isOpen = true;
        _restoreFrom?.Restore(_operators);
        _restoreFrom = null;
        _operators.ForEach(op => op.Open());
    }

    private void Process<T>(ExchangeOutput<T> input, IEnumerable<(T Value, long Timestamp)> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        EnsureOpen();
        var batch = BatchPool<T>.Rent(_batchSize);
        foreach (var (value, timestamp) in records)
        {
            if (batch.Count == _batchSize)
            {
                input.Receive(batch);
                batch = BatchPool<T>.Rent(_batchSize);
            }

            batch.Add(value, timestamp);
        }

        input.Receive(batch);
        input.Flush();
        Settle();
    }

    private void Control<T>(ExchangeOutput<T> input, in ControlElement element)
    {
        EnsureOpen();
        input.Control(element);
        Settle();
    }

    private void Settle()
    {
        _actor.Mailbox.Drain();
        for (int subtask = 0; subtask < _operators.Count; subtask++)
        {
            var op = _operators[subtask];
            do
            {
                while (op.IsUnfinished)
                {
                    op.Resume();
                }
            }
            while (_combiners[subtask].TryDeliver(out _));

            op.Flush();
        }
    }

    private ExchangeOutput<T> CreateInput<T>(StreamEdge<T> edge, int input, StreamExecutionEnvironment env, SerializerProvider serializers)
    {
        var kind = edge.Partitioning == PartitioningKind.Default ? PartitioningKind.Rebalance : edge.Partitioning;
        var channels = _combiners.Select(combiner => (IChannelSender<T>)new DirectChannel<T>(combiner.Port<T>(input))).ToArray();
        return new ExchangeOutput<T>(edge.CreatePartitioner(kind, 0, channels.Length, _options.MaxParallelism, serializers), channels, new TaskPressure(), env.Options);
    }

    private OperatorContext CreateContext(StreamExecutionEnvironment env, StreamNode node, int subtask, SerializerProvider serializers) => new()
    {
        JobName = "harness",
        OperatorName = node.Name,
        OperatorUid = node.Uid ?? node.Kind,
        NodeId = node.Id,
        SubtaskIndex = subtask,
        Parallelism = _options.Parallelism,
        MaxParallelism = _options.MaxParallelism,
        Options = env.Options,
        TimeProvider = _time,
        Logger = NullLogger.Instance,
        CancellationToken = CancellationToken.None,
        Serializers = serializers,
        Pressure = new TaskPressure(),
        Metrics = new OperatorMetrics(),
        Mailbox = _actor.Mailbox,
        Latency = new LatencyStatistics(),
        ErrorPolicy = node.ErrorPolicy,
        OperatorState = new OperatorStateBackend(serializers, subtask),
    };
}
