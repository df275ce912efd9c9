using CsCheck;
using Millrace.Checkpointing;
using Millrace.State;
using Millrace.State.Backends;
using Millrace.StateProcessing;

namespace Millrace.Tests.SavepointJobs;

/// <summary>What the check says before a start is held against what the start does.</summary>
public sealed class UpgradeCheckTests : IDisposable
{
    private readonly SavepointRig _rig = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-upgrades-").FullName;
    private readonly RocksDbStateBackend _rocksDb;
    private int _savepoints;

    public UpgradeCheckTests()
    {
        _rocksDb = new RocksDbStateBackend(new RocksDbOptions { Directory = _folder, MemoryBudget = 1 << 20 });
    }

    public void Dispose()
    {
        _rig.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    public static TheoryData<string, UpgradeStatus, string> Changes => new()
    {
        { "nothing", UpgradeStatus.Compatible, "" },
        { "operator added", UpgradeStatus.Compatible, "" },
        { "operator removed", UpgradeStatus.Compatible, "MR4105" },
        { "operator removed, may be dropped", UpgradeStatus.Compatible, "" },
        { "uid changed", UpgradeStatus.Dropped, "MR4105" },
        { "uid changed, may be dropped", UpgradeStatus.Dropped, "" },
        { "member added", UpgradeStatus.Migrates, "" },
        { "member removed", UpgradeStatus.Migrates, "" },
        { "members reordered", UpgradeStatus.Migrates, "" },
        { "number widened", UpgradeStatus.Migrates, "" },
        { "member of another type", UpgradeStatus.Incompatible, "MR4101" },
        { "no record any more", UpgradeStatus.Incompatible, "MR4101" },
        { "state renamed", UpgradeStatus.Compatible, "" },
        { "state added", UpgradeStatus.Compatible, "" },
        { "state of another kind", UpgradeStatus.Incompatible, "MR4102" },
        { "time to live added", UpgradeStatus.Migrates, "" },
        { "key of another type", UpgradeStatus.Incompatible, "MR4102" },
        { "parallelism", UpgradeStatus.Compatible, "" },
        { "max parallelism", UpgradeStatus.Incompatible, "MR4103" },
        { "sliding windows", UpgradeStatus.Compatible, "" },
        { "session windows", UpgradeStatus.Compatible, "" },
        { "no keys any more", UpgradeStatus.Dropped, "" },
        { "enumerator widened", UpgradeStatus.Compatible, "" },
        { "another source", UpgradeStatus.Compatible, "MR4101" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void The_check_says_what_the_start_does(string change, UpgradeStatus keyed, string code)
    {
        var before = new UpgradeJob();
        var report = Agree(before, Change(before, change));

        Assert.Equal(keyed, report[UpgradeJob.Keyed].Status);
        Assert.Equal(code.Length == 0, report.IsRestorable);
        Assert.All(report.Problems, problem => Assert.StartsWith(code, problem, StringComparison.Ordinal));
        Assert.Equal(code.Length == 0 ? 0 : 1, report.ExitCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_does_so_whatever_is_changed(bool isNative)
    {
        var jobs = Gen.Select(
            OneOf("first", "first", "added", "removed", "reordered", "widened", "text", "int"),
            OneOf("value", "value", "list", "map", "elements", "union"),
            OneOf("keyed", "keyed", "keyed", "plain", "none"),
            OneOf("tumbling", "tumbling", "sliding", "session", "none"),
            OneOf("int", "int", "long", "text"),
            Gen.Int[0, 4095],
            Gen.Int[1, 4],
            (type, kind, function, window, remembered, bits, parallelism) => new UpgradeJob
            {
                Type = type,
                Kind = kind,
                Function = function,
                Window = window,
                Remembered = remembered,
                Parallelism = parallelism,
                StateName = (bits & 3) == 0 ? "other" : "state",
                KeyedUid = (bits & 12) == 0 ? "other" : UpgradeJob.Keyed,
                Key = (bits & 112) == 0 ? "text" : "int",
                MaxParallelism = (bits & 896) == 0 ? 64 : 128,
                HasTtl = (bits & 1024) == 0 && kind is "value" or "list" or "map",
                HasReduce = (bits & 7) != 0,
                HasMore = (bits & 16) != 0,
                HasMap = (bits & 32) != 0,
                MayDrop = (bits & 2048) == 0,
            });
        Gen.Select(jobs, jobs).Sample((before, after) => _ = isNative ? Agree(before, after, _rocksDb, _rocksDb, SavepointFormat.Native) : Agree(before, after), iter: isNative ? 20 : 60, threads: 1);
    }

    [Fact]
    public void State_in_the_own_format_of_another_backend_is_refused()
    {
        var report = Agree(new UpgradeJob(), new UpgradeJob(), _rocksDb, null, SavepointFormat.Native);

        Assert.Equal("MR4108", report[UpgradeJob.Keyed].Code);
    }

    private UpgradeReport Agree(UpgradeJob before, UpgradeJob after, StateBackend? backendBefore = null, StateBackend? backendAfter = null, SavepointFormat format = SavepointFormat.Canonical)
    {
        string folder = $"savepoint-{++_savepoints}";
        int seen = 0;
        _rig.Start(before.Build(() => seen++), backend: backendBefore).Until(() => seen > 60).Stop(folder, format);
        var from = new RestoreOptions(folder) { AllowNonRestoredState = after.MayDrop };

        var report = _rig.Check(after.Build(() => { }), from, backend: backendAfter);

        seen = 0;
        var job = _rig.Start(after.Build(() => seen++), from, backend: backendAfter);
        string text = $"{before}\n{after}\n{report}";
        if (job.Reaches(() => seen > 60))
        {
            Assert.True(report.IsRestorable, text);
            job.Stop(folder + "-after");
            AssertStatesAreWhatWasSaid(report, folder + "-after", text);
        }
        else
        {
            var error = Assert.Throws<JobFailedException>(job.End);
            Assert.False(report.IsRestorable, text);
            Assert.Contains(report.Problems, problem => error.Message.Contains(problem[..6], StringComparison.Ordinal));
        }

        return report;
    }

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);

    /// <summary>What is kept is in the next savepoint, and what is dropped is not.</summary>
    private void AssertStatesAreWhatWasSaid(UpgradeReport report, string folder, string text)
    {
        using var savepoint = SavepointReader.Open(_rig.Storage, folder);
        foreach (var op in report.Operators)
        {
            List<string> states = savepoint.Operators.Any(saved => saved.Uid == op.Uid)
                ? [.. savepoint.GetStatesAsync(op.Uid).GetAwaiter().GetResult().Select(state => state.Name)]
                : [];
            Assert.All(op.States.Where(state => state.Status == UpgradeStatus.Kept), state => Assert.True(states.Contains(state.Name), $"{op.Uid} has lost {state.Name}: {text}"));
            Assert.All(op.States.Where(state => state.Status == UpgradeStatus.Dropped), state => Assert.False(states.Contains(state.Name), $"{op.Uid} has {state.Name}: {text}"));
        }
    }

    private static UpgradeJob Change(UpgradeJob job, string change) => change switch
    {
        "operator added" => job with { HasMap = true },
        "operator removed" => job with { HasReduce = false },
        "operator removed, may be dropped" => job with { HasReduce = false, MayDrop = true },
        "uid changed" => job with { KeyedUid = "other" },
        "uid changed, may be dropped" => job with { KeyedUid = "other", MayDrop = true },
        "member added" => job with { Type = "added" },
        "member removed" => job with { Type = "removed" },
        "members reordered" => job with { Type = "reordered" },
        "number widened" => job with { Type = "widened" },
        "member of another type" => job with { Type = "text" },
        "no record any more" => job with { Type = "int" },
        "state renamed" => job with { StateName = "other" },
        "state added" => job with { HasMore = true },
        "state of another kind" => job with { Kind = "list" },
        "time to live added" => job with { HasTtl = true },
        "key of another type" => job with { Key = "text" },
        "parallelism" => job with { Parallelism = 3 },
        "max parallelism" => job with { MaxParallelism = 64 },
        "sliding windows" => job with { Window = "sliding" },
        "session windows" => job with { Window = "session" },
        "no keys any more" => job with { Function = "plain" },
        "enumerator widened" => job with { Remembered = "long" },
        "another source" => job with { Remembered = "text" },
        _ => job,
    };
}
