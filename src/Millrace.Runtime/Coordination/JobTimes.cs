namespace Millrace.Runtime.Coordination;

/// <summary>Since when a job is in its state, and how long it was in those that operators ask for. Times in milliseconds. Immutable.</summary>
/// <param name="State">The state.</param>
/// <param name="Since">Since when, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="Running">How long it ran before this state.</param>
/// <param name="Restarting">How long it was restarting before this state.</param>
internal sealed record JobTimes(JobState State, long Since, long Running, long Restarting)
{
    /// <summary>The job changes its state.</summary>
    public JobTimes Enter(JobState next, long now) => new(next, now, TimeIn(JobState.Running, now), TimeIn(JobState.Restarting, now));

    /// <summary>How long the job has been in a state, without interruption; 0 in another one.</summary>
    public long Uninterrupted(JobState state, long now) => State == state ? Math.Max(0, now - Since) : 0;

    /// <summary>How long the job was running or restarting in all.</summary>
    public long TimeIn(JobState state, long now) => (state == JobState.Running ? Running : Restarting) + Uninterrupted(state, now);
}
