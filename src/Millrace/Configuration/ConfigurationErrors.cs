namespace Millrace.Configuration;

/// <summary>The errors of reading a configuration.</summary>
internal static class ConfigurationErrors
{
    private const string Wrong = "MR1010";

    public static GraphException UnknownKey(string path, string sectionPath, string key, IReadOnlyList<string> known, string note) => new(
        Wrong,
        $"Configuration: {path} is not known. {(Nearest(key, known) is { } nearest ? $"Is {Join(sectionPath, nearest)} meant? " : "")}{note}{(note.Length > 0 ? " " : "")}"
        + $"{(sectionPath.Length > 0 ? sectionPath : "The section")} may have: {string.Join(", ", known)}.");

    public static GraphException WrongValue(string path, string? value, string expected) => new(
        Wrong, value is null ? $"Configuration: {path} has no value of its own; expected is {expected}." : $"Configuration: {path} is '{value}'; expected is {expected}.");

    public static GraphException Missing(string path, string expected) => new(Wrong, $"Configuration: {path} is missing; expected is {expected}.");

    public static GraphException Failed(string path, string? value, Exception cause) => new(
        Wrong, $"Configuration: {path} is '{value}', and that does not work: {cause.Message}", cause);

    public static GraphException UnknownName(string path, string value, IReadOnlyList<string> known, string howToAdd) => new(
        Wrong, $"Configuration: {path} is '{value}'; known {(known.Count == 1 ? "is" : "are")} {string.Join(", ", known)}. {howToAdd}");

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}:{key}";

    /// <summary>The known key that takes the fewest changes, unless half of the letters are others.</summary>
    private static string? Nearest(string key, IReadOnlyList<string> known)
    {
        var (name, distance) = known.Select(name => (name, Distance: Distance(key.ToUpperInvariant(), name.ToUpperInvariant()))).MinBy(candidate => candidate.Distance);
        return distance <= Math.Max(key.Length, name.Length) / 2 ? name : null;
    }

    /// <summary>How many letters have to be put in, taken out or exchanged (Levenshtein).</summary>
    private static int Distance(string one, string other)
    {
        int[] row = [.. Enumerable.Range(0, other.Length + 1)];
        for (int i = 1; i <= one.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= other.Length; j++)
            {
                int exchanged = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(exchanged, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }
}
