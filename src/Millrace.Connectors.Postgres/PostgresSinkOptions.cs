namespace Millrace.Connectors;

/// <summary>Options of <see cref="PostgresSink{T}"/>.</summary>
public sealed class PostgresSinkOptions
{
    /// <summary>What the sink promises.</summary>
    /// <value><see cref="PostgresDelivery.ExactlyOnce"/></value>
    public PostgresDelivery Delivery { get; init; } = PostgresDelivery.ExactlyOnce;

    /// <summary>How many rows are sent as one statement.</summary>
    /// <value>5,000: beyond it a statement's fixed cost is no longer seen, and less work is lost when a row is refused. 1 to 1,000,000.</value>
    public int BatchSize { get; init; } = 5_000;

    /// <summary>With <see cref="PostgresDelivery.AtLeastOnce"/>: how long a row waits at most for its batch to become full.</summary>
    /// <value>1 second. Longer than zero.</value>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a statement waits for a lock that somebody else holds, before the sink fails with the transient error MR7207. Zero: for ever.</summary>
    /// <value>30 seconds: long enough for another writer's transaction, short enough that somebody looks.</value>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// What happens to a record that the server refuses, where the job says nothing with <c>OnError</c> behind the sink: that leaves records out whatever this says, counts them with those of other operators, and
    /// can put them into a side output.
    /// </summary>
    /// <value><see cref="PostgresOnError.Fail"/></value>
    public PostgresOnError OnError { get; init; } = PostgresOnError.Fail;

    /// <summary>
    /// Whether the table is created where it is missing, with the mapped columns in their order and the key as primary key. An existing table is never changed.
    /// </summary>
    /// <value><see langword="false"/>: a misspelt name is an error.</value>
    public bool CreateTableIfMissing { get; init; }

    /// <summary>The schema of the staging tables and of the ledger <c>millrace_ledger</c>, where the sink needs them. It must exist.</summary>
    /// <value><see langword="null"/>: that of the table.</value>
    public string? StagingSchema { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1, nameof(BatchSize));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BatchSize, 1_000_000, nameof(BatchSize));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(FlushInterval, TimeSpan.Zero, nameof(FlushInterval));
        ArgumentOutOfRangeException.ThrowIfLessThan(LockTimeout, TimeSpan.Zero, nameof(LockTimeout));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(LockTimeout, TimeSpan.FromDays(1), nameof(LockTimeout));
        if (StagingSchema is not null)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(StagingSchema, nameof(StagingSchema));
        }
    }
}
