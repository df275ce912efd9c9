using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Millrace.StateProcessing;

namespace Millrace.Checkpointing.Upgrades;

/// <summary>Writes a report for people: a summary, a table of operators with their states, and what there is to do.</summary>
internal static partial class ReportTable
{
    private static readonly string[] Header = ["", "Operator, state", "Kind", "What is to be known"];

    public static string Write(UpgradeReport report)
    {
        var text = new StringBuilder();
        text.AppendLine(Summary(report)).AppendLine();
        var rows = new List<string[]>();
        foreach (var op in report.Operators)
        {
            rows.Add([op.Status.Name(), op.Name == op.Uid ? op.Name : $"{op.Name} ({op.Uid})", "", op.Reason]);
            rows.AddRange(op.States.Select(state => (string[])[state.Status.Name(), $"  {state.Name}", KindOf(state.Kind), state.Reason]));
        }

        rows.AddRange(report.Connections.Select(connection => (string[])[connection.Status.Name(), $"{connection.From} → {connection.To}", "in flight", connection.Reason]));
        WriteTable(text, rows);
        WriteList(text, "It cannot be started from it:", report.Problems);
        WriteList(text, "Notes:", report.Notes);
        return text.ToString().ReplaceLineEndings("\n").TrimEnd('\n');
    }

    private static string Summary(UpgradeReport report)
    {
        if (report.Path is null)
        {
            return $"Job '{report.JobName}' has nothing to go on from: it begins anew.";
        }

        string kind = report.IsSavepoint ? "savepoint" : "checkpoint";
        string when = report.Timestamp is { } timestamp ? $", {timestamp.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)}" : "";
        string verdict = !report.IsRestorable ? "NOT restorable" : report.IsComplete ? "restorable" : "restorable as far as it could be checked";
        return $"Job '{report.JobName}' from {kind} {report.CheckpointId} ({report.Path}{when}): {verdict}";
    }

    private static void WriteTable(StringBuilder text, List<string[]> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        int[] widths = [.. Enumerable.Range(0, Header.Length - 1).Select(column => Math.Max(Header[column].Length, rows.Max(row => row[column].Length)))];
        WriteRow(text, Header, widths);
        WriteRow(text, [.. widths.Select(width => new string('-', width)), new string('-', Header[^1].Length)], widths);
        rows.ForEach(row => WriteRow(text, row, widths));
    }

    private static void WriteRow(StringBuilder text, string[] row, int[] widths)
    {
        var line = new StringBuilder();
        for (int column = 0; column < widths.Length; column++)
        {
            line.Append(row[column].PadRight(widths[column])).Append("  ");
        }

        text.AppendLine(line.Append(LineEnds().Replace(row[^1], " ")).ToString().TrimEnd());
    }

    private static void WriteList(StringBuilder text, string title, IReadOnlyList<string> items)
    {
        if (items.Count == 0)
        {
            return;
        }

        text.AppendLine().AppendLine(title);
        foreach (string item in items)
        {
            text.Append("- ").AppendLine(LineEnds().Replace(item, " "));
        }
    }

    private static string Name(this UpgradeStatus status) => status switch
    {
        UpgradeStatus.Compatible => "compatible",
        UpgradeStatus.Migrates => "migrates",
        UpgradeStatus.New => "new",
        UpgradeStatus.Kept => "kept",
        UpgradeStatus.NotChecked => "not checked",
        UpgradeStatus.Dropped => "DROPPED",
        _ => "INCOMPATIBLE",
    };

    private static string KindOf(SavepointStateKind kind) => kind switch
    {
        SavepointStateKind.Value => "value",
        SavepointStateKind.List => "list",
        SavepointStateKind.Map => "map",
        SavepointStateKind.Timers => "timers",
        SavepointStateKind.KeyGroupValue => "per key group",
        SavepointStateKind.OperatorUnionList => "union list",
        SavepointStateKind.OperatorBroadcast => "broadcast",
        SavepointStateKind.Enumerator => "enumerator",
        _ => "operator list",
    };

    [GeneratedRegex(@"\s*\r?\n\s*")]
    private static partial Regex LineEnds();
}
