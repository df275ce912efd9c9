using System.Diagnostics;
using System.Text.Json;
using Millrace.Nexmark.Running;

namespace Millrace.Nexmark.Tests;

public sealed class QueryProcessTests
{
    [Fact]
    public async Task The_program_with_several_queries_gives_the_figures_of_each()
    {
        string json = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
        try
        {
            var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (string argument in (string[])[Path.Combine(AppContext.BaseDirectory, "Millrace.Nexmark.dll"), "--query", "q0,q2", "--events", "5000", "--warmup", "0", "--json", json])
            {
                start.ArgumentList.Add(argument);
            }

            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string table = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, await errors);

            // A head and a line for each.
            Assert.Equal(["query", "q0", "q2"], table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]));
            var figures = JsonSerializer.Deserialize<List<Figures>>(await File.ReadAllTextAsync(json, TestContext.Current.CancellationToken), QueryProcess.Json)!;
            Assert.Equal([("q0", 5000L), ("q2", 5000L)], figures.Select(one => (one.Query, one.Events)));
        }
        finally
        {
            File.Delete(json);
        }
    }

    [Fact]
    public void ArgumentsFor_AnyWayToWriteThem_ReplacesQueryAndFile()
    {
        string[] expected = ["--rounds", "3", "--hand-written", "--query", "q5", "--json", "one.json"];
        Assert.Equal(expected, QueryProcess.ArgumentsFor(["--query", "all", "--rounds", "3", "--json", "all.json", "--hand-written"], "q5", "one.json"));
        Assert.Equal(expected, QueryProcess.ArgumentsFor(["--query=q5,q6", "--rounds", "3", "--hand-written", "--json:all.json"], "q5", "one.json"));
        Assert.Equal(expected, QueryProcess.ArgumentsFor(["--rounds", "3", "--hand-written"], "q5", "one.json"));
    }
}
