using System.Globalization;
using FlightDelays.Records;
using Millrace;
using Spectre.Console;

namespace FlightDelays.Terminal;

/// <summary>What a user reads when the job has finished, put together from the results in the folders.</summary>
public static class Summary
{
    private const int AirportsShown = 8;

    /// <summary>Writes the summary.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="options">What the user chose.</param>
    /// <param name="result">How the job went.</param>
    public static void Write(IAnsiConsole console, FlightDelaysOptions options, JobResult result)
    {
        var results = new ResultFolders(options.Output);
        var hourly = results.Read<AirportDelays>("hourly").ToList();
        console.WriteLine();
        console.Write(Totals(hourly, results, result));
        console.Write(WorstAirports(results.Read<WorstAirport>("worst")));
        console.Write(DelayByHour(results));
        console.Write(Folders(options.Output, results));
    }

    private static Table Totals(List<AirportDelays> hourly, ResultFolders results, JobResult result)
    {
        // From the files and not from the metrics: what this run went on from has been read by an earlier one.
        long read = results.Count("enriched") + results.Count("unknown-airport");
        long counted = hourly.Sum(window => window.Flights);
        long delayed = hourly.Sum(window => window.Delayed);
        return NewTable("Totals", "", "")
            .AddRow("Flights read", Number(read))
            .AddRow("Counted in their hour", Number(counted))
            .AddRow("Late", Number(results.Count("late")))
            .AddRow($"Delayed by more than {Flight.DelayedAfterMinutes} minutes", Text($"{100.0 * delayed / Math.Max(1, counted):F1} %"))
            .AddRow("Mean delay", Text($"{Mean(hourly):F1} min"))
            .AddRow("Alerts", Number(results.Count("alerts")))
            .AddRow("Duration of the job", Text($"{result.Duration.TotalSeconds:F2} s"))
            .HideHeaders();
    }

    private static Table WorstAirports(IEnumerable<WorstAirport> worst)
    {
        var table = NewTable("Most often among the five worst airports of a day", "Airport", "Days", "as the worst", "Mean delay on them");
        var airports = worst
            .GroupBy(entry => entry.Airport)
            .OrderByDescending(days => days.Count())
            .ThenBy(days => days.Key, StringComparer.Ordinal)
            .Take(AirportsShown);
        foreach (var days in airports)
        {
            double mean = days.Sum(day => day.AverageDelay * day.Flights) / days.Sum(day => day.Flights);
            table.AddRow(days.Key, Number(days.Count()), Number(days.Count(day => day.Rank == 1)), Text($"{mean:F1} min"));
        }

        return table;
    }

    private static Table DelayByHour(ResultFolders results)
    {
        var chart = new DelayChart();
        foreach (var flight in results.Read<Flight>("enriched").Concat(results.Read<Flight>("unknown-airport")))
        {
            chart.Add(flight.Departure, flight.Delay);
        }

        return chart.Draw();
    }

    private static Table Folders(string output, ResultFolders results)
    {
        var table = NewTable("Results", "Rows", "Folder");
        foreach (string name in ResultFolders.Names)
        {
            table.AddRow(Number(results.Count(name)), Markup.Escape(Path.Combine(output, name)));
        }

        return table;
    }

    private static double Mean(IEnumerable<AirportDelays> windows)
    {
        double minutes = 0;
        long flights = 0;
        foreach (var window in windows)
        {
            minutes += window.AverageDelay * window.Flights;
            flights += window.Flights;
        }

        return minutes / Math.Max(1, flights);
    }

    private static Table NewTable(string title, params string[] columns) =>
        new Table().RoundedBorder().Title(Markup.Escape(title)).AddColumns(columns);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
