namespace Millrace.Runtime.Coordination;

/// <summary>How a job ended.</summary>
/// <param name="State">Finished, canceled or failed.</param>
/// <param name="Error">Why, where it failed.</param>
internal sealed record JobOutcome(JobState State, Exception? Error);
