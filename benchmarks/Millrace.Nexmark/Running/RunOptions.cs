using Millrace.Nexmark.Generator;
using Millrace.State.Backends;

namespace Millrace.Nexmark.Running;

/// <summary>How queries are run.</summary>
internal sealed record RunOptions
{
    /// <summary>The events.</summary>
    public GeneratorOptions Generator { get; init; } = new();

    /// <summary>Subtasks of every operator.</summary>
    public int Parallelism { get; init; } = 2;

    /// <summary>The most records of a batch.</summary>
    public int BatchSize { get; init; } = new ExecutionOptions().BatchSize;

    /// <summary>How long a partly filled batch waits in a task that is never idle.</summary>
    public TimeSpan BufferTimeout { get; init; } = BufferTimeoutAt(null);

    /// <summary>Makes the state backend of a run; null for the heap.</summary>
    public Func<StateBackend>? Backend { get; init; }

    /// <summary>The time between checkpoints; null for none.</summary>
    public TimeSpan? CheckpointInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether the hand-written loops are run beside the queries.</summary>
    public bool HandWritten { get; init; }

    /// <summary>Where events are read from; null to make them.</summary>
    public string? Input { get; init; }

    /// <summary>The folder in which results are written, a folder for each query; null where they are only looked at.</summary>
    public string? Output { get; init; }

    /// <summary>How often each query is measured; the fastest counts.</summary>
    public int Rounds { get; init; } = 1;

    /// <summary>How many events are run through the query before it is measured.</summary>
    public long Warmup { get; init; } = 1_000_000;

    /// <summary>How long that goes on at most, where the compiler is not done with the query before.</summary>
    public TimeSpan MostWarmup { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a partly filled batch waits if nothing is said: as long as in any job, but where latency is measured not at all, as in a job that is to answer within milliseconds.</summary>
    /// <param name="tps">Events a second; null for as many as can be.</param>
    public static TimeSpan BufferTimeoutAt(double? tps) => tps is null ? new ExecutionOptions().BufferTimeout : TimeSpan.Zero;
}
