using System.Text.RegularExpressions;

namespace FlightDelays.Tests;

public sealed partial class TutorialTests
{
    [Fact]
    public void Every_excerpt_that_follows_the_name_of_a_file_stands_in_that_file()
    {
        string docs = Path.Combine(RepositoryRoot(), "docs");
        string? file = null;
        int excerpts = 0;
        foreach (Match match in LinkOrBlock().Matches(File.ReadAllText(Path.Combine(docs, "tutorial.md"))))
        {
            if (match.Groups["file"].Success)
            {
                file = Path.GetFullPath(Path.Combine(docs, match.Groups["file"].Value));
            }
            else if (match.Groups["heading"].Success)
            {
                file = null;
            }
            else if (file is not null)
            {
                Assert.Contains(WithoutIndentation(match.Groups["code"].Value), WithoutIndentation(File.ReadAllText(file)), StringComparison.Ordinal);
                excerpts++;
            }
        }

        Assert.True(excerpts >= 10, $"only {excerpts} excerpts were found");
    }

    [GeneratedRegex(@"\]\((?<file>\S+\.cs)\):|^(?<heading>##)|^```csharp\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex LinkOrBlock();

    private static string WithoutIndentation(string text) => string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim()));

    private static string RepositoryRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder!, "Millrace.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder!;
    }
}
