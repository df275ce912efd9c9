using System.Collections.Concurrent;
using System.IO.Hashing;
using System.Text;
using Millrace.Cluster.Coordination;
using Millrace.Runtime.Coordination;

namespace Millrace.Cluster.Membership;

/// <summary>Records of jobs as files: the first line is the version, the second the record.</summary>
/// <param name="folder">The folder.</param>
/// <param name="time">For how long to wait for a lock.</param>
internal sealed class DirectoryJobRecords(string folder, TimeProvider time) : IJobRecordStore
{
    private const string Extension = ".job";

    // For all jobs together: a lock of each job's own would leave a file behind for every name that there ever was.
    private const int Locks = 16;

    // What was read of each file, as it was then: those of jobs that have ended are many, and do not change.
    private readonly ConcurrentDictionary<string, (DateTime Written, long Length, StoredJobRecord? Record)> _read = new(StringComparer.Ordinal);

    public Task<(JobRecord Record, string? ETag)> ReadAsync(string job, CancellationToken cancellationToken) => ReadFileAsync(PathOf(job), cancellationToken);

    public async Task<string?> WriteAsync(string job, JobRecord record, string? etag, CancellationToken cancellationToken)
    {
        string path = PathOf(job);
        while (true)
        {
            using var held = await TakeAsync(path, cancellationToken).ConfigureAwait(false);
            var (_, current) = await ReadFileAsync(path, cancellationToken).ConfigureAwait(false);
            if (current != etag)
            {
                return null;
            }

            string next = RecordVersions.Next(etag);
            if (held.TryReplace(path, Encoding.UTF8.GetBytes($"{next}\n{JobRecordFormat.Write(record)}\n")))
            {
                return next;
            }
        }
    }

    public async Task<IReadOnlyList<StoredJobRecord>> ListSubmittedAsync(CancellationToken cancellationToken)
    {
        List<StoredJobRecord> found = [];
        var files = new Dictionary<string, (DateTime Written, long Length)>(StringComparer.Ordinal);
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*" + Extension))
        {
            try
            {
                files.Add(file.FullName, (file.LastWriteTimeUtc, file.Length));
            }
            catch (FileNotFoundException)
            {
                // Deleted just now.
            }
        }

        foreach (var (path, (written, length)) in files)
        {
            if (!_read.TryGetValue(path, out var known) || known.Written != written || known.Length != length)
            {
                var (record, etag) = await ReadFileAsync(path, cancellationToken).ConfigureAwait(false);
                _read[path] = known = (written, length, record is { Program: not null, Name: { } name } && etag is not null ? new StoredJobRecord(name, record, etag) : null);
            }

            if (known.Record is { } submitted)
            {
                found.Add(submitted);
            }
        }

        foreach (string path in _read.Keys)
        {
            if (!files.ContainsKey(path))
            {
                _read.TryRemove(path, out _);
            }
        }

        return found;
    }

    public async Task<bool> DeleteAsync(string job, string etag, CancellationToken cancellationToken)
    {
        string path = PathOf(job);
        while (true)
        {
            using var held = await TakeAsync(path, cancellationToken).ConfigureAwait(false);
            var (_, current) = await ReadFileAsync(path, cancellationToken).ConfigureAwait(false);
            if (current != etag)
            {
                return false;
            }

            if (held.TryDelete(path))
            {
                return true;
            }
        }
    }

    private static async Task<(JobRecord Record, string? ETag)> ReadFileAsync(string path, CancellationToken cancellationToken)
    {
        if (await SharedFile.ReadAsync(path, cancellationToken).ConfigureAwait(false) is not { } content)
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

    // Names of jobs differ in more than the case of letters, and so do these.
    private string PathOf(string job) => Path.Combine(folder, JobIds.From(job) + Extension);

    private Task<FencedLock> TakeAsync(string path, CancellationToken cancellationToken) =>
        FencedLock.TakeAsync(folder, $"{XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(Path.GetFileName(path))) % Locks:00}", time, cancellationToken);
}
