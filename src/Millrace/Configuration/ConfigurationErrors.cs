namespace Millrace.Configuration;

/// <summary>The errors of reading a configuration.</summary>
internal static class ConfigurationErrors
{
    /// <summary>Under which an error keeps the path of the key that it is about, for whoever knows more of it: where its value comes from.</summary>
    public const string PathData = "Millrace.ConfigurationPath";

    private const string Wrong = "MR1010";

    public static GraphException UnknownKey(string path, string sectionPath, string key, IReadOnlyList<string> known, string note) => At(
        path,
        $"Configuration: {path} is not known. {(Nearest(key, known) is { } nearest ? $"Is {Join(sectionPath, nearest)} meant? " : "")}{note}{(note.Length > 0 ? " " : "")}"
        + $"{(sectionPath.Length > 0 ? sectionPath : "The section")} may have: {(known.Count == 0 ? "nothing" : string.Join(", ", known))}.");

    public static GraphException WrongValue(string path, string? value, string expected) => At(
        path, value is null ? $"Configuration: {path} has no value of its own; expected is {expected}." : $"Configuration: {path} is '{value}'; expected is {expected}.");

    public static GraphException Missing(string path, string expected) => At(path, $"Configuration: {path} is missing; expected is {expected}.");

    public static GraphException Failed(string path, string? value, Exception cause) => At(
        path, $"Configuration: {path} is '{value}', and that does not work: {cause.Message}", cause);

    public static GraphException UnknownName(string path, string value, IReadOnlyList<string> known, string howToAdd) => At(
        path, $"Configuration: {path} is '{value}'; known {(known.Count == 1 ? "is" : "are")} {string.Join(", ", known)}. {howToAdd}");

    public static GraphException SharedJobId(string jobId, string one, string other) => new(
        Wrong,
        $"Configuration: the jobs '{one}' and '{other}' both keep their checkpoints as '{jobId}', and each would take the other's state. Set Checkpoints:JobId for one job alone, in Millrace:Jobs:{other}, or leave it out: it follows from the name.");

    private static GraphException At(string path, string message, Exception? cause = null)
    {
        var error = new GraphException(Wrong, message, cause);
        error.Data[PathData] = path;
        return error;
    }

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}:{key}";

    /// <summary>The known key that takes the fewest changes, unless half of the letters are others.</summary>
    private static string? Nearest(string key, IReadOnlyList<string> known)
    {
        if (known.Count == 0)
        {
            return null;
        }

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
