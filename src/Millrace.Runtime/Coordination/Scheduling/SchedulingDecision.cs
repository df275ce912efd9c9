namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>What the scheduler wants done.</summary>
/// <param name="Reason">Why: a sentence or more, for the log and for whoever asks.</param>
internal abstract record SchedulingDecision(string Reason)
{
    /// <summary>Place and deploy all subtasks. Answered by <see cref="AdaptiveScheduler.Running"/> or <see cref="AdaptiveScheduler.Stopped"/>.</summary>
    /// <param name="Parallelism">The default parallelism.</param>
    /// <param name="Demand">The slots that this takes. There are as many.</param>
    /// <param name="Reason">Why now and so.</param>
    public sealed record Start(int Parallelism, SlotDemand Demand, string Reason) : SchedulingDecision(Reason);

    /// <summary>Stop all subtasks, to go on with another parallelism from the last completed checkpoint. Answered by <see cref="AdaptiveScheduler.Stopped"/>, which decides the parallelism: slots may have come and gone.</summary>
    /// <param name="Parallelism">The parallelism that there are slots for at this moment.</param>
    /// <param name="Reason">Why.</param>
    public sealed record Rescale(int Parallelism, string Reason) : SchedulingDecision(Reason);

    /// <summary>Take a checkpoint now: somebody waits for a rescale.</summary>
    public sealed record TakeCheckpoint(string Reason) : SchedulingDecision(Reason);

    /// <summary>Nothing is done yet. Replaces the timer before.</summary>
    /// <param name="Until">When to say <see cref="AdaptiveScheduler.TimeDue"/>, in milliseconds since 1970-01-01 UTC; null where only a fact can change anything.</param>
    /// <param name="Reason">What is waited for; empty where it is nothing.</param>
    public sealed record Wait(long? Until, string Reason) : SchedulingDecision(Reason);

    /// <summary>The job ends as failed: it has waited for slots long enough.</summary>
    public sealed record GiveUp(string Reason) : SchedulingDecision(Reason);
}
