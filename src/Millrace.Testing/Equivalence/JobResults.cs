using System.Text;

namespace Millrace.Testing;

/// <summary>What a job has given: by the name of the capture, all results as text, in order of the text. Immutable.</summary>
public sealed class JobResults
{
    private readonly SortedDictionary<string, IReadOnlyList<string>> _captures = new(StringComparer.Ordinal);

    /// <summary>Takes results over, for example those that a test has worked out by itself.</summary>
    /// <param name="captures">The results by the name of the capture, in any order.</param>
    public JobResults(IEnumerable<KeyValuePair<string, IEnumerable<string>>> captures)
    {
        ArgumentNullException.ThrowIfNull(captures);
        foreach (var (name, rows) in captures)
        {
            _captures[name] = [.. rows.Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>The names of the captures, in order.</summary>
    public IEnumerable<string> Names => _captures.Keys;

    /// <summary>The results of a capture; empty where there is none of that name.</summary>
    /// <param name="name">The name.</param>
    public IReadOnlyList<string> this[string name] => _captures.GetValueOrDefault(name) ?? [];

    /// <summary>How other results differ from these, for people; <see langword="null"/> where they are the same.</summary>
    /// <param name="actual">The others.</param>
    /// <param name="atLeastOnce">Whether it is well that there are more.</param>
    /// <returns>One line for each capture that differs.</returns>
    public string? DifferenceTo(JobResults actual, bool atLeastOnce = false)
    {
        ArgumentNullException.ThrowIfNull(actual);
        var text = new StringBuilder();
        foreach (string name in Names.Union(actual.Names))
        {
            var counts = Count(this[name], 1, []);
            Count(actual[name], -1, counts);
            var missing = counts.Where(pair => pair.Value > 0).ToList();
            var surplus = counts.Where(pair => pair.Value < 0).ToList();
            if (missing.Count > 0 || (surplus.Count > 0 && !atLeastOnce))
            {
                text.Append('\n').Append(name).Append(": ").Append(missing.Sum(pair => pair.Value)).Append(" of ").Append(this[name].Count).Append(" missing");
                Append(text, missing);
                text.Append(", ").Append(-surplus.Sum(pair => pair.Value)).Append(" too many");
                Append(text, surplus);
            }
        }

        return text.Length == 0 ? null : text.ToString(1, text.Length - 1);
    }

    private static Dictionary<string, int> Count(IEnumerable<string> rows, int by, Dictionary<string, int> counts)
    {
        foreach (string row in rows)
        {
            counts[row] = counts.GetValueOrDefault(row) + by;
        }

        return counts;
    }

    private static void Append(StringBuilder text, List<KeyValuePair<string, int>> rows)
    {
        if (rows.Count > 0)
        {
            text.Append(" (").AppendJoin("; ", rows.Take(3).Select(row => row.Key)).Append(rows.Count > 3 ? "; ..." : "").Append(')');
        }
    }
}
