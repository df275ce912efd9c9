using System.Globalization;
using FlightDelays.Records;
using Spectre.Console;

namespace FlightDelays.Terminal;

/// <summary>A bar chart of mean delays by hour of the day. Bars grow to the left where flights were early: Spectre's own bars know no negative values.</summary>
public sealed class DelayChart
{
    private const int Hours = 24;
    private const int LongestBar = 40;
    private const char Bar = '█';
    private readonly long[] _flights = new long[Hours];
    private readonly long[] _minutes = new long[Hours];

    /// <summary>Adds a flight to the hour for which it was scheduled.</summary>
    /// <param name="departure">When it really departed.</param>
    /// <param name="delay">Minutes late.</param>
    public void Add(DateTimeOffset departure, int delay)
    {
        int hour = departure.AddMinutes(-delay).Hour;
        _flights[hour]++;
        _minutes[hour] += delay;
    }

    /// <summary>Draws the chart; hours without flights are left out.</summary>
    /// <returns>The chart.</returns>
    public Table Draw()
    {
        double[] means = [.. Enumerable.Range(0, Hours).Select(hour => (double)_minutes[hour] / Math.Max(1, _flights[hour]))];
        double scale = LongestBar / Math.Max(1, means.Max() - Math.Min(0, means.Min()));
        int left = (int)Math.Ceiling(-Math.Min(0, means.Min()) * scale);
        var table = new Table().SimpleBorder().Title("Mean delay by scheduled hour of departure (UTC)");
        table.AddColumn("Hour").AddColumn("Flights", Right).AddColumn("Minutes", Right).AddColumn("Early ◄ ► late", column => column.NoWrap());
        for (int hour = 0; hour < Hours; hour++)
        {
            if (_flights[hour] > 0)
            {
                table.AddRow(Text($"{hour:00}:00"), Text($"{_flights[hour]:N0}"), Text($"{means[hour]:F1}"), BarOf(means[hour], scale, left));
            }
        }

        return table;
    }

    private static string BarOf(double mean, double scale, int left)
    {
        int length = (int)Math.Round(Math.Abs(mean) * scale);
        string bar = new(Bar, length);
        return mean < 0
            ? $"{new string(' ', left - length)}[green]{bar}[/]"
            : $"{new string(' ', left)}[{(mean > Flight.DelayedAfterMinutes ? "red" : "yellow")}]{bar}[/]";
    }

    private static void Right(TableColumn column) => column.RightAligned();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
