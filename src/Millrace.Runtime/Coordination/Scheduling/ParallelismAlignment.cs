namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>How a computed parallelism is moved so that key groups, or the partitions of a source, are dealt out evenly.</summary>
internal enum ParallelismAlignment
{
    /// <summary>Up to the first parallelism with which the subtasks have less to do: a divisor of the number of groups, or one that gives each subtask a group less. A little skew is borne rather than many subtasks more.</summary>
    Balanced,

    /// <summary>Up to a divisor of the number of groups, so that every subtask has as many.</summary>
    EvenlySpread,

    /// <summary>Not at all.</summary>
    Off,
}
