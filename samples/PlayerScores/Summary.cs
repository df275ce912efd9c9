using System.Globalization;
using Millrace;
using PlayerScores.Records;
using Spectre.Console;

namespace PlayerScores;

/// <summary>What a user reads when the job has finished, put together from the results in the folders.</summary>
public static class Summary
{
    private const int MinutesShown = 10;

    /// <summary>Writes the summary.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="results">The results.</param>
    /// <param name="job">How the job went.</param>
    public static void Write(IAnsiConsole console, ResultFolders results, JobResult job)
    {
        ArgumentNullException.ThrowIfNull(results);
        ArgumentNullException.ThrowIfNull(job);
        var boards = results.Read<Leaderboard>("leaderboards").ToList();
        var table = new Table().RoundedBorder().Title("Leaderboards before and after corrections (the first minutes)")
            .AddColumns("Minute", "When it was over", "In the end", "Early", "Corrections");
        foreach (var minute in boards.GroupBy(board => board.Minute).OrderBy(minute => minute.Key).Take(MinutesShown))
        {
            table.AddRow(
                minute.Key.ToString("HH:mm", CultureInfo.InvariantCulture),
                Best(minute.FirstOrDefault(board => board.Kind == BoardKind.OnTime)),
                Best(minute.MaxBy(board => board.Revision)),
                Number(minute.Count(board => board.Kind == BoardKind.Early)),
                Number(minute.Count(board => board.Kind == BoardKind.Correction)));
        }

        long counted = boards.GroupBy(board => board.Minute).Sum(minute => (long)minute.MaxBy(board => board.Revision)!.Scores);
        console.Write(table);
        console.Write(new Table().RoundedBorder().Title("Totals").AddColumns("", "").HideHeaders()
            .AddRow("Scores counted in their minute", Number(counted))
            .AddRow("Scores that came too late", Number(results.Count("too-late")))
            .AddRow("Early leaderboards", Number(boards.Count(board => board.Kind == BoardKind.Early)))
            .AddRow("Leaderboards on time", Number(boards.Count(board => board.Kind == BoardKind.OnTime)))
            .AddRow("Corrections", Number(boards.Count(board => board.Kind == BoardKind.Correction)))
            .AddRow("Duration of the job", string.Create(CultureInfo.InvariantCulture, $"{job.Duration.TotalSeconds:F2} s")));
        console.Write(results.Describe());
    }

    private static string Best(Leaderboard? board) => board is null ? "-" : Markup.Escape($"{board.Top[0].Player} {board.Top[0].Points}");

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
