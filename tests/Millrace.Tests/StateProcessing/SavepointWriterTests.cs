#pragma warning disable xUnit1051 // Nothing here is given up half way.
using Millrace.Checkpointing;
using Millrace.StateProcessing;
using Millrace.Tests.SavepointJobs;

namespace Millrace.Tests.StateProcessing;

public sealed class SavepointWriterTests : IDisposable
{
    private readonly SavepointRig _rig = new();
    private readonly List<LedgerJob.Line> _lines = [];

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task A_job_starts_from_what_was_written_from_nothing(int parallelism)
    {
        string path = await SavepointWriter.New(_rig.Storage)
            .WithOperator(LedgerJob.Uid, "the ledger")
            .WithKeyedState(LedgerJob.Uid, "total", Enumerable.Range(0, 10).Reverse().Select(digit => (digit, new LedgerJob.Total(1000, digit * 1_000_000))))
            .WithKeyedList<int, long>(LedgerJob.Uid, "numbers", [(1, [1L]), (2, [])])
            .WithKeyedMap<int, string, int>(LedgerJob.Uid, "parity", [(3, new Dictionary<string, int> { ["odd"] = 7 })])
            .WithTimers<int>(LedgerJob.Uid, TimeDomain.EventTime, [new(4, 44), new(4, 45), new(5, 44)])
            .WithList(LedgerJob.Uid, "opened", Enumerable.Range(0, 7).Select(number => $"before {number}"))
            .WithUnionList(LedgerJob.Uid, "all", ["a", "b"])
            .WriteAsync("written", TestContext.Current.CancellationToken);

        _rig.Start(LedgerJob.Build(_lines), new RestoreOptions(path), parallelism).Until(() => _lines.Count > 200).Stop("after");

        Assert.All(_lines.GroupBy(line => line.Digit), digit => Assert.Equal(1001, digit.Min(line => line.Count)));
        Assert.All(_lines.Where(line => line.Count == 1001), line => Assert.InRange(line.Sum, line.Digit * 1_000_000, (line.Digit * 1_000_000) + 9_999));
        using var after = SavepointReader.Open(_rig.Storage, "after");
        Assert.Equal(7 + parallelism, after.ReadList<string>(LedgerJob.Uid, "opened").Count);
        Assert.Equal(Enumerable.Range(0, parallelism).Select(subtask => $"2: subtask {subtask}"), after.ReadList<string>(LedgerJob.Uid, "all"));
        var timers = await after.ReadTimers<int>(LedgerJob.Uid, TimeDomain.EventTime).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal([new(4, 44), new(4, 45), new(5, 44)], timers.OrderBy(timer => timer.Key).ThenBy(timer => timer.Time));
        Assert.Equal(7, await after.ReadKeyedMap<int, string, int>(LedgerJob.Uid, "parity").Where(entry => entry.Key == 3).Select(entry => entry.Entries["odd"]).FirstAsync(TestContext.Current.CancellationToken) - _lines.Count(line => line.Digit == 3));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 3)]
    [InlineData(true, 3)]
    public async Task What_is_changed_is_changed_and_the_rest_is_as_it_was(bool isNative, int parallelism)
    {
        var backend = isNative ? new NativeHeapBackend() : null;
        _rig.Start(LedgerJob.Build(_lines), backend: backend).Until(() => _lines.Count > 200).Stop("before", isNative ? SavepointFormat.Native : SavepointFormat.Canonical);
        int count = _lines.Count;
        using (var before = SavepointReader.Open(_rig.Storage, "before", backend))
        {
            await SavepointWriter.FromExisting(before)
                .WithKeyedState(LedgerJob.Uid, "total", before.ReadKeyed<int, LedgerJob.Total>(LedgerJob.Uid, "total").Select(entry => (entry.Key, entry.Value with { Sum = entry.Value.Sum + 1_000_000 })))
                .RemoveState(LedgerJob.Uid, "parity")
                .WriteAsync("changed", TestContext.Current.CancellationToken);
        }

        await Savepoints.DisposeAsync(_rig.Storage, "before", TestContext.Current.CancellationToken);
        _rig.Start(LedgerJob.Build(_lines, 1000), new RestoreOptions("changed"), parallelism, backend).End();

        // Generators go on where their splits were: nothing is lost, nothing comes twice.
        Assert.All(_lines.Skip(count), line => Assert.InRange(line.Sum, 1_000_000, 9_000_000));
        Assert.Equal(_lines.Count, _lines.Select(line => (line.Digit, line.Count)).Distinct().Count());
    }

    [Fact]
    public async Task Operators_are_renamed_and_removed()
    {
        _rig.Start(LedgerJob.Build(_lines)).Until(() => _lines.Count > 100).Stop("before");
        using var before = SavepointReader.Open(_rig.Storage, "before");
        var writer = SavepointWriter.FromExisting(before);
        Assert.Equal("MR4303", Assert.Throws<MillraceException>(() => writer.ChangeUid(LedgerJob.Uid, LedgerJob.SourceUid)).Code);

        await writer.ChangeUid(LedgerJob.Uid, "other").RemoveOperator(LedgerJob.SourceUid).WriteAsync("after", TestContext.Current.CancellationToken);

        using var after = SavepointReader.Open(_rig.Storage, "after");
        Assert.DoesNotContain(after.Operators, op => op.Uid is LedgerJob.Uid or LedgerJob.SourceUid);
        Assert.Equal(
            await before.ReadKeyed<int, LedgerJob.Total>(LedgerJob.Uid, "total").ToListAsync(TestContext.Current.CancellationToken),
            await after.ReadKeyed<int, LedgerJob.Total>("other", "total").ToListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_key_that_comes_twice_is_refused_and_leaves_nothing_behind()
    {
        var writer = SavepointWriter.New(_rig.Storage).WithKeyedState<string, int>("op", "state", [("a", 1), ("b", 2), ("a", 3)]);

        var error = await Assert.ThrowsAsync<MillraceException>(() => writer.WriteAsync("twice"));

        Assert.Equal("MR4303", error.Code);
        Assert.Contains("'a'", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_rig.Root, "twice")));
    }

    [Fact]
    public async Task State_larger_than_what_is_kept_in_memory_is_sorted_in_a_file()
    {
        string content = new('x', 1000);
        await SavepointWriter.New(_rig.Storage)
            .WithKeyedState("op", "state", Enumerable.Range(0, 100_000).Select(key => (key, $"{key} {content}")))
            .WriteAsync("large", TestContext.Current.CancellationToken);

        using var savepoint = SavepointReader.Open(_rig.Storage, "large");
        var keys = new HashSet<int>();
        await foreach (var (key, value) in savepoint.ReadKeyed<int, string>("op", "state").WithCancellation(TestContext.Current.CancellationToken))
        {
            Assert.StartsWith($"{key} ", value, StringComparison.Ordinal);
            Assert.True(keys.Add(key));
        }

        Assert.Equal(100_000, keys.Count);
    }
}
