using System.Security.Cryptography;

namespace FlightDelays.Tests;

/// <summary>The program is stopped and killed, and started again with the same arguments.</summary>
public sealed class RecoveryTests : IDisposable
{
    private const int Timeout = 120_000;
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// Killed eight times: at the moment at which a checkpoint becomes complete, or some work later, and each time started again, also at another parallelism. The moments differ from run to run, the choices follow from the seed.
    /// </summary>
    [Theory(Timeout = Timeout)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Killed_again_and_again_it_writes_each_result_once(int seed)
    {
        TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        var random = new Random(seed);
        var expected = new Oracle(Row.Sample, TimeSpan.FromHours(3)).Folders;
        int kills = 0;
        while (kills < 8)
        {
            using var sample = Start(random.Next(1, 4), rate: 10_000);
            string? news = await sample.ReadUntilAsync(kills > 0 && random.Next(4) == 0 ? "Goes on" : "is complete");
            Work(random.Next(60));
            if (!await sample.KillAsync() || news is null)
            {
                break;
            }

            kills++;
            MustBeWithin(expected);
        }

        Assert.True(kills >= 4, $"It had finished after {kills} kills.");
        var ended = await EndAsync(Start(2, rate: 1_000_000));
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        Results.MustEqual(expected, Results.Read(_folder["out"]));
        if (!ended.Output.Contains("finished before", StringComparison.Ordinal))
        {
            Assert.Matches("Flights read +│ 20,000", ended.Output);
            Assert.Matches("165,515 +│ out/daily", ended.Output);
        }
    }

    [Fact(Timeout = Timeout)]
    public async Task Ctrl_C_keeps_the_checkpoints_and_says_how_to_go_on()
    {
        TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        using (var sample = Start(2, rate: 5_000))
        {
            Assert.NotNull(await sample.ReadUntilAsync("is complete"));
            await sample.InterruptAsync();
            var cancelled = await sample.EndAsync();
            Assert.Equal(130, cancelled.ExitCode);
            Assert.Matches(@"^flight-delays: Cancelled\. Results are incomplete; start it again with the same arguments, and it goes on from checkpoint \d+\.\n$", cancelled.Error);
        }

        var ended = await EndAsync(Start(1, rate: 1_000_000));
        Assert.Equal(0, ended.ExitCode);
        Assert.StartsWith("Goes on from checkpoint ", ended.Output, StringComparison.Ordinal);
        Results.MustEqual(new Oracle(Row.Sample, TimeSpan.FromHours(3)).Folders, Results.Read(_folder["out"]));
    }

    [Fact(Timeout = Timeout)]
    public async Task A_job_that_has_finished_is_run_again_and_overwrites_only_when_it_is_told_to()
    {
        TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        var expected = new Oracle(Row.Sample, TimeSpan.FromHours(3)).Folders;
        var first = await EndAsync(Start(2, rate: 1_000_000));
        Assert.Equal((0, ""), (first.ExitCode, first.Error));
        var written = FilesWritten();

        var second = await EndAsync(Start(1, rate: 1_000_000));
        Assert.Equal((0, ""), (second.ExitCode, second.Error));
        Assert.Matches(@"^The job finished before, on \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ; its results are in out\. To run it again, give --run-again, or another --checkpoint-dir\.\n$", second.Output);
        Assert.Equal(written, FilesWritten());

        var third = await EndAsync(Start(2, rate: 1_000_000, "--run-again"));
        Assert.Equal((0, ""), (third.ExitCode, third.Error));
        Assert.DoesNotContain("Goes on", third.Output, StringComparison.Ordinal);
        Assert.NotEqual(written, FilesWritten());
        Results.MustEqual(expected, Results.Read(_folder["out"]));
    }

    private static async Task<Ended> EndAsync(Sample started)
    {
        using var sample = started;
        return await sample.EndAsync();
    }

    private Sample Start(int parallelism, int rate, params string[] more) => Sample.Start(
        _folder.Path, ["--output", "out", "--checkpoint-dir", "checkpoints", "--checkpoint-interval", "100ms", "--rate", $"{rate}", "--parallelism", $"{parallelism}", .. more]);

    private (string Name, DateTime Written)[] FilesWritten() =>
        [.. Directory.EnumerateFiles(_folder["out"], "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => (file, File.GetLastWriteTimeUtc(file)))];

    /// <summary>What readers see of a killed run: complete files, of which no row is wrong or doubled.</summary>
    private void MustBeWithin(Dictionary<string, string[]> expected)
    {
        foreach (string name in Results.Folders.Where(name => Directory.Exists(Path.Combine(_folder["out"], name))))
        {
            var left = expected[name].CountBy(row => row).ToDictionary();
            foreach (string row in Directory.EnumerateFiles(Path.Combine(_folder["out"], name), "part-*.jsonl").SelectMany(File.ReadLines))
            {
                Assert.True(left.TryGetValue(row, out int count) && count > 0, $"{name}: {row} is wrong or there once too often.");
                left[row] = count - 1;
            }
        }
    }

    // Some time later, measured in work: about a millisecond each.
    private static void Work(int amount)
    {
        byte[] data = new byte[1 << 20];
        for (int i = 0; i < amount; i++)
        {
            SHA256.HashData(data, data.AsSpan(0, SHA256.HashSizeInBytes));
        }
    }
}
