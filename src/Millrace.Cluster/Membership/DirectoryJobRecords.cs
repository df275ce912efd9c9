using System.Globalization;
using System.Text;
using Millrace.Cluster.Coordination;
using Millrace.Runtime.Coordination;

namespace Millrace.Cluster.Membership;

/// <summary>Records of jobs as files: the first line is the version, the second the record.</summary>
/// <param name="folder">The folder.</param>
/// <param name="time">For how long to wait for a lock.</param>
internal sealed class DirectoryJobRecords(string folder, TimeProvider time) : IJobRecordStore
{
    public async Task<(JobRecord Record, string? ETag)> ReadAsync(string job, CancellationToken cancellationToken)
    {
        string path = PathOf(job);
        if (await AtomicFile.ReadAsync(path, cancellationToken).ConfigureAwait(false) is not { } content)
        {
            return (JobRecord.New, null);
        }

        try
        {
            string[] lines = Encoding.UTF8.GetString(content).Split('\n');
            return (JobRecordFormat.Read(lines[1]), lines[0]);
        }
        catch (Exception error) when (error is IndexOutOfRangeException or System.Text.Json.JsonException)
        {
            throw new MillraceException("MR6003", $"{path} is no record of a job: {error.Message} Restore it, or delete it when no worker runs: the job's coordinators are counted from 1 again then.", error);
        }
    }

    public async Task<string?> WriteAsync(string job, JobRecord record, string? etag, CancellationToken cancellationToken)
    {
        string path = PathOf(job);
        using var held = await DirectoryLock.TakeAsync(path + ".lock", time, cancellationToken).ConfigureAwait(false);
        var (_, current) = await ReadAsync(job, cancellationToken).ConfigureAwait(false);
        if (current != etag)
        {
            return null;
        }

        string next = (long.Parse(etag ?? "0", CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);
        await AtomicFile.WriteAsync(path, Encoding.UTF8.GetBytes($"{next}\n{JobRecordFormat.Write(record)}\n"), cancellationToken).ConfigureAwait(false);
        return next;
    }

    // Names of jobs differ in more than the case of letters, and so do these.
    private string PathOf(string job) => Path.Combine(folder, JobIds.From(job) + ".job");
}
