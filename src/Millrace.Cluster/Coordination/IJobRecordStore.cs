namespace Millrace.Cluster.Coordination;

/// <summary>Keeps the records of jobs. Every write names the version that it replaces, so that of two writers one learns that it is late. Safe for use by several threads and processes.</summary>
internal interface IJobRecordStore
{
    /// <summary>Reads the record of a job.</summary>
    /// <returns>The record and its version; a new one and null where there is none.</returns>
    Task<(JobRecord Record, string? ETag)> ReadAsync(string job, CancellationToken cancellationToken);

    /// <summary>Writes the record of a job. When it returns, the record outlives the loss of every worker.</summary>
    /// <param name="job">The name of the job.</param>
    /// <param name="record">The record.</param>
    /// <param name="etag">The version that it replaces; null where there must be none.</param>
    /// <param name="cancellationToken">Gives up; the record may have been written or not.</param>
    /// <returns>The new version; null when another was there, and nothing was written.</returns>
    Task<string?> WriteAsync(string job, JobRecord record, string? etag, CancellationToken cancellationToken);

    /// <summary>The records of all jobs that were submitted (<see cref="JobRecord.Program"/>), in any order. One that is written meanwhile may be missing.</summary>
    Task<IReadOnlyList<StoredJobRecord>> ListSubmittedAsync(CancellationToken cancellationToken);

    /// <summary>Deletes the record of a job. One that is written under the name afterwards has other versions, so that nobody takes it for the one before.</summary>
    /// <param name="job">The name of the job.</param>
    /// <param name="etag">The version that is deleted.</param>
    /// <param name="cancellationToken">Gives up; the record may have been deleted or not.</param>
    /// <returns>Whether it was deleted; false when another version is there, or none.</returns>
    Task<bool> DeleteAsync(string job, string etag, CancellationToken cancellationToken);
}
