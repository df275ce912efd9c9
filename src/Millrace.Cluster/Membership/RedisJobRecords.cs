using Millrace.Cluster.Coordination;
using Millrace.Runtime.Coordination;
using StackExchange.Redis;

namespace Millrace.Cluster.Membership;

/// <summary>Records of jobs in Redis: a hash for each, with the version and the record.</summary>
/// <param name="database">The database.</param>
/// <param name="clusterId">The cluster.</param>
internal sealed class RedisJobRecords(Func<IDatabase> database, string clusterId) : IJobRecordStore
{
    // A script runs as a whole: nothing comes between the comparison and the write.
    private const string CompareAndSet = """
        local current = redis.call('HGET', KEYS[1], 'etag')
        if (current or '') == ARGV[1] then
            redis.call('HSET', KEYS[1], 'etag', ARGV[2], 'record', ARGV[3])
            return 1
        end
        return 0
        """;

    private const string CompareAndDelete = """
        if redis.call('HGET', KEYS[1], 'etag') == ARGV[1] then
            redis.call('DEL', KEYS[1])
            return 1
        end
        return 0
        """;

    private const string RemoveSubmission = """
        if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then
            redis.call('HDEL', KEYS[1], ARGV[1])
        end
        return 0
        """;

    private static readonly RedisValue[] Fields = ["etag", "record"];

    public async Task<(JobRecord Record, string? ETag)> ReadAsync(string job, CancellationToken cancellationToken)
    {
        var values = await database().HashGetAsync(KeyOf(job), Fields).WaitAsync(cancellationToken).ConfigureAwait(false);
        return values[0].IsNull ? (JobRecord.New, null) : (JobRecordFormat.Read(values[1]!), (string?)values[0]);
    }

    public async Task<string?> WriteAsync(string job, JobRecord record, string? etag, CancellationToken cancellationToken)
    {
        // First of all it can be found: a record that nobody finds is never run. A name without a record does no harm.
        if (record.Program is { } program)
        {
            await database().HashSetAsync(Submitted, job, program.Submission).WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        string next = RecordVersions.Next(etag);
        var written = await database().ScriptEvaluateAsync(CompareAndSet, [KeyOf(job)], [etag ?? "", next, JobRecordFormat.Write(record)]).WaitAsync(cancellationToken).ConfigureAwait(false);
        return (int)written == 1 ? next : null;
    }

    public async Task<IReadOnlyList<StoredJobRecord>> ListSubmittedAsync(CancellationToken cancellationToken)
    {
        var names = await database().HashKeysAsync(Submitted).WaitAsync(cancellationToken).ConfigureAwait(false);
        var records = await Task.WhenAll(names.Select(name => ReadAsync(name!, cancellationToken))).ConfigureAwait(false);
        return [.. names.Zip(records).Where(static found => found.Second is { ETag: not null, Record.Program: not null }).Select(static found => new StoredJobRecord(found.First!, found.Second.Record, found.Second.ETag!))];
    }

    public async Task<bool> DeleteAsync(string job, string etag, CancellationToken cancellationToken)
    {
        var (record, current) = await ReadAsync(job, cancellationToken).ConfigureAwait(false);
        if (current != etag || (int)await database().ScriptEvaluateAsync(CompareAndDelete, [KeyOf(job)], [etag]).WaitAsync(cancellationToken).ConfigureAwait(false) != 1)
        {
            return false;
        }

        if (record.Program is { } program)
        {
            // Not the name of a job that is submitted again at this moment.
            await database().ScriptEvaluateAsync(RemoveSubmission, [Submitted], [job, program.Submission]).WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    // Each key for itself: a script over two of them would not run where keys are spread over several servers.
    private RedisKey Submitted => $"millrace/{clusterId}/submitted";

    private RedisKey KeyOf(string job) => $"millrace/{clusterId}/jobs/{JobIds.From(job)}";
}
