namespace Millrace.Cluster.Coordination;

/// <summary>The record of a job that was submitted.</summary>
/// <param name="Job">The name of the job.</param>
/// <param name="Record">The record.</param>
/// <param name="ETag">Its version.</param>
internal sealed record StoredJobRecord(string Job, JobRecord Record, string ETag);
