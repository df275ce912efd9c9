using Millrace.Cluster.Coordination;
using Millrace.Connectors.Tests;
using Millrace.Runtime.Clustering;
using Millrace.Tests.Redis;

namespace Millrace.Cluster.Tests.Membership;

/// <summary>What the term of a coordinator rests on: of two that write, one learns that it is late.</summary>
public sealed class JobRecordStoreTests(Server postgres, RedisServer redis) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-records-").FullName;

    public static TheoryData<string> Kinds => TestStores.Kinds;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_record_is_new_until_it_is_written_and_then_what_was_written(string kind)
    {
        var store = await StoreAsync(kind);
        Assert.Equal((JobRecord.New, null), await store.ReadAsync("Orders of today", Cancel));

        var record = new JobRecord(7, 3, JobState.Failed, "The sink said: \"no\"\nand 'never'.");
        string? etag = await store.WriteAsync("Orders of today", record, null, Cancel);
        Assert.NotNull(etag);
        Assert.Equal((record, etag), await store.ReadAsync("Orders of today", Cancel));
        Assert.Equal((JobRecord.New, null), await store.ReadAsync("Orders", Cancel));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_write_that_names_another_version_than_the_one_that_is_there_writes_nothing(string kind)
    {
        var store = await StoreAsync(kind);
        string? first = await store.WriteAsync("orders", JobRecord.New with { Term = 1 }, null, Cancel);
        Assert.Null(await store.WriteAsync("orders", JobRecord.New with { Term = 9 }, null, Cancel));
        string? second = await store.WriteAsync("orders", JobRecord.New with { Term = 2 }, first, Cancel);
        Assert.NotNull(second);
        Assert.NotEqual(first, second);
        Assert.Null(await store.WriteAsync("orders", JobRecord.New with { Term = 9 }, first, Cancel));
        Assert.Null(await store.WriteAsync("other", JobRecord.New with { Term = 9 }, second, Cancel));
        Assert.Equal((JobRecord.New with { Term = 2 }, second), await store.ReadAsync("orders", Cancel));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Of_all_that_raise_the_term_at_once_each_gets_one_of_its_own(string kind)
    {
        const int Workers = 8;
        const int Each = 10;
        var options = await TestStores.OptionsAsync(kind, _folder, postgres, redis);
        var terms = await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(async () =>
        {
            var store = (await TestStores.PreparedAsync(options)).Records;
            List<long> mine = [];
            while (mine.Count < Each)
            {
                var (record, etag) = await store.ReadAsync("orders", Cancel);
                if (await store.WriteAsync("orders", record with { Term = record.Term + 1 }, etag, Cancel) is not null)
                {
                    mine.Add(record.Term + 1);
                }
            }

            return mine;
        })));
        Assert.Equal(Enumerable.Range(1, Workers * Each).Select(term => (long)term), terms.SelectMany(mine => mine).Order());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Jobs_that_were_submitted_are_listed_until_they_are_deleted_and_come_back_as_others(string kind)
    {
        var store = await StoreAsync(kind);
        Assert.Empty(await store.ListSubmittedAsync(Cancel));
        await store.WriteAsync("own", JobRecord.New with { Term = 1 }, null, Cancel);
        string first = (await store.WriteAsync("First of All", Submitted("First of All", "one"), null, Cancel))!;
        string second = (await store.WriteAsync("second", Submitted("second", "two"), null, Cancel))!;
        var listed = (await store.ListSubmittedAsync(Cancel)).ToDictionary(job => job.Job);
        Assert.Equal(["First of All", "second"], listed.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((first, "one"), (listed["First of All"].ETag, listed["First of All"].Record.Program!.Submission));
        var program = listed["second"].Record.Program!;
        Assert.Equal(["a", "b c"], program.Arguments);
        Assert.Equal("5s", program.Settings["Checkpoints:Interval"]);

        // What is written afterwards is seen.
        string ended = (await store.WriteAsync("second", listed["second"].Record with { End = JobState.Canceled, EndedAt = DateTimeOffset.UnixEpoch }, second, Cancel))!;
        Assert.Equal(JobState.Canceled, (await store.ListSubmittedAsync(Cancel)).Single(job => job.Job == "second").Record.End);

        Assert.False(await store.DeleteAsync("second", second, Cancel));
        Assert.True(await store.DeleteAsync("second", ended, Cancel));
        Assert.False(await store.DeleteAsync("second", ended, Cancel));
        Assert.Equal((JobRecord.New, null), await store.ReadAsync("second", Cancel));
        Assert.Equal("First of All", Assert.Single(await store.ListSubmittedAsync(Cancel)).Job);

        // Whoever has seen the one before does not write over the one after it.
        string again = (await store.WriteAsync("second", Submitted("second", "three"), null, Cancel))!;
        Assert.DoesNotContain(again, new[] { second, ended });
        Assert.Null(await store.WriteAsync("second", JobRecord.New, ended, Cancel));
        Assert.Equal("three", (await store.ListSubmittedAsync(Cancel)).Single(job => job.Job == "second").Record.Program!.Submission);
    }

    private static JobRecord Submitted(string name, string submission) => JobRecord.New with
    {
        Name = name,
        SubmittedAt = DateTimeOffset.UnixEpoch,
        Program = new JobProgram("id", null, submission) { Arguments = ["a", "b c"], Settings = new Dictionary<string, string> { ["Checkpoints:Interval"] = "5s" } },
    };

    private async Task<IJobRecordStore> StoreAsync(string kind) => (await TestStores.PreparedAsync(await TestStores.OptionsAsync(kind, _folder, postgres, redis))).Records;
}
