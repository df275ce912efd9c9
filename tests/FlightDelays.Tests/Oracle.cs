using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FlightDelays.Tests;

/// <summary>
/// The results, computed naively from the rows in the order of one file, without the engine. Each folder is the lines that it should hold, sorted.
/// </summary>
internal sealed class Oracle
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly (Row Row, DateTime Time, DateTime Watermark)[] _seen;

    public Oracle(IReadOnlyList<Row> rows, TimeSpan maxDisorder)
    {
        _seen = new (Row, DateTime, DateTime)[rows.Count];
        var watermark = DateTime.MinValue;
        for (int i = 0; i < rows.Count; i++)
        {
            var time = rows[i].Time;
            _seen[i] = (rows[i], time, watermark);
            var promised = time - maxDisorder - TimeSpan.FromMilliseconds(1);
            watermark = promised > watermark ? promised : watermark;
        }
    }

    public Dictionary<string, string[]> Folders => new()
    {
        ["hourly"] = Sorted(Windows(Hour, Hour)),
        ["daily"] = Sorted(Windows(Day, Hour)),
        ["worst"] = Sorted(Worst()),
        ["enriched"] = Sorted(Enriched()),
        ["unknown-airport"] = Sorted(_seen.Where(flight => !Airports.ContainsKey(flight.Row.Origin)).Select(flight => flight.Row.ToJson())),
        ["alerts"] = Sorted(Alerts()),
        ["late"] = Sorted(Late().Select(row => row.ToJson())),
    };

    public IEnumerable<Row> Late() => _seen.Where(flight => IsOver(Floor(flight.Time, Hour) + Hour, flight.Watermark)).Select(flight => flight.Row);

    private static Dictionary<string, string[]> Airports { get; } =
        File.ReadLines(Path.Combine(Row.DataFolder, "airports.csv")).Skip(1).Select(SplitCsv).ToDictionary(fields => fields[0]);

    private IEnumerable<object> Windows(TimeSpan size, TimeSpan slide) => Aggregates(size, slide)
        .Select(window => new
        {
            airport = window.Airport,
            windowStart = Iso(window.Start),
            windowEnd = Iso(window.Start + size),
            flights = window.Delays.Length,
            delayed = window.Delays.Count(delay => delay > 15),
            averageDelay = window.Delays.Average(),
        });

    // Every flight, once for each of its windows that was still open when it came.
    private IEnumerable<(string Airport, DateTime Start, int[] Delays)> Aggregates(TimeSpan size, TimeSpan slide) =>
        from flight in _seen
        from back in Enumerable.Range(0, (int)(size / slide))
        let start = Floor(flight.Time, slide) - (back * slide)
        where start + size > flight.Time && !IsOver(start + size, flight.Watermark)
        group flight.Row.Delay by (flight.Row.Origin, start) into window
        select (window.Key.Origin, window.Key.start, window.ToArray());

    private IEnumerable<object> Worst() =>
        from window in Aggregates(Day, Day)
        where window.Delays.Length >= 10
        group window by window.Start into day
        from ranked in day.OrderByDescending(window => window.Delays.Average()).ThenBy(window => window.Airport, StringComparer.Ordinal).Take(5).Index()
        select new
        {
            day = day.Key.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            rank = ranked.Index + 1,
            airport = ranked.Item.Airport,
            averageDelay = ranked.Item.Delays.Average(),
            flights = ranked.Item.Delays.Length,
        };

    private IEnumerable<object> Enriched() => _seen.Select(flight => flight.Row).Where(row => Airports.ContainsKey(row.Origin)).Select(row => new
    {
        date = row.Date,
        delay = row.Delay,
        distance = row.Distance,
        origin = row.Origin,
        destination = row.Destination,
        name = Airports[row.Origin][1],
        city = Airports[row.Origin][2],
        state = Airports[row.Origin][3],
    });

    private IEnumerable<object> Alerts()
    {
        foreach (var airport in _seen.Where(flight => flight.Time > flight.Watermark).GroupBy(flight => flight.Row.Origin))
        {
            var departures = airport
                .OrderBy(flight => flight.Time).ThenBy(flight => flight.Row.Destination, StringComparer.Ordinal).ThenBy(flight => flight.Row.Distance).ToArray();
            bool raised = false;
            for (int i = 0; i < departures.Length; i++)
            {
                raised &= departures[i].Row.Delay > 15;
                if (!raised && i >= 9 && departures[(i - 9)..(i + 1)].All(flight => flight.Row.Delay > 15))
                {
                    raised = true;
                    yield return new { airport = airport.Key, time = Iso(departures[i].Time), since = Iso(departures[i - 9].Time) };
                }
            }
        }
    }

    private static bool IsOver(DateTime windowEnd, DateTime watermark) => windowEnd - TimeSpan.FromMilliseconds(1) <= watermark;

    private static DateTime Floor(DateTime time, TimeSpan unit) => new(time.Ticks / unit.Ticks * unit.Ticks, DateTimeKind.Utc);

    private static string Iso(DateTime time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string[] Sorted(IEnumerable<object> records) => Sorted(records.Select(record => JsonSerializer.Serialize(record, Options)));

    private static string[] Sorted(IEnumerable<string> lines) => [.. lines.Order(StringComparer.Ordinal)];

    private static string[] SplitCsv(string line)
    {
        var fields = new List<string> { "" };
        bool quoted = false;
        foreach (char c in line)
        {
            if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                fields.Add("");
            }
            else
            {
                fields[^1] += c;
            }
        }

        return [.. fields];
    }
}
