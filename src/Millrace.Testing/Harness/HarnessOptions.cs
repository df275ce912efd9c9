namespace Millrace.Testing;

/// <summary>How an <see cref="OperatorHarness{TIn, TOut}"/> is set up.</summary>
public sealed class HarnessOptions
{
    /// <summary>How many subtasks the operator has; elements are dealt out to them as in a job.</summary>
    /// <value>Default: 1.</value>
    public int Parallelism { get; set; } = 1;

    /// <summary>How many key groups.</summary>
    /// <value>Default: 128.</value>
    public int MaxParallelism { get; set; } = 128;

    /// <summary>How many records a batch holds at most. Results must not depend on it.</summary>
    /// <value>Default: 1,024.</value>
    public int BatchSize { get; set; } = 1024;

    /// <summary>Whether running aggregates and joins of latest values emit at closed timestamps only: <see cref="ExecutionOptions.ConsistentOutput"/>.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool ConsistentOutput { get; set; }

    /// <summary>The moment at which the clock starts.</summary>
    /// <value>Default: 1970-01-01 UTC.</value>
    public DateTimeOffset StartTime { get; set; } = DateTimeOffset.UnixEpoch;

    /// <summary>State to begin with, taken at any parallelism.</summary>
    /// <value>Default: none.</value>
    public OperatorSnapshot? RestoreFrom { get; set; }
}
