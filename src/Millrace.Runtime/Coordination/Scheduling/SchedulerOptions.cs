namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>When a job starts on the slots that there are, and when it is rescaled. The defaults are those of Apache Flink's adaptive scheduler.</summary>
internal sealed class SchedulerOptions
{
    /// <summary>Who decides the parallelism.</summary>
    /// <value>Default: <see cref="SchedulerMode.Fixed"/>.</value>
    public SchedulerMode Mode { get; set; } = SchedulerMode.Fixed;

    /// <summary>Which workers slots are taken from.</summary>
    /// <value>Default: <see cref="SlotPlacement.Spread"/>.</value>
    public SlotPlacement Placement { get; set; } = SlotPlacement.Spread;

    /// <summary>Whether it is written beside the checkpoints where subtasks run, so that the coordinator that comes next places them there again: where workers keep copies of their state.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool RemembersPlacement { get; set; }

    /// <summary>How long a job that does not run waits for the slots without which it cannot start. Then it ends as failed. <see cref="Timeout.InfiniteTimeSpan"/>: it waits forever.</summary>
    /// <value>Default (<see langword="null"/>): 5 minutes in the mode <see cref="SchedulerMode.Fixed"/>, forever in <see cref="SchedulerMode.Reactive"/>, as in Flink: whoever lets workers come and go may let all of them go.</value>
    public TimeSpan? ResourceWaitTimeout { get; set; }

    /// <summary>How long a reactive job that could start waits for more slots than it must have, so that it is not rescaled at once when the next worker is up.</summary>
    /// <value>Default: 10 s.</value>
    public TimeSpan ResourceStabilizationTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a job runs at least before it is stopped to be rescaled.</summary>
    /// <value>Default: 30 s.</value>
    public TimeSpan ScalingCooldown { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a running job waits for more slots to come after the first, before it is rescaled.</summary>
    /// <value>Default: 60 s.</value>
    public TimeSpan RescaleStabilizationTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a rescale waits for a checkpoint to complete, so that little is processed again. Then it goes back to the last one.</summary>
    /// <value>Default (<see langword="null"/>): the interval of checkpoints times <see cref="RescaleMaxCheckpointFailures"/> + 1.</value>
    public TimeSpan? RescaleMaxDelay { get; set; }

    /// <summary>How many checkpoints may fail while a rescale waits for one.</summary>
    /// <value>Default: 2.</value>
    public int RescaleMaxCheckpointFailures { get; set; } = 2;

    /// <summary>The least default parallelism that a reactive job runs with.</summary>
    /// <value>Default: 1.</value>
    public int MinParallelism { get; set; } = 1;

    /// <summary>The greatest default parallelism that a reactive job runs with.</summary>
    /// <value>Default (<see langword="null"/>): <see cref="ExecutionOptions.MaxParallelism"/>.</value>
    public int? MaxParallelism { get; set; }

    /// <summary>What is wrong with the options; each says what to do.</summary>
    public IEnumerable<string> Check()
    {
        foreach (var (name, time) in new[]
        {
            (nameof(ResourceWaitTimeout), ResourceWaitTimeout is { } wait && wait != Timeout.InfiniteTimeSpan ? wait : TimeSpan.Zero), (nameof(ResourceStabilizationTimeout), ResourceStabilizationTimeout),
            (nameof(ScalingCooldown), ScalingCooldown), (nameof(RescaleStabilizationTimeout), RescaleStabilizationTimeout), (nameof(RescaleMaxDelay), RescaleMaxDelay ?? TimeSpan.Zero),
        })
        {
            if (time < TimeSpan.Zero)
            {
                yield return $"{name} is {time}; it must not be negative.";
            }
        }

        if (RescaleMaxCheckpointFailures < 1)
        {
            yield return $"{nameof(RescaleMaxCheckpointFailures)} is {RescaleMaxCheckpointFailures}; it must be 1 or more.";
        }

        if (MinParallelism < 1)
        {
            yield return $"{nameof(MinParallelism)} is {MinParallelism}; it must be 1 or more.";
        }

        if (MaxParallelism < MinParallelism)
        {
            yield return $"{nameof(MaxParallelism)} is {MaxParallelism} but {nameof(MinParallelism)} is {MinParallelism}: no parallelism is both. Raise the one or lower the other.";
        }
    }

    /// <summary>In milliseconds; null for forever.</summary>
    internal long? WaitMilliseconds() => ResourceWaitTimeout is { } wait ? wait == Timeout.InfiniteTimeSpan ? null : Milliseconds(wait)
        : Mode == SchedulerMode.Fixed ? Milliseconds(TimeSpan.FromMinutes(5)) : null;

    internal static long Milliseconds(TimeSpan time) => (long)Math.Ceiling(time.TotalMilliseconds);
}
