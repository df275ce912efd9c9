using System.Globalization;
using Millrace.Cluster.Coordination;
using Npgsql;

namespace Millrace.Cluster.Membership;

/// <summary>Records of jobs as rows of a table.</summary>
/// <param name="source">The database.</param>
/// <param name="clusterId">The cluster.</param>
internal sealed class PostgresJobRecords(NpgsqlDataSource source, string clusterId) : IJobRecordStore
{
    public async Task<(JobRecord Record, string? ETag)> ReadAsync(string job, CancellationToken cancellationToken)
    {
        var command = CreateCommand("select etag, record from millrace.job_record where cluster_id = $1 and job = $2", clusterId, job);
        await using var _ = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? (JobRecordFormat.Read(reader.GetString(1)), reader.GetInt64(0).ToString(CultureInfo.InvariantCulture))
            : (JobRecord.New, null);
    }

    public async Task<string?> WriteAsync(string job, JobRecord record, string? etag, CancellationToken cancellationToken)
    {
        string text = JobRecordFormat.Write(record);
        var command = etag is null
            ? CreateCommand("insert into millrace.job_record (cluster_id, job, etag, record) values ($1, $2, $4, $3) on conflict do nothing returning etag", clusterId, job, text, RecordVersions.First())
            : CreateCommand(
                "update millrace.job_record set etag = etag + 1, record = $3 where cluster_id = $1 and job = $2 and etag = $4 returning etag",
                clusterId,
                job,
                text,
                long.Parse(etag, CultureInfo.InvariantCulture));
        await using var _ = command.ConfigureAwait(false);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is long written ? written.ToString(CultureInfo.InvariantCulture) : null;
    }

    public async Task<IReadOnlyList<StoredJobRecord>> ListSubmittedAsync(CancellationToken cancellationToken)
    {
        // A key with a value: the text of other jobs' records does not have it.
        var command = CreateCommand("select job, etag, record from millrace.job_record where cluster_id = $1 and record::jsonb -> 'Program' is not null", clusterId);
        await using var _ = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        List<StoredJobRecord> found = [];
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            found.Add(new StoredJobRecord(reader.GetString(0), JobRecordFormat.Read(reader.GetString(2)), reader.GetInt64(1).ToString(CultureInfo.InvariantCulture)));
        }

        return found;
    }

    public async Task<bool> DeleteAsync(string job, string etag, CancellationToken cancellationToken)
    {
        var command = CreateCommand("delete from millrace.job_record where cluster_id = $1 and job = $2 and etag = $3", clusterId, job, long.Parse(etag, CultureInfo.InvariantCulture));
        await using var _ = command.ConfigureAwait(false);
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) == 1;
    }

    private NpgsqlCommand CreateCommand(string statement, params ReadOnlySpan<object> values)
    {
        var command = source.CreateCommand(statement);
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }
}
