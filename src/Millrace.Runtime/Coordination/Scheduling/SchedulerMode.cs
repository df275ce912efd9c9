namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>Who decides the parallelism of a job.</summary>
internal enum SchedulerMode
{
    /// <summary>The program, or whoever rescales the job. The job waits until there are slots for all of it.</summary>
    Fixed,

    /// <summary>The workers that are there: the job uses all slots that it can, and follows when workers come and go. Operators with a parallelism of their own keep it.</summary>
    Reactive,
}
