using System.Text.RegularExpressions;

namespace Millrace.Architecture.Tests;

/// <summary>An error code is a promise: whoever meets one finds it explained in docs/errors.</summary>
public sealed partial class ErrorCodeRules
{
    private const string Page = "docs/errors/README.md";
    private static readonly string[] Parts = ["**Meaning.**", "**Typical cause.**", "**What to do.**"];

    [Fact]
    public void Every_code_in_src_is_explained()
        => Violations.MustBeNone(UsedCodes().Where(used => !Sections().ContainsKey(used.Key))
            .Select(used => $"{used.Key} ({used.Value}) has no section in {Page}: add '## {used.Key}: ...'"));

    [Fact]
    public void Every_explained_code_exists_in_src()
        => Violations.MustBeNone(Sections().Keys.Except(UsedCodes().Keys).Select(code => $"{Page} explains {code}, which src does not use"));

    [Fact]
    public void An_explanation_says_what_it_means_why_it_happens_and_what_to_do()
        => Violations.MustBeNone(Sections().SelectMany(section => Parts.Where(part => !section.Value.Contains(part, StringComparison.Ordinal))
            .Select(part => $"{section.Key} in {Page} lacks the paragraph '{part}'")));

    [Fact]
    public void Codes_are_explained_in_order_and_once()
    {
        List<string> codes = [.. Heading().Matches(Repository.Read(Page)).Select(match => match.Groups[1].Value)];
        Assert.Equal(codes.Distinct().Order(StringComparer.Ordinal), codes);
    }

    private static Dictionary<string, string> UsedCodes()
    {
        Dictionary<string, string> used = [];
        foreach (string file in Repository.CSharp("src/"))
        {
            foreach (string code in CodeLiteral().Matches(Repository.Read(file)).Select(match => match.Groups[1].Value))
            {
                used.TryAdd(code, file);
            }
        }

        return used;
    }

    private static Dictionary<string, string> Sections()
    {
        string text = Repository.Read(Page);
        MatchCollection headings = Heading().Matches(text);
        Dictionary<string, string> sections = [];
        for (int i = 0; i < headings.Count; i++)
        {
            int end = i + 1 < headings.Count ? headings[i + 1].Index : text.Length;
            sections.TryAdd(headings[i].Groups[1].Value, text[headings[i].Index..end]);
        }

        return sections;
    }

    // A code is used where it stands at the beginning of a string; mentions in comments are examples.
    [GeneratedRegex(@"""(MR\d{4})\b")]
    private static partial Regex CodeLiteral();

    [GeneratedRegex(@"^## (MR\d{4}): \S", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
