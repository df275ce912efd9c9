using System.Text.Json;
using Millrace.ClusterTests;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>What the job of <see cref="Trades"/> has written and committed.</summary>
/// <param name="folder">Where it writes.</param>
internal sealed class TradesResults(string folder)
{
    /// <summary>How many files are committed. It grows with every checkpoint that had something to commit.</summary>
    public int Committed => Files("paid").Count();

    /// <summary>Compares all of it with what the job must write.</summary>
    /// <param name="count">How many orders there are.</param>
    /// <param name="withTotals">Whether it writes totals.</param>
    public void MustBeComplete(int count, bool withTotals = false)
    {
        var (windows, paid, totals) = Trades.Expect(count);
        if (withTotals)
        {
            MustBe(totals, "totals");
        }

        MustBe(windows, "windows");
        MustBe(paid, "paid");
    }

    private void MustBe(IReadOnlyList<Line> expected, string name)
    {
        List<Line> written = [.. Files(name).SelectMany(File.ReadLines).Select(line => JsonSerializer.Deserialize<Line>(line, JsonSerializerOptions.Web)!).Order(Trades.Comparer)];
        int same = expected.Zip(written).TakeWhile(static pair => pair.First == pair.Second).Count();
        Assert.True(
            same == expected.Count && same == written.Count,
            $"Of '{name}' {expected.Count} lines are expected, and {written.Count} were written ({written.Distinct().Count()} different). The first that differs: {expected.ElementAtOrDefault(same)} expected, {written.ElementAtOrDefault(same)} written.");
    }

    // What is not committed yet has a name that begins with a dot.
    private IEnumerable<string> Files(string name) =>
        Directory.Exists(Path.Combine(folder, name)) ? Directory.EnumerateFiles(Path.Combine(folder, name), "part-*.jsonl") : [];
}
