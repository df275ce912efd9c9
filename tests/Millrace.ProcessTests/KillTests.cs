using System.Security.Cryptography;
using System.Text.Json;
using Millrace.Connectors.Tests;

namespace Millrace.ProcessTests;

/// <summary>A job with real sinks in a process of its own, which is killed again and again, and started again, also at another parallelism.</summary>
public sealed class KillTests(Server server) : IDisposable
{
    private const int Timeout = 300_000;
    private const long Events = 60_000;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private static readonly Lazy<Oracle> Expected = new(() => new Oracle(Events));
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-process-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory(Timeout = Timeout)]
    [InlineData(1)]
    public async Task Files_hold_every_result_once(int seed)
    {
        TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        await KillAgainAndAgainAsync(seed, kills: 12, postgres: "");
        MustHoldFiles();
    }

    [Theory(Timeout = Timeout)]
    [InlineData(2)]
    public async Task Files_and_tables_hold_every_result_once(int seed)
    {
        TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        string name = await KillAgainAndAgainAsync(seed, kills: 26, server.ConnectionString);
        MustHoldFiles();
        Assert.Equal(Expected.Value.Windows, await RowsAsync<WindowSum>($"{name}_windows", "start"));
        Assert.Equal(Expected.Value.Totals, await RowsAsync<RunningTotal>($"{name}_totals", "time"));
        Assert.Equal(Expected.Value.Latest, await RowsAsync<RunningTotal>($"{name}_latest", "time"));
        Assert.Equal(0, await server.QueryAsync<long>($"select count(*) from pg_prepared_xacts where gid like 'millrace:{name}:%'"));
        Assert.Equal(0, await server.QueryAsync<long>($"select count(*) from millrace_ledger where name like 'millrace:{name}:%'"));
    }

    /// <returns>The job's name.</returns>
    private async Task<string> KillAgainAndAgainAsync(int seed, int kills, string postgres)
    {
        var random = new Random(seed);
        string name = $"kill{seed}_{Environment.ProcessId}";
        int killed = 0;
        int restored = 0;
        bool hasCheckpoint = false;
        List<string> how = [];
        while (killed < kills)
        {
            // Half of the times it dies at one certain step, half of them some work after something it has said.
            var point = random.Next(2) == 0 ? DeathPoint.Never : (DeathPoint)random.Next(1, (int)DeathPoint.Ended);
            string moment = random.Next(4) switch { 0 => "Starts", 1 when hasCheckpoint => "goes on", _ => "is complete" };
            int work = random.Next(80);

            // With nothing to restore it would wait for ever.
            point = point == DeathPoint.Restored && !hasCheckpoint ? DeathPoint.Completed : point;
            int parallelism = random.Next(1, 4);
            int occurrence = point switch
            {
                DeathPoint.Restored => 1,

                // Two sinks of files at least.
                DeathPoint.WriterOpened => random.Next(1, (2 * parallelism) + 1),
                _ => random.Next(1, 6),
            };
            var options = new ProcessJobOptions(name, _folder, parallelism, Events, Rate: 1_000, random.Next(3) == 0, point, occurrence, postgres);
            using var process = new JobProcess(options);
            if (point == DeathPoint.Never)
            {
                await process.ReadUntilAsync(moment);
                Work(work);
                process.Kill();
            }

            if (!await process.EndAsync())
            {
                Assert.Fail($"It had finished after {killed} kills: {string.Join(", ", how)}");
            }

            killed++;
            hasCheckpoint |= process.Lines.Any(line => line.Contains("is complete", StringComparison.Ordinal));
            restored += process.GoesOn ? 1 : 0;
            how.Add(point == DeathPoint.Never ? $"{moment} + {work}" : $"{point} {options.Occurrence}");
        }

        Assert.True(restored > kills / 2, $"It went on from a checkpoint only {restored} times in {kills}: {string.Join(", ", how)}");

        // Once more between the end of the job and its own: whoever starts it again then must not have it write everything twice.
        using var ending = new JobProcess(new ProcessJobOptions(name, _folder, 2, Events, 1e9, false, DeathPoint.Ended, 1, postgres));
        Assert.True(await ending.EndAsync(), "It was to die behind the end of its job.");
        using var last = new JobProcess(new ProcessJobOptions(name, _folder, 2, Events, 1e9, false, DeathPoint.Never, 1, postgres));
        Assert.False(await last.EndAsync());
        Assert.Contains(last.Lines, line => line.Contains("finished on", StringComparison.Ordinal) && line.Contains("not run again", StringComparison.Ordinal));
        Assert.False(last.GoesOn);
        TestContext.Current.TestOutputHelper?.WriteLine($"{killed} kills, {restored} restores: {string.Join(", ", how)}");
        return name;
    }

    private void MustHoldFiles()
    {
        Assert.Equal(Expected.Value.Windows, Read<WindowSum>("windows").OrderBy(row => row.Key).ThenBy(row => row.Start));
        Assert.Equal(Expected.Value.Totals, Read<RunningTotal>("totals").OrderBy(row => row.Key).ThenBy(row => row.Time));
    }

    private IEnumerable<T> Read<T>(string name)
    {
        string[] files = Directory.GetFiles(Path.Combine(_folder, name));
        Assert.All(files, file => Assert.Matches(@"^part-\d+-\d+\.jsonl$", Path.GetFileName(file)));
        return files.SelectMany(File.ReadLines).Select(line => JsonSerializer.Deserialize<T>(line, Json)!);
    }

    private async Task<List<T>> RowsAsync<T>(string table, string then) =>
        [.. (await server.ListAsync<string>($"select row_to_json(t)::text from {table} t order by key, {then}")).Select(row => JsonSerializer.Deserialize<T>(row, Json)!)];

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
