namespace Millrace.Hosting;

/// <summary>Who decides the parallelism of the jobs of a cluster.</summary>
public enum ClusterSchedulingMode
{
    /// <summary>The program, or whoever rescales the job. A job waits until there are slots for all of it.</summary>
    Fixed,

    /// <summary>The workers that are there: a job uses all slots that it can, and follows when workers come and go. Operators with a parallelism of their own keep it.</summary>
    Reactive,
}
