using System.Globalization;
using Millrace;
using Spectre.Console;
using TaxiRides.Records;

namespace TaxiRides;

/// <summary>What a user reads when the job has finished, put together from the results in the folders.</summary>
public static class Summary
{
    private const int AlertsShown = 5;

    /// <summary>Writes the summary.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="results">The results.</param>
    /// <param name="job">How the job went.</param>
    public static void Write(IAnsiConsole console, ResultFolders results, JobResult job)
    {
        ArgumentNullException.ThrowIfNull(results);
        ArgumentNullException.ThrowIfNull(job);
        var drivers = new Table().RoundedBorder().Title("Drivers of the hour").AddColumns("Hour", "Driver", "Tips", "Rides");
        foreach (var best in results.Read<HourlyTips>("drivers-of-the-hour").OrderBy(best => best.Hour))
        {
            drivers.AddRow(Time(best.Hour), $"{best.DriverId}", Text($"${best.Tips:F2}"), $"{best.Rides}");
        }

        var alerts = new Table().RoundedBorder().Title("Rides longer than two hours (the first)").AddColumns("Started", "Ride", "Taxi", "Driver");
        foreach (var ride in results.Read<LongRide>("long-rides").OrderBy(ride => ride.Started).ThenBy(ride => ride.RideId).Take(AlertsShown))
        {
            alerts.AddRow(Time(ride.Started), $"{ride.RideId}", $"{ride.TaxiId}", $"{ride.DriverId}");
        }

        console.Write(drivers);
        console.Write(alerts);
        console.Write(results.Describe());
        console.WriteLine(Text($"{job.Metrics.RecordsRead:N0} events in {job.Duration.TotalSeconds:F2} s"));
    }

    private static string Time(DateTime time) => time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
