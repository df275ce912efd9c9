namespace Millrace.Runtime.Coordination;

/// <summary>How a job ended.</summary>
/// <param name="State">Finished, canceled or failed.</param>
/// <param name="Error">Why, where it failed.</param>
/// <param name="FinishedBefore">When an earlier run had finished it, so that this one did nothing; null where it did.</param>
internal sealed record JobOutcome(JobState State, Exception? Error, DateTimeOffset? FinishedBefore = null);
