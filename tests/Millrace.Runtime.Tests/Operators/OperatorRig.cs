using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State.Operator;
using Millrace.Runtime.State.Snapshots;
using Millrace.Runtime.Tasks;
using Millrace.State.Backends;
using Millrace.Testing.Simulation;

namespace Millrace.Runtime.Tests.Operators;

/// <summary>
/// One subtask of one operator, with what the harness hides: the pressure of the task, control elements in order with the records, asynchronous
/// work, the order of opening and closing.
/// </summary>
internal sealed class OperatorRig
{
    public OperatorRig(StreamOperator op, int subtask = 0, int parallelism = 1, int batchSize = 4, CancellationToken cancellation = default, StateBackend? backend = null, bool takesCheckpoints = false, Func<CheckpointBarrier, bool>? trigger = null, ErrorPolicy? errors = null)
    {
        Operator = op;
        Time = new VirtualTimeProvider(DateTimeOffset.UnixEpoch);
        Clock = new WallClock(Time);
        Actor = new IdleActor("harness", Time);
        op.Setup(new OperatorContext
        {
            JobName = "job",
            OperatorName = "op",
            OperatorUid = "uid",
            NodeId = 1,
            SubtaskIndex = subtask,
            Parallelism = parallelism,
            MaxParallelism = 8,
            Options = new ExecutionOptions { BatchSize = batchSize, StateBackend = backend },
            TimeProvider = Clock,
            Logger = NullLogger.Instance,
            CancellationToken = cancellation,
            Serializers = new SerializerProvider(new SerializerRegistry()),
            Pressure = Pressure,
            Metrics = new OperatorMetrics(),
            Mailbox = Actor.Mailbox,
            Latency = new LatencyStatistics(),
            TakesCheckpoints = takesCheckpoints,
            ErrorPolicy = errors ?? ErrorPolicy.Fail,
            Trigger = trigger ?? (static _ => true),
            OperatorState = new OperatorStateBackend(new SerializerProvider(new SerializerRegistry()), subtask),
        });
    }

    public StreamOperator Operator { get; }

    public TaskPressure Pressure { get; } = new();

    public VirtualTimeProvider Time { get; }

    /// <summary>The operator's clock: shows the time, until somebody sets it.</summary>
    public WallClock Clock { get; }

    public IdleActor Actor { get; }

    /// <summary>Does what was posted to the subtask.</summary>
    public void DrainMailbox() => Actor.Mailbox.Drain();

    /// <summary>Moves the clock and does what falls due at the new time, as a subtask does when it is free.</summary>
    public void Advance(long milliseconds)
    {
        Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        Operator.FireProcessingTime();
    }

    public static RecordBatch<T> Batch<T>(params IEnumerable<(T Value, long Timestamp)> records)
    {
        var all = records.ToList();
        var batch = BatchPool<T>.Rent(Math.Max(4, all.Count));
        all.ForEach(record => batch.Add(record.Value, record.Timestamp));
        return batch;
    }

    public KeyedStateReader Snapshot() => MemoryKeyedState.Of(((IKeyedOperator)Operator).Freeze(1), Operator.Context.MaxParallelism);

    /// <summary>A snapshot in the format of the <see cref="NativeHeapBackend"/> that the rig was given.</summary>
    public NativeSnapshot NativeSnapshot()
    {
        using var frozen = ((IKeyedOperator)Operator).Freeze(1);
        return frozen.WriteNative(null!, CancellationToken.None)!;
    }
}

/// <summary>A clock that can be set; durations and timers do not care.</summary>
internal sealed class WallClock(TimeProvider time) : TimeProvider
{
    /// <summary>By how much it is wrong.</summary>
    public TimeSpan Offset { get; set; }

    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Offset;

    public override long GetTimestamp() => time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
}

/// <summary>Takes what comes out of an operator as text, in order; can refuse to take more after every few batches.</summary>
/// <param name="pressure">Where to say that nothing is taken.</param>
/// <param name="blockAfter">After how many batches; 0 for never.</param>
internal sealed class Tap<T>(TaskPressure? pressure = null, int blockAfter = 0) : IReceiver<T>
{
    private int _taken;

    public List<string> Elements { get; } = [];

    public List<(T Value, long Timestamp)> Records { get; } = [];

    public void Receive(RecordBatch<T> batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            Records.Add((batch.Values[i], batch.Timestamps[i]));
            Elements.Add($"{batch.Values[i]}@{(batch.Timestamps[i] == EventTime.None ? "none" : batch.Timestamps[i])}");
        }

        BatchPool<T>.Return(batch);
        if (pressure is not null && blockAfter > 0 && ++_taken % blockAfter == 0)
        {
            pressure.Waiting++;
        }
    }

    public void Control(in ControlElement element) => Elements.Add(element.Kind switch
    {
        ElementKind.Watermark => $"W{(element.Value == EventTime.MaxWatermark ? "end" : element.Value)}",
        ElementKind.Idle => element.Value != 0 ? "idle" : "active",
        ElementKind.EndOfInput => "end",
        _ => element.Kind.ToString(),
    });
}
