using Millrace.Checkpointing;
using Millrace.State.Backends;

namespace Millrace;

/// <summary>How a job runs. The defaults are right for most jobs.</summary>
public sealed class ExecutionOptions
{
    /// <summary>How many subtasks an operator has that does not say otherwise.</summary>
    /// <value>Default: the number of processors.</value>
    public int Parallelism { get; set; } = Environment.ProcessorCount;

    /// <summary>How many key groups the keys of an operator are divided into that does not say otherwise. The bound of parallelism, now and after any rescale.</summary>
    /// <value>1 to 32,768. Default: 128, as in Flink.</value>
    public int MaxParallelism { get; set; } = 128;

    /// <summary>How many records a batch holds at most.</summary>
    /// <value>
    /// 1 to 65,536. Default: 1,024, where handing a batch to another thread costs about 10 ns a record and a batch of small structs still fits
    /// the first-level cache.
    /// </value>
    public int BatchSize { get; set; } = 1024;

    /// <summary>How many batches a channel between two subtasks holds before the producer waits.</summary>
    /// <value>2 to 1,024, rounded up to a power of two. Default: 8, enough to bridge a quantum of the consumer.</value>
    public int ChannelCapacity { get; set; } = 8;

    /// <summary>How long a partly filled batch waits in a task that is never idle. Zero: a batch leaves as soon as the input batch it came from is processed.</summary>
    /// <value>Default: 100 ms, as in Flink. A task that runs out of input always hands on what it has at once.</value>
    public TimeSpan BufferTimeout { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often watermarks are derived from what was seen.</summary>
    /// <value>Default: 200 ms, as in Flink.</value>
    public TimeSpan AutoWatermarkInterval { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long event time may stand still in an operator, though records come, before the log says who holds it back; zero for never.</summary>
    /// <value>Default: 1 minute.</value>
    public TimeSpan WatermarkStallTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often sources send a marker that measures the time to the sinks; zero for never.</summary>
    /// <value>Default: zero, as in Flink.</value>
    public TimeSpan LatencyTrackingInterval { get; set; } = TimeSpan.Zero;

    /// <summary>How long a subtask may take to end when it is cancelled. Then its stack is reported and the job ends as failed without it.</summary>
    /// <value>Default: 30 s.</value>
    public TimeSpan CancellationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether operators that can be are fused into one task.</summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool OperatorChaining { get; set; } = true;

    /// <summary>
    /// Whether running aggregates, changes and joins of latest records (<c>Reduce</c>, <c>Sum</c> and the like, <c>Aggregate</c>, <c>Changes</c>, <c>LatestJoin</c>) emit only at closed timestamps, those that the watermark has reached: for each key that changed at a timestamp one
    /// result, which is right for all records up to that timestamp and holds nothing of later ones. Results of several branches of a job are in step then.
    /// </summary>
    /// <value>
    /// Default: <see langword="false"/>, every record gives a result at once, as in Flink. All records need timestamps where it is on, and the state keeps those whose timestamp is not closed yet. Decide what
    /// is late once, before the stream is split, with <c>DropLateData</c>.
    /// </value>
    public bool ConsistentOutput { get; set; }

    /// <summary>
    /// Whether windows that reduce or aggregate do so in two steps: records of one key and window that come in one batch are aggregated where they come from, and only what they come to goes to
    /// the subtask of the key. A key with very many records, or a window over all of them, then is no bottleneck. Where most records have keys of their own, they go as they are.
    /// </summary>
    /// <value>
    /// Default: <see langword="true"/>. For tumbling and sliding windows of event time without allowed lateness or a side output for late data. Not in effect with an error policy that does not
    /// fail the job, with barriers that overtake records (<see cref="CheckpointOptions.Unaligned"/>, <see cref="CheckpointOptions.AlignedTimeout"/>), with
    /// <see cref="ConsistentOutput"/>, and for functions with a lifecycle (<see cref="StreamFunction.Open"/>).
    /// </value>
    public bool LocalAggregation { get; set; } = true;

    /// <summary>
    /// Copies every record at every hop through its serializer, to find code that changes a record after it was emitted. Slow; for tests.
    /// </summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool ObjectReuseCheck { get; set; }

    /// <summary>Checkpoints: when, how and where to.</summary>
    /// <value>Default: none are taken, until a <see cref="CheckpointOptions.Storage"/> is given.</value>
    public CheckpointOptions Checkpoints { get; set; } = new();

    /// <summary>Whether and when a job that has failed starts again.</summary>
    /// <value>Default (<see langword="null"/>): <see cref="RestartStrategy.ExponentialDelay"/> with checkpoints, <see cref="RestartStrategy.None"/> without.</value>
    public RestartStrategy? RestartStrategy { get; set; }

    /// <summary>Where keyed state lives while the job runs.</summary>
    /// <value>Default (<see langword="null"/>): in the memory of the process.</value>
    public StateBackend? StateBackend { get; set; }

    internal RestartStrategy EffectiveRestartStrategy =>
        RestartStrategy ?? (Checkpoints.IsEnabled ? Millrace.RestartStrategy.ExponentialDelay() : Millrace.RestartStrategy.None());

    internal void Validate()
    {
        Checkpoints.Validate();
        Check(nameof(MaxParallelism), MaxParallelism, 1, 32_768);
        Check(nameof(Parallelism), Parallelism, 1, MaxParallelism);
        Check(nameof(BatchSize), BatchSize, 1, 65_536);
        Check(nameof(ChannelCapacity), ChannelCapacity, 2, 1_024);
        Check(nameof(BufferTimeout), BufferTimeout, TimeSpan.Zero, TimeSpan.FromHours(1));
        Check(nameof(AutoWatermarkInterval), AutoWatermarkInterval, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1));
        Check(nameof(WatermarkStallTimeout), WatermarkStallTimeout, TimeSpan.Zero, TimeSpan.FromDays(1));
        Check(nameof(LatencyTrackingInterval), LatencyTrackingInterval, TimeSpan.Zero, TimeSpan.FromHours(1));
        Check(nameof(CancellationTimeout), CancellationTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1));
    }

    internal ExecutionOptions Clone()
    {
        var clone = (ExecutionOptions)MemberwiseClone();
        clone.Checkpoints = Checkpoints.Clone();
        return clone;
    }

    private static void Check<T>(string name, T value, T min, T max)
        where T : IComparable<T>
    {
        if (value.CompareTo(min) < 0 || value.CompareTo(max) > 0)
        {
            throw new GraphException("MR1001", $"{nameof(ExecutionOptions)}.{name} is {value}; it must be between {min} and {max}.");
        }
    }
}
