using System.Text.RegularExpressions;

namespace Millrace.Architecture.Tests;

/// <summary>What a reader copies out of a page compiles: it stands word for word in a file of Snippets, which is compiled against the public API alone.</summary>
public sealed partial class DocumentationRules
{
    public static TheoryData<string, string> Pages => new()
    {
        { "docs/concepts/async-functions.md", "AsyncFunctions.cs" },
        { "docs/concepts/errors-as-data.md", "ErrorsAsData.cs" },
        { "docs/concepts/broadcast-state.md", "BroadcastStates.cs" },
        { "docs/concepts/connected-streams.md", "ConnectedStreams.cs" },
        { "docs/concepts/interval-join.md", "IntervalJoins.cs" },
        { "docs/concepts/delivery-guarantees.md", "DeliveryGuarantees.cs" },
        { "docs/concepts/state-backends.md", "StateBackends.cs" },
        { "docs/concepts/state-ttl.md", "StateTtls.cs" },
        { "docs/concepts/windows.md", "Windows.cs" },
        { "docs/guides/checkpoints.md", "Checkpoints.cs" },
        { "docs/guides/cluster.md", "Clusters.cs" },
        { "docs/guides/consistent-output.md", "ConsistentOutput.cs" },
        { "docs/guides/deployment.md", "Deployment.cs" },
        { "docs/guides/evolving-state.md", "EvolvingState.cs" },
        { "docs/guides/high-availability.md", "HighAvailability.cs" },
        { "docs/guides/hosting.md", "Hosting.cs" },
        { "docs/guides/scaling.md", "Scaling.cs" },
        { "docs/guides/session-cluster.md", "SessionClusters.cs" },
        { "docs/guides/state-processor.md", "StateProcessor.cs" },
        { "docs/guides/upgrading.md", "Upgrading.cs" },
        { "docs/guides/your-own-metrics.md", "YourOwnMetrics.cs" },
        { "docs/guides/write-a-connector.md", "WriteAConnector.cs" },
    };

    /// <summary>Pages with code that are about no one feature, or are lists.</summary>
    public static TheoryData<string, string> OtherPages => new()
    {
        { "README.md", "Readme.cs" },
        { "docs/concepts/state.md", "States.cs" },
        { "docs/concepts/streams-and-batches.md", "StreamsAndBatches.cs" },
        { "docs/concepts/time-and-watermarks.md", "TimeAndWatermarks.cs" },
        { "docs/reference/files.md", "Files.cs" },
        { "docs/reference/live-sources.md", "LiveSources.cs" },
        { "docs/reference/parquet.md", "ParquetFiles.cs" },
        { "docs/reference/postgres.md", "Postgres.cs" },
    };

    // Pages whose code is that of a sample, word for word.
    private static readonly string[] PagesOfSamples = ["docs/guides/three-machines.md", "docs/samples/player-scores.md", "docs/samples/taxi-rides.md", "docs/tutorial.md"];

    // Style of every page about a feature; others may stand between them.
    private static readonly string[] Headings = ["What it is", "Use it", "Defaults", "Guarantees", "Metrics", "Pitfalls"];

    [Theory]
    [MemberData(nameof(Pages))]
    [MemberData(nameof(OtherPages))]
    public void Every_block_of_code_is_compiled(string page, string snippets)
    {
        string compiled = WithoutIndentation(Repository.Read($"tests/Millrace.Architecture.Tests/Snippets/{snippets}"));
        List<string> blocks = [.. Block().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(blocks);
        Violations.MustBeNone(blocks.Where(block => !compiled.Contains(WithoutIndentation(block), StringComparison.Ordinal))
            .Select(block => $"{page} has code that does not stand in Snippets/{snippets}:\n{block}"));
    }

    [Fact]
    public void No_page_has_code_that_nobody_compiles()
    {
        HashSet<string> known = [.. Pages.Concat(OtherPages).Select(row => row.Data.Item1), .. PagesOfSamples];
        Violations.MustBeNone(Repository.Files
            .Where(file => file.EndsWith(".md", StringComparison.Ordinal) && !known.Contains(file) && Block().IsMatch(Repository.Read(file)))
            .Select(file => $"{file} has code: add the page to {nameof(Pages)} or {nameof(OtherPages)}, and the code to a file in Snippets"));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_page_about_a_feature_has_the_same_headings_in_the_same_order(string page, string snippets)
    {
        Assert.EndsWith(".cs", snippets, StringComparison.Ordinal);
        Assert.Equal(Headings, Heading().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value).Where(Headings.Contains));
    }

    [Theory]
    [InlineData("docs/guides/three-machines.md", 1)]
    [InlineData("docs/samples/taxi-rides.md", 3)]
    [InlineData("docs/samples/player-scores.md", 3)]
    public void An_excerpt_on_the_page_of_a_sample_stands_in_the_file_that_is_named_above_it(string page, int least)
    {
        string file = "";
        int excerpts = 0;
        foreach (Match match in LinkOrBlock().Matches(Repository.Read(page)))
        {
            if (match.Groups["file"].Success)
            {
                file = match.Groups["file"].Value;
            }
            else
            {
                excerpts++;
                Assert.Contains(WithoutIndentation(match.Groups["code"].Value), WithoutIndentation(Repository.Read(file)), StringComparison.Ordinal);
            }
        }

        Assert.True(excerpts >= least, $"only {excerpts} excerpts were found");
    }

    private static string WithoutIndentation(string text) => string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim()));

    [GeneratedRegex(@"^```csharp\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\]\(\.\./\.\./(?<file>\S+\.cs)\)|^```csharp\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex LinkOrBlock();

    [GeneratedRegex("^## (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
