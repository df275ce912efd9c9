namespace Millrace.Runtime.Clustering;

/// <summary>What a connection for orders and reports is for.</summary>
/// <param name="JobId">The job.</param>
/// <param name="JobName">Its name, by which the worker knows how to build it.</param>
/// <param name="Term">The number of its coordinator: a worker that has seen a greater one for the job refuses it.</param>
internal sealed record ControlConnectionKey(string JobId, string JobName, long Term);
