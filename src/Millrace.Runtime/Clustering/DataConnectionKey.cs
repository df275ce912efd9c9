namespace Millrace.Runtime.Clustering;

/// <summary>What a connection for records is for. Both ends name the same, or there is no connection.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Term">The number of its coordinator.</param>
/// <param name="Epoch">The attempt of the job, over all runs.</param>
/// <param name="Attempt">The attempt, within this run of the coordinator.</param>
internal sealed record DataConnectionKey(string JobId, long Term, long Epoch, int Attempt);
