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
/// Runs one operator in a test, with all its subtasks: hand it records and watermarks, move its clock, look at what it emits, snapshot it and go on
/// at another parallelism. No threads; every call returns when the operator has nothing left to do.
/// </summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <example>
/// <code>
/// using var harness = new OperatorHarness&lt;Ping, string&gt;(pings =&gt; pings.KeyBy(p =&gt; p.Device).Process(() =&gt; new Silence()));
/// harness.Process(new Ping("a"), timestamp: 1_000);
/// harness.Watermark(61_000);
/// Assert.Equal(["a has been silent for a minute"], harness.Output);
/// </code>
/// </example>
public sealed class OperatorHarness<TIn, TOut> : IDisposable
{
    private readonly Func<DataStream<TIn>, SingleOutputStream<TOut>> _build;
    private readonly HarnessOptions _options;
    private readonly VirtualTimeProvider _time;
    private readonly IdleActor _actor;
    private readonly List<StreamOperator<TOut>> _operators = [];
    private readonly List<IReceiver<TIn>> _inputs = [];
    private readonly ExchangeOutput<TIn> _input;
    private readonly Recorder<TOut> _output = new();
    private readonly Dictionary<object, object> _sides = [];
    private readonly int _batchSize;
    private long _checkpoints;
    private bool _disposed;

    /// <summary>Sets the operator up and opens it.</summary>
    /// <param name="build">Declares the operator on a stream: exactly one, keyed or not.</param>
    /// <param name="options">Parallelism, clock, state to begin with.</param>
    /// <exception cref="ArgumentException">Not exactly one operator was declared.</exception>
    public OperatorHarness(Func<DataStream<TIn>, SingleOutputStream<TOut>> build, HarnessOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(build);
        _build = build;
        _options = options ?? new HarnessOptions();
        _batchSize = _options.BatchSize;
        _time = new VirtualTimeProvider(_options.StartTime);
        _actor = new IdleActor("harness", _time);
        var env = new StreamExecutionEnvironment(new ExecutionOptions
        {
            Parallelism = _options.Parallelism,
            MaxParallelism = _options.MaxParallelism,
            BatchSize = _batchSize,
            ConsistentOutput = _options.ConsistentOutput,
        });
        var node = build(env.FromSource(new ScriptedSource<TIn>(new Script<TIn>()))).Node;
        if (node.Inputs is not [StreamEdge<TIn> edge] || edge.Source.Source is null)
        {
            throw new ArgumentException("Declare exactly one operator on the stream that is given; a whole job runs with JobRunner.", nameof(build));
        }

        var serializers = new SerializerProvider(env.Serializers);
        string? problem = edge.Check(serializers).Concat(node.Check?.Invoke(serializers) ?? []).FirstOrDefault();
        if (problem is not null)
        {
            throw new ArgumentException(problem, nameof(build));
        }

        Snapshots = _options.RestoreFrom;
        for (int subtask = 0; subtask < _options.Parallelism; subtask++)
        {
            var op = (StreamOperator<TOut>)node.CreateFor(env.Options);
            op.Setup(CreateContext(env, node, subtask, serializers));
            op.Output.Connect(_output.OfSubtask());
            _operators.Add(op);
            _inputs.Add((IReceiver<TIn>)op);
        }

        var kind = edge.Partitioning == PartitioningKind.Default ? PartitioningKind.Rebalance : edge.Partitioning;
        var channels = _inputs.Select(input => (IChannelSender<TIn>)new DirectChannel<TIn>(input)).ToArray();
        _input = new ExchangeOutput<TIn>(
            edge.CreatePartitioner(kind, 0, channels.Length, _options.MaxParallelism, serializers), channels, new TaskPressure(), env.Options);
    }

    /// <summary>What the operator has emitted, in order.</summary>
    public IReadOnlyList<TOut> Output => Opened(_output.Values);

    /// <summary>What the operator has emitted, with timestamps in milliseconds since 1970-01-01 UTC.</summary>
    public IReadOnlyList<(TOut Value, long Timestamp)> OutputWithTimestamps => Opened(_output.Records);

    /// <summary>The watermarks that the operator has handed on, of all subtasks in order.</summary>
    public IReadOnlyList<long> Watermarks => Opened(_output.Watermarks);

    /// <summary>Whether every subtask has handed on that it is idle.</summary>
    public bool IsIdle => Opened(_output).Idle == _options.Parallelism;

