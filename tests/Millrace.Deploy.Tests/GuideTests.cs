using System.Text.RegularExpressions;

namespace Millrace.Deploy.Tests;

/// <summary>Lists that stand in two places are the same.</summary>
public sealed partial class GuideTests
{
    private const string ClusterGuide = "docs/guides/cluster.md";

    [Fact]
    public void The_keys_of_the_cluster_are_those_of_its_guide()
    {
        string defaults = Repository.Read(ClusterGuide).Split("\n## Defaults")[1].Split("\n## ")[0];
        Assert.Equal(Row().Matches(defaults).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal), KnownKeys.Cluster.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("docs/guides/deployment.md")]
    [InlineData("docs/security.md")]
    public void Every_file_that_a_page_links_to_exists(string page)
    {
        string folder = Path.GetDirectoryName(Repository.PathOf(page))!;
        var missing = Link().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value)
            .Where(link => !link.Contains("://", StringComparison.Ordinal) && !Path.Exists(Path.Combine(folder, link)));
        Assert.Empty(missing);
    }

    [GeneratedRegex(@"^\| `([\w:]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\]\(([^)#]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();
}
