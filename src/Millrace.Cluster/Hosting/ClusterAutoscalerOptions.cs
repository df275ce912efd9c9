namespace Millrace.Hosting;

/// <summary>
/// Whether and how the parallelism of each task follows its load: the section <c>Millrace:Cluster:Autoscaler</c>. The algorithm, and all defaults but one, are those of the autoscaler of Apache Flink's Kubernetes operator
/// (https://nightlies.apache.org/flink/flink-kubernetes-operator-docs-stable/docs/custom-resource/autoscaler/).
/// </summary>
public sealed class ClusterAutoscalerOptions
{
    /// <summary>Whether parallelism follows load. Only in the mode <see cref="ClusterSchedulingMode.Fixed"/>: a reactive job uses all slots that there are.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool Enabled { get; set; }

    /// <summary>Whether what is decided is done. Otherwise it is advice, in the log and in <see cref="ClusterJobStatus.Decisions"/>.</summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool ScalingEnabled { get; set; } = true;

    /// <summary>Over how long load is averaged. Nothing is decided before so much of it has been seen.</summary>
    /// <value>Default: 15 minutes.</value>
    public TimeSpan MetricsWindow { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often load is looked at.</summary>
    /// <value>Default: 10 s.</value>
    public TimeSpan SampleInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long load is not looked at after a start.</summary>
    /// <value>Default: 5 minutes.</value>
    public TimeSpan StabilizationInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How much of their time subtasks are to be busy.</summary>
    /// <value>Default: 0.7.</value>
    public double UtilizationTarget { get; set; } = 0.7;

    /// <summary>Above this a task gets more subtasks.</summary>
    /// <value>
    /// Default (<see langword="null"/>): <see cref="UtilizationTarget"/> + 0.3, all of its time, where all sources of the job tell how much they have not read: too little is then seen by what piles up. Where one does not tell, + 0.2: a task
    /// that is busy all of its time may not be able to take in what comes.
    /// </value>
    public double? UtilizationMax { get; set; }

    /// <summary>Below this a task has more subtasks than it needs.</summary>
    /// <value>Default: 0.4.</value>
    public double UtilizationMin { get; set; } = 0.4;

    /// <summary>In how long what piles up during a restart is to be caught up with. Zero: capacity is given to new records alone.</summary>
    /// <value>Default: 30 minutes.</value>
    public TimeSpan CatchUpDuration { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a rescale is expected to interrupt the job.</summary>
    /// <value>Default: 5 minutes.</value>
    public TimeSpan RestartTime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a task must have had too much before it is scaled down, to the most that was thought to be right in that time. Zero: at once.</summary>
    /// <value>Default: 1 hour.</value>
    public TimeSpan ScaleDownInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Which part of its subtasks a task may lose in one step, 0 to 1.</summary>
    /// <value>Default: 0.6.</value>
    public double MaxScaleDownFactor { get; set; } = 0.6;

    /// <summary>How many times its subtasks a task may be given in addition in one step.</summary>
    /// <value>Default: 100,000, which is no limit.</value>
    public double MaxScaleUpFactor { get; set; } = 100_000;

    /// <summary>Of the capacity that more subtasks were to bring: the part below which that is called ineffective, 0 to 1.</summary>
    /// <value>Default: 0.1.</value>
    public double EffectivenessThreshold { get; set; } = 0.1;

    /// <summary>Whether a task is not scaled up again after that was ineffective. Otherwise it is only reported.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool BlockIneffectiveScaling { get; set; }

    /// <summary>The least parallelism that a task is scaled down to.</summary>
    /// <value>Default: 1.</value>
    public int VertexMinParallelism { get; set; } = 1;

    /// <summary>The greatest parallelism that a task is scaled up to.</summary>
    /// <value>Default: 200.</value>
    public int VertexMaxParallelism { get; set; } = 200;

    /// <summary>How parallelism is fitted to key groups.</summary>
    /// <value>Default: <see cref="ClusterParallelismAlignment.Balanced"/>.</value>
    public ClusterParallelismAlignment Alignment { get; set; }

    /// <summary>Whether more subtasks are asked for where earlier ones brought less than their share.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool ObservedScalability { get; set; }

    /// <summary>Whether the number of workers follows too, in Kubernetes.</summary>
    public ClusterReplicaOptions Replicas { get; } = new();

    internal Runtime.Coordination.Scheduling.AutoscalerOptions ToOptions() => new()
    {
        Enabled = Enabled,
        ScalingEnabled = ScalingEnabled,
        MetricsWindow = MetricsWindow,
        SampleInterval = SampleInterval,
        StabilizationInterval = StabilizationInterval,
        UtilizationTarget = UtilizationTarget,
        UtilizationMax = UtilizationMax,
        UtilizationMin = UtilizationMin,
        CatchUpDuration = CatchUpDuration,
        RestartTime = RestartTime,
        ScaleDownInterval = ScaleDownInterval,
        MaxScaleDownFactor = MaxScaleDownFactor,
        MaxScaleUpFactor = MaxScaleUpFactor,
        EffectivenessThreshold = EffectivenessThreshold,
        BlockIneffectiveScaling = BlockIneffectiveScaling,
        VertexMinParallelism = VertexMinParallelism,
        VertexMaxParallelism = VertexMaxParallelism,
        Alignment = Alignment switch
        {
            ClusterParallelismAlignment.EvenlySpread => Runtime.Coordination.Scheduling.ParallelismAlignment.EvenlySpread,
            ClusterParallelismAlignment.Off => Runtime.Coordination.Scheduling.ParallelismAlignment.Off,
            _ => Runtime.Coordination.Scheduling.ParallelismAlignment.Balanced,
        },
        ObservedScalability = ObservedScalability,
    };
}
