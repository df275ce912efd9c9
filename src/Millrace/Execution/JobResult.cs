namespace Millrace;

/// <summary>How a job ended that did not fail.</summary>
/// <param name="JobName">The job's name.</param>
/// <param name="State"><see cref="JobState.Finished"/> or <see cref="JobState.Canceled"/>.</param>
/// <param name="Metrics">What every operator did.</param>
public sealed record JobResult(string JobName, JobState State, JobMetrics Metrics)
{
    /// <summary>When an earlier run had finished the job already, so that this start did nothing (<see cref="Checkpointing.CheckpointOptions.RunFinishedAgain"/>); <see langword="null"/> where it ran.</summary>
    public DateTimeOffset? FinishedBefore { get; init; }

    /// <summary>How long the job ran.</summary>
    public TimeSpan Duration => Metrics.Elapsed;
}
