using System.Text.Json;
using Millrace.Checkpointing;
using Millrace.Connectors;
using Millrace.State.Backends;
using Millrace.StateProcessing;

namespace Millrace.Tests.SavepointJobs;

/// <summary>Savepoints of every version that there was are read, and jobs start from them; see tests/Compatibility/savepoints.</summary>
public sealed class SavepointCompatibilityTests : IDisposable
{
    private const int Digits = 10;
    private const int WindowSize = 1000;
    private readonly SavepointRig _rig = new();
    private readonly List<LedgerJob.Line> _lines = [];
    private readonly List<long> _sums = [];

    /// <summary>The folders of savepoints, as version/format.</summary>
    public static TheoryData<string> Savepoints() =>
        [.. Directory.GetDirectories(Folder()).SelectMany(Directory.GetDirectories).Select(path => Path.GetRelativePath(Folder(), path).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    public void Dispose() => _rig.Dispose();

    [Theory]
    [MemberData(nameof(Savepoints))]
    public async Task All_state_is_read(string folder)
    {
        long numbers = NumbersOf(folder);
        using var savepoint = SavepointReader.Open(new DirectoryCheckpointStorage(Folder()), folder, BackendOf(folder));
        var cancellation = TestContext.Current.CancellationToken;
        var byDigit = Range(0, numbers).ToLookup(number => (int)(number % Digits));

        var totals = await savepoint.ReadKeyed<int, LedgerJob.Total>(LedgerJob.Uid, "total").OrderBy(entry => entry.Key).ToListAsync(cancellation);
        Assert.Equal(byDigit.OrderBy(digit => digit.Key).Select(digit => (digit.Key, new LedgerJob.Total(digit.Count(), digit.Sum()))), totals);
        var lists = await savepoint.ReadKeyedList<int, long>(LedgerJob.Uid, "numbers").ToListAsync(cancellation);
        Assert.Equal(Digits, lists.Count);
        Assert.All(lists, entry => Assert.Equal(byDigit[entry.Key], entry.Values));
        var maps = await savepoint.ReadKeyedMap<int, string, int>(LedgerJob.Uid, "parity").ToListAsync(cancellation);
        Assert.All(maps, entry => Assert.Equal([new(entry.Key % 2 == 0 ? "even" : "odd", byDigit[entry.Key].Count())], entry.Entries));
        await AssertTimers(savepoint, TimeDomain.EventTime, 1_000_000);
        await AssertTimers(savepoint, TimeDomain.ProcessingTime, 4_000_000_000_000);
        Assert.Equal(["subtask 0", "subtask 1"], savepoint.ReadList<string>(LedgerJob.Uid, "opened"));
        Assert.Equal(["0: subtask 0", "0: subtask 1"], savepoint.ReadList<string>(LedgerJob.Uid, "all"));
        Assert.Equal([new RangeSplit(0, numbers, 10_000)], savepoint.ReadSplits<RangeSplit>(LedgerJob.SourceUid));
        Assert.Empty(savepoint.ReadEnumerator<RangeEnumeratorState>(LedgerJob.SourceUid).Unassigned);
        Assert.NotEmpty(savepoint.ReadCommittables<PendingFile>(CompatibilityJob.Files));
        long open = numbers / WindowSize * WindowSize;
        var slices = await savepoint.ReadWindows<int, long>(CompatibilityJob.Windows).OrderBy(slice => slice.Key).ToListAsync(cancellation);
        Assert.Equal(
            Range(open, numbers - open).GroupBy(number => (int)(number % Digits)).OrderBy(digit => digit.Key).Select(digit => new SavepointSlice<int, long>(digit.Key, open + WindowSize, digit.Sum())),
            slices.Where(slice => slice.SliceEnd == open + WindowSize));
    }

    [Theory]
    [MemberData(nameof(Savepoints))]
    public void A_job_goes_on_from_it_at_another_parallelism(string folder)
    {
        long numbers = NumbersOf(folder);
        Copy(Path.Combine(Folder(), folder), Path.Combine(_rig.Root, "savepoint"));

        _rig.Start(
            CompatibilityJob.Build(_lines, _sums, null), new RestoreOptions("savepoint") { AllowNonRestoredState = true }, parallelism: 3, BackendOf(folder)).End();

        Assert.Equal(10_000 - numbers, _lines.Count);
        Assert.All(_lines.GroupBy(line => line.Digit), digit => Assert.Equal(Range(0, 10_000).Where(number => number % Digits == digit.Key).Sum(), digit.Max(line => line.Sum)));

        // Windows that were open have what was in them before.
        Assert.Equal(Range(numbers / WindowSize * WindowSize, 10_000 - (numbers / WindowSize * WindowSize)).Sum(), _sums.Sum());
    }

    /// <summary>Writes the savepoints of this version. Never run by itself: see tests/Compatibility/savepoints/README.md.</summary>
    [Theory(Explicit = true)]
    [InlineData("canonical")]
    [InlineData("native-heap")]
    public void Write_the_savepoints_of_this_version(string format)
    {
        string version = Environment.GetEnvironmentVariable("MILLRACE_COMPATIBILITY_VERSION") ?? throw new InvalidOperationException("Set MILLRACE_COMPATIBILITY_VERSION, for example to v2.");
        bool isNative = format != "canonical";
        string target = Path.Combine(Folder(), version, format);
        Assert.False(Directory.Exists(target), "What is there is never changed.");

        _rig.Start(CompatibilityJob.Build(_lines, _sums, Path.Combine(_rig.Root, "files")), backend: isNative ? new NativeHeapBackend() : null)
            .Until(() => _lines.Count > 1500)
            .Stop("savepoint", isNative ? SavepointFormat.Native : SavepointFormat.Canonical);

        Copy(Path.Combine(_rig.Root, "savepoint"), target);
        File.WriteAllText(Path.Combine(target, "expected.json"), JsonSerializer.Serialize(new Expected(_lines.Count)) + "\n");
    }

    private static async Task AssertTimers(SavepointReader savepoint, TimeDomain domain, long from) => Assert.Equal(
        Enumerable.Range(0, Digits).Select(digit => new SavepointTimer<int>(digit, from + digit)),
        await savepoint.ReadTimers<int>(LedgerJob.Uid, domain).OrderBy(timer => timer.Key).ToListAsync(TestContext.Current.CancellationToken));

    private static IEnumerable<long> Range(long start, long count) => Enumerable.Range((int)start, (int)count).Select(number => (long)number);

    private static NativeHeapBackend? BackendOf(string folder) => folder.EndsWith("/native-heap", StringComparison.Ordinal) ? new NativeHeapBackend() : null;

    private static long NumbersOf(string folder) => JsonSerializer.Deserialize<Expected>(File.ReadAllText(Path.Combine(Folder(), folder, "expected.json")))!.Numbers;

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private static string Folder()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Millrace.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return Path.Combine(folder ?? throw new InvalidOperationException("The tests are not below the repository."), "tests", "Compatibility", "savepoints");
    }

    private sealed record Expected(long Numbers);
}