    /// <summary>Whether the operator has handed on the end of its input.</summary>
    public bool HasEnded => Opened(_output).Ended == _options.Parallelism;

    /// <summary>How many records came too late for any window.</summary>
    public long LateRecords => _operators.Sum(op => op.Context.Metrics.LateRecords);

    /// <summary>How many entries of keyed state there are: what keys that are idle cost.</summary>
    public long StateEntries => Opened(_operators).OfType<IKeyedOperator>().Sum(op => op.StateEntries);

    /// <summary>The clock, in milliseconds since 1970-01-01 UTC.</summary>
    public long ProcessingTime => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private OperatorSnapshot? Snapshots { get; set; }

    private bool IsOpen { get; set; }

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
            if (IsOpen)
            {
                throw new InvalidOperationException($"Ask for side output '{tag}' before the first record: until then nobody reads it.");
            }

            var recorder = new Recorder<T>();
            _operators.ForEach(op => op.SideOutputs.Port(tag, _batchSize).Connect(recorder.OfSubtask()));
            _sides[tag] = side = recorder;
        }

        return ((Recorder<T>)side).Values;
    }

    /// <summary>Hands the operator a record.</summary>
    /// <param name="value">The record.</param>
    /// <param name="timestamp">Its event time in milliseconds since 1970-01-01 UTC.</param>
    public void Process(TIn value, long timestamp = EventTime.None) => Process([(value, timestamp)]);

    /// <summary>Hands the operator records as one batch, or as many as the batch size makes of them.</summary>
    /// <param name="records">The records with their timestamps.</param>
    public void Process(IEnumerable<(TIn Value, long Timestamp)> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        EnsureOpen();
        var batch = BatchPool<TIn>.Rent(_batchSize);
        foreach (var (value, timestamp) in records)
        {
            if (batch.Count == _batchSize)
            {
                _input.Receive(batch);
                batch = BatchPool<TIn>.Rent(_batchSize);
            }

            batch.Add(value, timestamp);
        }

        _input.Receive(batch);
        _input.Flush();
        Settle();
    }

    /// <summary>Moves event time on, in all subtasks.</summary>
    /// <param name="timestamp">The watermark in milliseconds since 1970-01-01 UTC.</param>
    public void Watermark(long timestamp) => Control(ControlElement.Watermark(timestamp));

    /// <summary>Marks the input idle or active, in all subtasks.</summary>
    /// <param name="idle">Whether it is idle.</param>
    public void Idle(bool idle = true) => Control(ControlElement.Idle(idle));

    /// <summary>Ends the input: the last watermark, then the end.</summary>
    public void EndInput()
    {
        Watermark(EventTime.MaxWatermark);
        Control(ControlElement.EndOfInput);
    }

    /// <summary>Moves the clock on; timers in processing time fire at their time.</summary>
    /// <param name="span">How far.</param>
    public void AdvanceProcessingTime(TimeSpan span)
    {
        EnsureOpen();
        long target = ProcessingTime + (long)span.TotalMilliseconds;
        while (true)
        {
            long next = _operators.Min(op => op.NextTimer);
            if (next > target)
            {
                break;
            }

            _time.Advance(TimeSpan.FromMilliseconds(Math.Max(0, next - ProcessingTime)));
            FireProcessingTime();
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
    public OperatorHarness<TIn, TOut> Rescale(int parallelism) => new(_build, new HarnessOptions
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
        if (IsOpen)
        {
            return;
        }

        IsOpen = true;
        Snapshots?.Restore(_operators);
        Snapshots = null;
        _operators.ForEach(op => op.Open());
    }

    private void Control(in ControlElement element)
    {
        EnsureOpen();
        _input.Control(element);
        Settle();
    }

    private void FireProcessingTime()
    {
        foreach (var op in _operators)
        {
            op.FireProcessingTime();
        }

        Settle();
    }

    /// <summary>Has the operator do what asynchronous work has left it to do since the last call: results that have come are emitted.</summary>
    public void Settle()
    {
        EnsureOpen();
        _actor.Mailbox.Drain();
        foreach (var op in _operators)
        {
            while (op.IsUnfinished)
            {
                op.Resume();
            }

            op.Flush();
        }
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
        TakesCheckpoints = true,
        OperatorState = new OperatorStateBackend(serializers, subtask),
    };
}
