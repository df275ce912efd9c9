namespace Millrace.Architecture.Tests;

/// <summary>The outcome of a rule.</summary>
internal static class Violations
{
    /// <summary>Fails with every violation on a line of its own, none cut short: each says what to do.</summary>
    internal static void MustBeNone(IEnumerable<string> violations)
    {
        List<string> all = [.. violations];
        if (all.Count > 0)
        {
            Assert.Fail(string.Join(Environment.NewLine, all));
        }
    }
}
