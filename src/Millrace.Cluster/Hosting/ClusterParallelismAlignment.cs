namespace Millrace.Hosting;

/// <summary>How a parallelism that the autoscaler has computed is moved, so that key groups are dealt out evenly.</summary>
public enum ClusterParallelismAlignment
{
    /// <summary>Up to the first parallelism with which subtasks have less to do: a divisor of the number of groups, or one that gives each subtask a group less.</summary>
    Balanced,

    /// <summary>Up to a divisor of the number of groups, so that every subtask has as many.</summary>
    EvenlySpread,

    /// <summary>Not at all.</summary>
    Off,
}
