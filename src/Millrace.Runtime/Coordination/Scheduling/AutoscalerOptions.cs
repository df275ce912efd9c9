namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>Whether and how the parallelism of each task follows its load. The defaults are those of the autoscaler of Flink's Kubernetes operator.</summary>
internal sealed class AutoscalerOptions
{
    /// <summary>Whether load is watched at all.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool Enabled { get; set; }

    /// <summary>Whether what is decided is done. Otherwise it is advice, which can be read.</summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool ScalingEnabled { get; set; } = true;

    /// <summary>Over how long load is averaged. Nothing is decided before so much of it has been seen.</summary>
    /// <value>Default: 15 minutes.</value>
    public TimeSpan MetricsWindow { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often load is looked at.</summary>
    /// <value>Default: 10 s.</value>
    public TimeSpan SampleInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long load is not looked at after a start: caches are cold and what was left behind is caught up with.</summary>
    /// <value>Default: 5 minutes.</value>
    public TimeSpan StabilizationInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How much of their time subtasks are to be busy.</summary>
    /// <value>Default: 0.7, so that a load that varies by a third still finds room.</value>
    public double UtilizationTarget { get; set; } = 0.7;

    /// <summary>Above this nothing is left to bear: tasks are scaled up.</summary>
    /// <value>
    /// Default (<see langword="null"/>): <see cref="UtilizationTarget"/> + 0.3 where all sources tell how much they have not read, and + 0.2 otherwise: a task that is busy all of its time is then either just right or hopelessly behind,
    /// and gets more before it comes to that.
    /// </value>
    public double? UtilizationMax { get; set; }

    /// <summary>Below this there is too much: tasks are scaled down.</summary>
    /// <value>Default (<see langword="null"/>): <see cref="UtilizationTarget"/> - 0.3.</value>
    public double? UtilizationMin { get; set; }

    /// <summary>In how long a backlog, that of a restart too, is to be caught up with. Zero: capacity is given to new records alone.</summary>
    /// <value>Default: 30 minutes.</value>
    public TimeSpan CatchUpDuration { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a rescale is expected to interrupt the job.</summary>
    /// <value>Default: 5 minutes.</value>
    public TimeSpan RestartTime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a task must have had too much before it is scaled down, to the most that was thought to be right in that time. Zero: at once.</summary>
    /// <value>Default: 1 hour.</value>
    public TimeSpan ScaleDownInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Which part of its subtasks a task may lose in one step.</summary>
    /// <value>0 to 1. Default: 0.6.</value>
    public double MaxScaleDownFactor { get; set; } = 0.6;

    /// <summary>How many times its subtasks a task may be given in addition in one step.</summary>
    /// <value>Default: 100,000, which is no limit.</value>
    public double MaxScaleUpFactor { get; set; } = 100_000;

    /// <summary>Of the capacity that more subtasks were to bring: the part below which that is called ineffective.</summary>
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

    /// <summary>How parallelism is fitted to key groups and partitions.</summary>
    /// <value>Default: <see cref="ParallelismAlignment.Balanced"/>.</value>
    public ParallelismAlignment Alignment { get; set; } = ParallelismAlignment.Balanced;

    /// <summary>From how long a backlog on the job is taken to work it off: it may then be busy all the time, and is not scaled down.</summary>
    /// <value>Default: 5 minutes of input.</value>
    public TimeSpan BacklogLagThreshold { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>From how long a backlog on what a source reads is taken for all that it can read.</summary>
    /// <value>Default: 30 s of input.</value>
    public TimeSpan ObservedRateLagThreshold { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>By how much the capacity that busy time promises may exceed what is observed with a backlog, before what is observed counts.</summary>
    /// <value>Default: 0.15.</value>
    public double ObservedRateSwitchThreshold { get; set; } = 0.15;

    /// <summary>How often it must have been observed.</summary>
    /// <value>Default: 2.</value>
    public int ObservedRateMinObservations { get; set; } = 2;

    /// <summary>Whether more subtasks are asked for where earlier ones brought less than their share.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool ObservedScalability { get; set; }

    /// <summary>How many parallelisms must have been measured for that.</summary>
    /// <value>Default: 3.</value>
    public int ObservedScalabilityMinObservations { get; set; } = 3;

    /// <summary>How many rescales are remembered.</summary>
    /// <value>Default: 3.</value>
    public int HistoryMaxCount { get; set; } = 3;

    internal double Upper(bool isBacklogKnown) => UtilizationMax ?? UtilizationTarget + (isBacklogKnown ? 0.3 : 0.2);

    internal double Lower => Math.Max(0, UtilizationMin ?? UtilizationTarget - 0.3);

    /// <summary>What is wrong with the options; each says what to do.</summary>
    public IEnumerable<string> Check()
    {
        foreach (var (name, time) in new[]
        {
            (nameof(StabilizationInterval), StabilizationInterval), (nameof(CatchUpDuration), CatchUpDuration), (nameof(RestartTime), RestartTime), (nameof(ScaleDownInterval), ScaleDownInterval),
            (nameof(BacklogLagThreshold), BacklogLagThreshold), (nameof(ObservedRateLagThreshold), ObservedRateLagThreshold),
        })
        {
            if (time < TimeSpan.Zero)
            {
                yield return $"{name} is {time}; it must not be negative.";
            }
        }

        if (SampleInterval <= TimeSpan.Zero)
        {
            yield return $"{nameof(SampleInterval)} is {SampleInterval}; it must be positive.";
        }

        if (MetricsWindow < SampleInterval)
        {
            yield return $"{nameof(MetricsWindow)} is {MetricsWindow}, and {nameof(SampleInterval)} is {SampleInterval}: load is averaged over several looks. Raise the one or lower the other.";
        }

        foreach (var (name, value, min, max) in new[]
        {
            (nameof(UtilizationTarget), UtilizationTarget, 0.01, 1), (nameof(MaxScaleDownFactor), MaxScaleDownFactor, 0, 1), (nameof(MaxScaleUpFactor), MaxScaleUpFactor, 0.01, double.MaxValue),
            (nameof(EffectivenessThreshold), EffectivenessThreshold, 0, 1), (nameof(ObservedRateSwitchThreshold), ObservedRateSwitchThreshold, 0, double.MaxValue),
            (nameof(VertexMinParallelism), VertexMinParallelism, 1, 32_768), (nameof(ObservedRateMinObservations), ObservedRateMinObservations, 1, 1_000),
            (nameof(ObservedScalabilityMinObservations), ObservedScalabilityMinObservations, 2, 1_000), (nameof(HistoryMaxCount), HistoryMaxCount, 1, 1_000),
        })
        {
            if (!(value >= min && value <= max))
            {
                yield return FormattableString.Invariant($"{name} is {value}; it must be between {min} and {max}.");
            }
        }

        if (VertexMaxParallelism < VertexMinParallelism)
        {
            yield return $"{nameof(VertexMaxParallelism)} is {VertexMaxParallelism} but {nameof(VertexMinParallelism)} is {VertexMinParallelism}: no parallelism is both. Raise the one or lower the other.";
        }

        if (!(Lower <= UtilizationTarget && UtilizationTarget <= Upper(true)))
        {
            yield return FormattableString.Invariant(
                $"{nameof(UtilizationTarget)} is {UtilizationTarget} but {nameof(UtilizationMin)} is {Lower} and {nameof(UtilizationMax)} is {Upper(true)}: a task that is as busy as it should be would be scaled. Put the target between the two.");
        }
    }
}
