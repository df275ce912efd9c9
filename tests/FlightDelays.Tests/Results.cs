using Millrace;

namespace FlightDelays.Tests;

/// <summary>Runs the job in this process and reads what it has written.</summary>
internal static class Results
{
    public static readonly string[] Folders = ["hourly", "daily", "worst", "enriched", "unknown-airport", "alerts", "late"];

    public static async Task<Dictionary<string, string[]>> RunAsync(string input, string output, int parallelism, TimeSpan maxDisorder)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = parallelism });
        new FlightDelaysJob(new FlightDelaysOptions { Input = input, Output = output, MaxDisorder = maxDisorder }).Build(env);
        await env.ExecuteAsync("test", TestContext.Current.CancellationToken);
        return Read(output);
    }

    /// <summary>The lines of each folder, sorted; fails when a file is left over that is not complete.</summary>
    public static Dictionary<string, string[]> Read(string output)
    {
        Assert.Equal(Folders.Order(StringComparer.Ordinal), Directory.EnumerateDirectories(output).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal));
        return Folders.ToDictionary(name => name, name => LinesOf(Path.Combine(output, name)));
    }

    public static void MustEqual(Dictionary<string, string[]> expected, Dictionary<string, string[]> actual)
    {
        foreach (string name in Folders)
        {
            var missing = expected[name].Except(actual[name]).Take(3);
            var unexpected = actual[name].Except(expected[name]).Take(3);
            Assert.True(
                expected[name].SequenceEqual(actual[name]),
                $"{name}: expected {expected[name].Length} rows, found {actual[name].Length}. Missing: {string.Join(" ", missing)} Unexpected: {string.Join(" ", unexpected)}");
        }
    }

    private static string[] LinesOf(string folder)
    {
        Assert.All(Directory.EnumerateFiles(folder), file => Assert.Matches(@"^part-\d+-\d+\.jsonl$", Path.GetFileName(file)));
        return [.. Directory.EnumerateFiles(folder).SelectMany(File.ReadLines).Order(StringComparer.Ordinal)];
    }
}
