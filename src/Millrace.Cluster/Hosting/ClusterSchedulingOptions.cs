namespace Millrace.Hosting;

/// <summary>When jobs start on the slots that there are, and when they are rescaled: the section <c>Millrace:Cluster:Scheduling</c>. Defaults are those of Apache Flink's adaptive scheduler.</summary>
public sealed class ClusterSchedulingOptions
{
    /// <summary>Who decides the parallelism.</summary>
    /// <value>Default: <see cref="ClusterSchedulingMode.Fixed"/>.</value>
    public ClusterSchedulingMode Mode { get; set; }

    /// <summary>Which workers slots are taken from.</summary>
    /// <value>Default: <see cref="ClusterSlotPlacement.Spread"/>.</value>
    public ClusterSlotPlacement Placement { get; set; }

    /// <summary>How long a job that does not run waits for the slots without which it cannot start. Then it ends as failed.</summary>
    /// <value>Default (<see langword="null"/>): 5 minutes in the mode <see cref="ClusterSchedulingMode.Fixed"/>, for ever in <see cref="ClusterSchedulingMode.Reactive"/>.</value>
    public TimeSpan? ResourceWaitTimeout { get; set; }

    /// <summary>How long a reactive job that could start waits for more slots than it must have.</summary>
    /// <value>Default: 10 s.</value>
    public TimeSpan ResourceStabilizationTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a job runs at least before it is stopped to be rescaled.</summary>
    /// <value>Default: 30 s.</value>
    public TimeSpan ScalingCooldown { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a running job waits for more slots to come after the first, before it is rescaled.</summary>
    /// <value>Default: 60 s.</value>
    public TimeSpan RescaleStabilizationTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The least default parallelism that a reactive job runs with.</summary>
    /// <value>Default: 1.</value>
    public int MinParallelism { get; set; } = 1;

    /// <summary>The greatest default parallelism that a reactive job runs with.</summary>
    /// <value>Default (<see langword="null"/>): <see cref="ExecutionOptions.MaxParallelism"/>.</value>
    public int? MaxParallelism { get; set; }

    internal Runtime.Coordination.Scheduling.SchedulerOptions ToOptions() => new()
    {
        Mode = Mode == ClusterSchedulingMode.Reactive ? Runtime.Coordination.Scheduling.SchedulerMode.Reactive : Runtime.Coordination.Scheduling.SchedulerMode.Fixed,
        Placement = Placement == ClusterSlotPlacement.Pack ? Runtime.Coordination.Scheduling.SlotPlacement.Pack : Runtime.Coordination.Scheduling.SlotPlacement.Spread,
        ResourceWaitTimeout = ResourceWaitTimeout,
        ResourceStabilizationTimeout = ResourceStabilizationTimeout,
        ScalingCooldown = ScalingCooldown,
        RescaleStabilizationTimeout = RescaleStabilizationTimeout,
        MinParallelism = MinParallelism,
        MaxParallelism = MaxParallelism,
    };
}
