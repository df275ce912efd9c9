using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Millrace.Connectors.Tests;
using Millrace.Hosting;
using Millrace.Tests.Redis;
using Orleans.Configuration;

namespace Millrace.Cluster.Tests.Membership;

/// <summary>What Orleans counts on in a table of workers: every change names the version that it has seen, and of two that name the same one is refused.</summary>
public sealed class MembershipTableTests(Server postgres, RedisServer redis) : IDisposable
{
    private static readonly DateTime Start = new(2026, 11, 28, 12, 0, 0, DateTimeKind.Utc);
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-members-").FullName;

    public static TheoryData<string> Kinds => TestStores.Kinds;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_row_comes_back_as_it_was_written(string kind)
    {
        var table = await TableAsync(kind);
        var empty = await table.ReadAllAsync(Cancel);
        Assert.Empty(empty.Members);
        var entry = Entry(1);
        Assert.True(await table.InsertRowAsync(entry, empty.Version.Next(), Cancel));

        var one = await table.ReadRowAsync(entry.SiloAddress, Cancel);
        Assert.Equal(empty.Version.Version + 1, one.Version.Version);
        Same(entry, Assert.Single(one.Members).Item1);

        entry.Status = SiloStatus.Active;
        entry.AddSuspector(Silo(2), Start.AddSeconds(3));
        entry.AddSuspector(Silo(3), Start.AddSeconds(4));
        Assert.True(await table.UpdateRowAsync(entry, one.Members[0].Item2, one.Version.Next(), Cancel));
        var all = await table.ReadAllAsync(Cancel);
        Assert.Equal(one.Version.Version + 1, all.Version.Version);
        Same(entry, Assert.Single(all.Members).Item1);
        Assert.Empty((await table.ReadRowAsync(Silo(9), Cancel)).Members);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_change_that_has_seen_an_older_version_is_refused(string kind)
    {
        var table = await TableAsync(kind);
        var old = (await table.ReadAllAsync(Cancel)).Version;
        Assert.True(await table.InsertRowAsync(Entry(1), old.Next(), Cancel));
        Assert.False(await table.InsertRowAsync(Entry(2), old.Next(), Cancel));

        var data = await table.ReadAllAsync(Cancel);
        Assert.False(await table.InsertRowAsync(Entry(1), data.Version.Next(), Cancel));
        var (entry, etag) = data.Members[0];
        Assert.False(await table.UpdateRowAsync(entry, etag, old.Next(), Cancel));
        Assert.True(await table.UpdateRowAsync(entry, etag, data.Version.Next(), Cancel));
        Assert.False(await table.UpdateRowAsync(entry, etag, data.Version.Next(), Cancel));

        var after = await table.ReadAllAsync(Cancel);
        Assert.Equal(data.Version.Version + 1, after.Version.Version);
        Assert.Single(after.Members);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_sign_of_life_changes_no_version(string kind)
    {
        var table = await TableAsync(kind);
        Assert.True(await table.InsertRowAsync(Entry(1), (await table.ReadAllAsync(Cancel)).Version.Next(), Cancel));
        var before = await table.ReadAllAsync(Cancel);
        var entry = Entry(1);
        entry.IAmAliveTime = Start.AddMinutes(5);
        await table.UpdateIAmAliveAsync(entry, Cancel);

        var after = await table.ReadAllAsync(Cancel);
        Assert.Equal(before.Version.Version, after.Version.Version);
        Assert.Equal(Start.AddMinutes(5), after.Members[0].Item1.IAmAliveTime.ToUniversalTime());
        Assert.True(await table.UpdateRowAsync(after.Members[0].Item1, before.Members[0].Item2, before.Version.Next(), Cancel));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Of_all_that_join_at_once_each_gets_a_version_of_its_own(string kind)
    {
        const int Workers = 8;
        var options = await TestStores.OptionsAsync(kind, _folder, postgres, redis);
        var versions = await Task.WhenAll(Enumerable.Range(1, Workers).Select(number => Task.Run(async () =>
        {
            var table = await TableAsync(options);
            while (true)
            {
                var next = (await table.ReadAllAsync(Cancel)).Version.Next();
                if (await table.InsertRowAsync(Entry(number), next, Cancel))
                {
                    return next.Version;
                }
            }
        })));

        var table = await TableAsync(options);
        var all = await table.ReadAllAsync(Cancel);
        Assert.Equal(Workers, versions.Distinct().Count());
        Assert.Equal(versions.Max(), all.Version.Version);
        Assert.Equal(Enumerable.Range(1, Workers).Select(Silo).Order(), all.Members.Select(member => member.Item1.SiloAddress).Order());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Only_the_dead_of_long_ago_are_swept(string kind)
    {
        var table = await TableAsync(kind);
        foreach (var (number, status, age) in new[] { (1, SiloStatus.Dead, 10), (2, SiloStatus.Dead, 1), (3, SiloStatus.Active, 10) })
        {
            var entry = Entry(number);
            entry.Status = status;
            entry.StartTime = entry.IAmAliveTime = Start.AddDays(-age);
            Assert.True(await table.InsertRowAsync(entry, (await table.ReadAllAsync(Cancel)).Version.Next(), Cancel));
        }

        await table.CleanupDefunctSiloEntriesAsync(Start.AddDays(-5), Cancel);
        Assert.Equal([Silo(2), Silo(3)], (await table.ReadAllAsync(Cancel)).Members.Select(member => member.Item1.SiloAddress).Order());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Clusters_of_one_store_do_not_see_each_other(string kind)
    {
        var options = await TestStores.OptionsAsync(kind, _folder, postgres, redis);
        var table = await TableAsync(options);
        Assert.True(await table.InsertRowAsync(Entry(1), (await table.ReadAllAsync(Cancel)).Version.Next(), Cancel));
        options.ClusterId += "-other";
        Assert.Empty((await (await TableAsync(options)).ReadAllAsync(Cancel)).Members);
    }

    private static SiloAddress Silo(int number) => SiloAddress.New(IPAddress.Loopback, 11_000 + number, 100 + number);

    private static MembershipEntry Entry(int number) => new()
    {
        SiloAddress = Silo(number),
        SiloName = $"worker {number}",
        HostName = "machine",
        RoleName = "role",
        Status = SiloStatus.Joining,
        StartTime = Start,
        IAmAliveTime = Start.AddSeconds(1),
    };

    private static void Same(MembershipEntry expected, MembershipEntry actual)
    {
        Assert.Equal(expected.SiloAddress, actual.SiloAddress);
        Assert.Equal(expected.SiloName, actual.SiloName);
        Assert.Equal(expected.HostName, actual.HostName);
        Assert.Equal(expected.Status, actual.Status);
        Assert.Equal(expected.StartTime, actual.StartTime.ToUniversalTime());
        Assert.Equal(expected.IAmAliveTime, actual.IAmAliveTime.ToUniversalTime());
        Assert.Equal(expected.SuspectTimes ?? [], (actual.SuspectTimes ?? []).Select(vote => Tuple.Create(vote.Item1, vote.Item2.ToUniversalTime())));
    }

    private async Task<IMembershipTable> TableAsync(string kind) => await TableAsync(await TestStores.OptionsAsync(kind, _folder, postgres, redis));

    private static async Task<IMembershipTable> TableAsync(MillraceClusterOptions options)
    {
        var store = await TestStores.PreparedAsync(options);
        var table = store.CreateTable(new ClusterOptions { ClusterId = options.ClusterId, ServiceId = options.ClusterId }, new ServiceCollection().BuildServiceProvider());
        await table.InitializeMembershipTableAsync(true, Cancel);
        return table;
    }
}
