using System.Text;

namespace Millrace.Connectors;

/// <summary>Statements, put together from names.</summary>
internal static class SqlText
{
    /// <summary>A name as an identifier.</summary>
    internal static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A text as a literal. For statements that take no parameters.</summary>
    internal static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Names as identifiers, with commas between.</summary>
    internal static string List(IEnumerable<string> names) => string.Join(", ", names.Select(Quote));

    /// <summary>What an upsert says behind its rows.</summary>
    internal static string OnConflict(IReadOnlyList<string> columns, IReadOnlyList<string> key)
    {
        string[] others = [.. columns.Except(key)];
        var text = new StringBuilder($" on conflict ({List(key)}) do ");
        return others.Length == 0
            ? text.Append("nothing").ToString()
            : text.Append("update set ").AppendJoin(", ", others.Select(column => $"{Quote(column)} = excluded.{Quote(column)}")).ToString();
    }
}
