using System.Text.Json;

// Orleans has newer methods beside these, which call them; only these must be there.
#pragma warning disable CS0618, CS0672

namespace Millrace.Cluster.Membership;

/// <summary>
/// The table of workers in one file. Who reads needs no lock, since the file is replaced as a whole; who writes holds one while it compares the version that it has seen and replaces the file.
/// </summary>
/// <param name="folder">The folder.</param>
/// <param name="time">For how long to wait for a lock.</param>
internal sealed class DirectoryMembershipTable(string folder, TimeProvider time) : IMembershipTable
{
    private readonly string _path = Path.Combine(folder, "members.json");

    public Task InitializeMembershipTable(bool tryInitTableVersion) => tryInitTableVersion ? ChangeAsync(static _ => true) : Task.CompletedTask;

    public async Task<MembershipTableData> ReadAll()
    {
        var document = await ReadAsync().ConfigureAwait(false);
        return new MembershipTableData([.. document.Rows.Select(row => row.ToEntry())], document.TableVersion);
    }

    public async Task<MembershipTableData> ReadRow(SiloAddress key)
    {
        var document = await ReadAsync().ConfigureAwait(false);
        return document.Find(key) is { } row ? new MembershipTableData(row.ToEntry(), document.TableVersion) : new MembershipTableData(document.TableVersion);
    }

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => ChangeAsync(document =>
    {
        if (!TryAdvance(document, tableVersion) || document.Find(entry.SiloAddress) is not null)
        {
            return false;
        }

        document.Rows.Add(MembershipDocument.Row.From(entry, document.Version));
        return true;
    });

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => ChangeAsync(document =>
    {
        if (!TryAdvance(document, tableVersion) || document.Find(entry.SiloAddress) is not { } row || MembershipDocument.ETag(row.ETag) != etag)
        {
            return false;
        }

        document.Rows[document.Rows.IndexOf(row)] = MembershipDocument.Row.From(entry, document.Version);
        return true;
    });

    // No change that anybody has to notice: the version stays, so that it disturbs no other write.
    public Task UpdateIAmAlive(MembershipEntry entry) => ChangeAsync(document =>
    {
        if (document.Find(entry.SiloAddress) is not { } row)
        {
            return false;
        }

        row.IAmAliveTime = entry.IAmAliveTime;
        return true;
    });

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => ChangeAsync(document => document.Rows.RemoveAll(row =>
        row.Status == SiloStatus.Dead && new[] { row.IAmAliveTime, row.StartTime }.Max() < beforeDate.UtcDateTime) > 0);

    public Task DeleteMembershipTableEntries(string clusterId) => ChangeAsync(static document =>
    {
        document.Rows.Clear();
        document.Version = 0;
        return true;
    });

    private static bool TryAdvance(MembershipDocument document, TableVersion next)
    {
        if (next.VersionEtag != MembershipDocument.ETag(document.Version))
        {
            return false;
        }

        document.Version = next.Version;
        return true;
    }

    private async Task<MembershipDocument> ReadAsync()
    {
        var content = await SharedFile.ReadAsync(_path, CancellationToken.None).ConfigureAwait(false);
        try
        {
            return content is null ? new MembershipDocument() : MembershipDocument.Read(content);
        }
        catch (JsonException error)
        {
            throw new MillraceException("MR6003", $"{_path} is no table of workers: {error.Message} Stop all workers and delete it; it holds nothing but who they were.", error);
        }
    }

    private async Task<bool> ChangeAsync(Func<MembershipDocument, bool> change)
    {
        while (true)
        {
            using var held = await FencedLock.TakeAsync(folder, "members", time, CancellationToken.None).ConfigureAwait(false);
            var document = await ReadAsync().ConfigureAwait(false);
            if (!change(document))
            {
                return false;
            }

            if (held.TryReplace(_path, document.Write()))
            {
                return true;
            }
        }
    }
}
