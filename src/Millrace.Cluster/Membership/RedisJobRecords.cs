using System.Globalization;
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

    private static readonly RedisValue[] Fields = ["etag", "record"];

    public async Task<(JobRecord Record, string? ETag)> ReadAsync(string job, CancellationToken cancellationToken)
    {
        var values = await database().HashGetAsync(KeyOf(job), Fields).WaitAsync(cancellationToken).ConfigureAwait(false);
        return values[0].IsNull ? (JobRecord.New, null) : (JobRecordFormat.Read(values[1]!), (string?)values[0]);
    }

    public async Task<string?> WriteAsync(string job, JobRecord record, string? etag, CancellationToken cancellationToken)
    {
        string next = (long.Parse(etag ?? "0", CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);
        var written = await database().ScriptEvaluateAsync(CompareAndSet, [KeyOf(job)], [etag ?? "", next, JobRecordFormat.Write(record)]).WaitAsync(cancellationToken).ConfigureAwait(false);
        return (int)written == 1 ? next : null;
    }

    private RedisKey KeyOf(string job) => $"millrace/{clusterId}/jobs/{JobIds.From(job)}";
}
